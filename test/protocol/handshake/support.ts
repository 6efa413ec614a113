import type { ExtensionElement, ExtensionNegotiator } from '../../../protocol/handshake/types.ts';

/** The key of RFC 6455 §1.3, and what answers it. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** Fields by name: a string in place of a default's, an array for a repeated field, undefined for none. */
export type Fields = Record<string, string | readonly string[] | undefined>;

const REQUEST_FIELDS: Fields = {
  Host: 'example.com',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': KEY,
  'Sec-WebSocket-Version': '13',
};

const RESPONSE_FIELDS: Fields = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Accept': ACCEPT,
};

/** An opening handshake that is valid but for what is changed. */
export function request(fields: Fields = {}, line = 'GET /chat HTTP/1.1'): string {
  return head(line, { ...REQUEST_FIELDS, ...fields });
}

/** A 101 that is valid but for what is changed. */
export function response(fields: Fields = {}, line = 'HTTP/1.1 101 Switching Protocols'): string {
  return head(line, { ...RESPONSE_FIELDS, ...fields });
}

/** Names and values in turn, as another parser would give those of `request(fields)`. */
export function rawHeaders(fields: Fields = {}): string[] {
  return lines({ ...REQUEST_FIELDS, ...fields }).flat();
}

/** Each code unit as one byte. */
export function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** Each byte as one code unit. */
export function text(latin1: Uint8Array): string {
  return Buffer.from(latin1.buffer, latin1.byteOffset, latin1.length).toString('latin1');
}

/** The ways to cut a wire: whole, byte by byte, and at every split point. */
export function cuts(wire: Uint8Array): Uint8Array[][] {
  const ways = [[wire], Array.from(wire, (byte) => Uint8Array.of(byte))];
  for (let at = 1; at < wire.length; at++) ways.push([wire.slice(0, at), wire.slice(at)]);
  return ways;
}

/** A response's status, fields by lower-case name (repeated ones joined) and body. */
export function parseResponse(answer: string | Uint8Array): {
  status: number;
  headers: Record<string, string>;
  body: string;
} {
  const [top, ...rest] = (typeof answer === 'string' ? answer : text(answer)).split('\r\n\r\n');
  const [line, ...fieldLines] = top.split('\r\n');
  const headers: Record<string, string> = {};
  for (const one of fieldLines) {
    const [, name, value] = /^([^:\s]+): (.*)$/.exec(one)!;
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  return { status: Number(/^HTTP\/1\.[01] (\d{3}) /.exec(line)![1]), headers, body: rest.join('\r\n\r\n') };
}

/** An extension that notes what it is asked. */
export class FakeExtension implements ExtensionNegotiator {
  readonly name = 'x-fake';
  offers: readonly ExtensionElement[] = [];
  answers: ExtensionElement[] = [];
  readonly reply: string | undefined;
  readonly problem: string | undefined;
  readonly offered: string;

  constructor({ reply, problem, offered = 'x-fake; level=3' }: Partial<FakeExtension> = {}) {
    this.reply = reply;
    this.problem = problem;
    this.offered = offered;
  }

  offer(): string {
    return this.offered;
  }

  accept(offers: readonly ExtensionElement[]): string | undefined {
    this.offers = offers;
    return this.reply;
  }

  confirm(answer: ExtensionElement): string | undefined {
    this.answers.push(answer);
    return this.problem;
  }
}

function head(line: string, fields: Fields): string {
  return [line, ...lines(fields).map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
}

function lines(fields: Fields): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const values = value === undefined ? [] : typeof value === 'string' ? [value] : value;
    return values.map((one): [string, string] => [name, one]);
  });
}
