/**
 * What a peer that forgives nothing makes of a connection's output: every MUST of RFC 6455 §5 and RFC 7692 §6 about
 * what may be sent, in one pass over all of it, without any of the core's code.
 */
import * as zlib from 'node:zlib';

export interface Sent {
  /** Whole messages, in order. */
  readonly messages: (string | Uint8Array)[];
  readonly pings: number;
  /** The Close frame's code (1005 without a body), once there was one. */
  readonly close: number | undefined;
  /** Whether the output stops between messages. */
  readonly isWhole: boolean;
}

export interface StrictOptions {
  readonly role: 'client' | 'server';
  /** Whether permessage-deflate was agreed on, with context takeover and a window of 15 bits. */
  readonly deflate?: boolean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/** Throws for the first thing that may not be sent. */
export function decodeStrictly(bytes: Uint8Array, options: StrictOptions): Sent {
  const messages: (string | Uint8Array)[] = [];
  let pings = 0;
  let close: number | undefined;
  let type = 0;
  let compressed = false;
  let parts: Uint8Array[] = [];
  let window: Uint8Array = new Uint8Array(0);
  let at = 0;
  const fail = (text: string): never => {
    throw new Error(`the ${options.role} sent ${text}, before byte ${at} of ${Buffer.from(bytes).toString('hex')}`);
  };
  while (at < bytes.length) {
    if (close !== undefined) fail('something after its Close frame');
    if (bytes.length - at < 2) fail('half a header');
    const [first, second] = [bytes[at], bytes[at + 1]];
    at += 2;
    const opcode = first & 0x0f;
    const fin = (first & 0x80) !== 0;
    const rsv1 = (first & 0x40) !== 0;
    if ((first & 0x30) !== 0) fail('RSV2 or RSV3');
    if (![0, 1, 2, 8, 9, 10].includes(opcode)) fail('a reserved opcode');
    if (rsv1 && (options.deflate !== true || opcode === 0 || opcode >= 8)) fail('RSV1 where it may not stand');
    let length = second & 0x7f;
    if (opcode >= 8 && (length > 125 || !fin)) fail('a control frame that is long or fragmented');
    if (length >= 126) {
      const count = length === 126 ? 2 : 8;
      if (bytes.length - at < count) fail('half a length');
      length = bytes.subarray(at, at + count).reduce((sum, byte) => sum * 256 + byte, 0);
      at += count;
      if (length < (count === 2 ? 126 : 65536) || length > Number.MAX_SAFE_INTEGER) fail('a length in a wrong form');
    }
    const masked = (second & 0x80) !== 0;
    if (masked !== (options.role === 'client')) fail('a frame that is masked the wrong way');
    const key = bytes.subarray(at, at + (masked ? 4 : 0));
    at += key.length;
    if (bytes.length - at < length) fail('half a frame');
    const payload = bytes.slice(at, at + length);
    if (masked) for (let i = 0; i < length; i++) payload[i] ^= key[i % 4];
    at += length;
    if (opcode === 9) pings++;
    if (opcode === 8) {
      if (length === 1) fail('a Close frame of one byte');
      close = length === 0 ? 1005 : payload[0] * 256 + payload[1];
      const mayBeSent =
        (close >= 1000 && close <= 1014 && ![1004, 1006].includes(close)) || (close >= 3000 && close < 5000);
      if (!mayBeSent || (close === 1005 && length > 0)) fail(`Close(${close})`);
      utf8.decode(payload.subarray(2));
    }
    if (opcode >= 8) continue;
    if ((opcode === 0) !== (type !== 0)) fail(opcode === 0 ? 'a continuation of nothing' : 'a message in a message');
    if (opcode !== 0) [type, compressed, parts] = [opcode, rsv1, []];
    parts.push(payload);
    if (!fin) continue;
    let message: Uint8Array = Buffer.concat(parts);
    if (compressed) {
      const dictionary = window.length > 0 ? Buffer.from(window) : undefined;
      const finishFlush = zlib.constants.Z_SYNC_FLUSH;
      message = zlib.inflateRawSync(Buffer.concat([message, TAIL]), { dictionary, finishFlush });
      window = Buffer.concat([window, message]).subarray(-32768);
    }
    messages.push(type === 1 ? utf8.decode(message) : new Uint8Array(message));
    type = 0;
  }
  return { messages, pings, close, isWhole: type === 0 };
}
