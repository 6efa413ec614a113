import { createHash, randomBytes } from 'node:crypto';

/**
 * The suite's own opening handshake (RFC 6455 §4): as much as it takes to open a connection for a case, and to notice
 * that the peer can't.
 */
export interface ExtensionElement {
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[];
}

/** The head of a request or a response, and what follows it. */
export interface Head {
  /** As it came. */
  readonly text: string;
  readonly startLine: string;
  /** By lower-case name; repeated fields are joined. */
  readonly fields: ReadonlyMap<string, string>;
  readonly rest: Uint8Array;
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MAX_HEAD = 64 * 1024;

export const SOFTWARE = 'sansocket-autobahn/25.10.1';

/** Takes the head off the front of these bytes; undefined while it isn't whole. Throws when it is too large. */
export function takeHead(bytes: Uint8Array): Head | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = buffer.indexOf('\r\n\r\n');
  if (end < 0) {
    if (bytes.length > MAX_HEAD) throw new Error('the head is too large');
    return undefined;
  }
  const [startLine = '', ...lines] = buffer.toString('latin1', 0, end).split('\r\n');
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error('not a header field');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { text: buffer.toString('latin1', 0, end + 4), startLine, fields, rest: bytes.subarray(end + 4) };
}

export interface ClientRequest {
  readonly text: string;
  readonly key: string;
}

/** The client's opening request. `extensions` is left out where it is empty. */
export function clientRequest(host: string, resource: string, extensions: string): ClientRequest {
  const key = randomBytes(16).toString('base64');
  const text = formatHead(`GET ${resource} HTTP/1.1`, [
    ['User-Agent', SOFTWARE],
    ['Host', host],
    ['Upgrade', 'WebSocket'], // §4.2.1: compared without regard to case
    ['Connection', 'Upgrade'],
    ['Pragma', 'no-cache'],
    ['Cache-Control', 'no-cache'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Extensions', extensions],
  ]);
  return { text, key };
}

/** What is wrong with a server's response, or undefined (§4.1). */
export function faultOfResponse(head: Head, key: string): string | undefined {
  if (!/^HTTP\/1\.1 101(?: |$)/.test(head.startLine)) return `not a 101: ${head.startLine.slice(0, 80)}`;
  if (head.fields.get('upgrade')?.toLowerCase() !== 'websocket') return 'no Upgrade: websocket';
  if (!hasToken(head.fields.get('connection'), 'upgrade')) return 'no Connection: Upgrade';
  if (head.fields.get('sec-websocket-accept') !== acceptOf(key)) return 'a wrong Sec-WebSocket-Accept';
  return undefined;
}

/** What is wrong with a client's request, or undefined (§4.2.1). */
export function faultOfRequest(head: Head): string | undefined {
  if (!/^GET \S+ HTTP\/1\.1$/.test(head.startLine)) return 'not a GET';
  if (!head.fields.has('host')) return 'no Host';
  if (!hasToken(head.fields.get('upgrade'), 'websocket')) return 'no Upgrade: websocket';
  if (!hasToken(head.fields.get('connection'), 'upgrade')) return 'no Connection: Upgrade';
  if (head.fields.get('sec-websocket-version') !== '13') return 'no Sec-WebSocket-Version: 13';
  if (!/^[+/0-9A-Za-z]{22}==$/.test(head.fields.get('sec-websocket-key') ?? '')) return 'no Sec-WebSocket-Key';
  return undefined;
}

/** The 101 for a valid request. `extensions` is left out where it is empty. */
export function serverResponse(head: Head, extensions: string): string {
  return formatHead('HTTP/1.1 101 Switching Protocols', [
    ['Server', SOFTWARE],
    ['Upgrade', 'WebSocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', acceptOf(head.fields.get('sec-websocket-key')!)],
    ['Sec-WebSocket-Extensions', extensions],
  ]);
}

/** Any other response, after which the connection ends. */
export function plainResponse(status: string, type: string, body: string): string {
  const head = formatHead(`HTTP/1.1 ${status}`, [
    ['Server', SOFTWARE],
    ['Content-Type', type],
    ['Content-Length', String(Buffer.byteLength(body))],
    ['Connection', 'close'],
  ]);
  return head + body;
}

/** The elements of Sec-WebSocket-Extensions (§9.1). */
export function parseExtensions(field: string | undefined): ExtensionElement[] {
  return (field ?? '')
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
    .map((element) => {
      const [name = '', ...parameters] = element.split(';').map((part) => part.trim());
      return {
        name,
        parameters: parameters.map((parameter) => {
          const [key = '', value] = parameter.split('=').map((part) => part.trim());
          return [key, value?.replace(/^"(.*)"$/, '$1')] as const;
        }),
      };
    });
}

function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

function hasToken(field: string | undefined, token: string): boolean {
  return (field ?? '').split(',').some((part) => part.trim().toLowerCase() === token);
}

function formatHead(startLine: string, fields: readonly (readonly [string, string])[]): string {
  const lines = fields.filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${value}`);
  return [startLine, ...lines, '', ''].join('\r\n');
}
