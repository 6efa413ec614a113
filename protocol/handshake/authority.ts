import { CLASSES, consistsOf, DIGIT } from './grammar.ts';

/** Where a server is: RFC 3986 §3.2 without user info. */
export interface Authority {
  /** A name, an IPv4 address, or an IPv6 address in its brackets; in lower case. */
  readonly host: string;
  /** 0–65535, or undefined when none is given. */
  readonly port: number | undefined;
}

const COLON = 0x3a;

/** What a registered name consists of, RFC 3986 §3.2.2, percent-encoding excepted: no resolver takes it. */
const NAME_CHARS = buildNameChars();

/** Reads `host [":" port]`, the form of the Host field too (RFC 9110 §7.2). Undefined when it is not valid. */
export function parseAuthority(text: string): Authority | undefined {
  const hostEnd = text.charCodeAt(0) === 0x5b ? text.indexOf(']') + 1 : nameEnd(text);
  if (hostEnd === 0) return undefined;
  const host = text.slice(0, hostEnd).toLowerCase();
  if (host.charCodeAt(0) === 0x5b && !isIpv6(host.slice(1, -1))) return undefined;
  if (hostEnd === text.length) return { host, port: undefined };
  if (text.charCodeAt(hostEnd) !== COLON) return undefined;
  const digits = text.slice(hostEnd + 1);
  if (digits === '') return { host, port: undefined };
  if (!consistsOf(digits, DIGIT)) return undefined;
  const port = Number(digits);
  return port <= 65_535 ? { host, port } : undefined;
}

/** Whether the text is an IPv6 address, RFC 4291 §2.2, without a zone. */
export function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (let i = 0; i < halves.length; i++) {
    if (halves[i] === '') {
      if (halves.length === 1) return false;
      continue;
    }
    const parts = halves[i].split(':');
    for (let j = 0; j < parts.length; j++) {
      if (isHexGroup(parts[j])) {
        groups++;
      } else if (i === halves.length - 1 && j === parts.length - 1 && isIpv4(parts[j])) {
        groups += 2;
      } else {
        return false;
      }
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}

function isHexGroup(text: string): boolean {
  return /^[0-9A-Fa-f]{1,4}$/.test(text);
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256);
}

/** Where the name ends that the text begins with: 0 when there is none. */
function nameEnd(text: string): number {
  let at = 0;
  while (NAME_CHARS[text.charCodeAt(at)] === 1) at++;
  return at;
}

function buildNameChars(): Uint8Array {
  const chars = new Uint8Array(CLASSES.length);
  const all = "-._~!$&'()*+,;=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (let i = 0; i < all.length; i++) chars[all.charCodeAt(i)] = 1;
  return chars;
}
