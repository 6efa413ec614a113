/** Frames of HTTP/2 as RFC 9113 §4.1 draws them, written and read without node:http2: many in one write, right or wrong. */
import { Buffer } from 'node:buffer';

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const GOAWAY = 7;

export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;

export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** The bytes of a frame. */
export function frame(type: number, flags: number, id: number, payload: string | Uint8Array = ''): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, bytes]);
}

/** The preface, and settings of which none is said. */
export const BEGINNING = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0)]);

/** HEADERS that open a stream, or answer it: each field as a literal without indexing, RFC 7541 §6.2.2. */
export function headers(id: number, fields: readonly (readonly [string, string])[], flags = END_HEADERS): Buffer {
  return frame(
    HEADERS,
    flags,
    id,
    Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)])),
  );
}

/** HEADERS of an extended CONNECT for a WebSocket, RFC 8441 §5. */
export function extendedConnect(id: number, path = '/', more: readonly (readonly [string, string])[] = []): Buffer {
  return headers(id, [
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'localhost'],
    ['sec-websocket-version', '13'],
    ...more,
  ]);
}

/** RST_STREAM with an error code. */
export function reset(id: number, code: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame(RST_STREAM, 0, id, payload);
}

/** The whole frames at the start of what has come. */
export function framesIn(bytes: Buffer): Http2Frame[] {
  const frames: Http2Frame[] = [];
  for (let i = 0; i + 9 <= bytes.length;) {
    const end = i + 9 + bytes.readUIntBE(i, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes[i + 3],
      flags: bytes[i + 4],
      id: bytes.readUInt32BE(i + 5),
      payload: bytes.subarray(i + 9, end),
    });
    i = end;
  }
  return frames;
}

/** A string of HPACK, without Huffman's code. RFC 7541 §5.2 */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const length: number[] = [];
  let rest = bytes.length - 127;
  if (rest < 0) length.push(bytes.length);
  else {
    length.push(127);
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
