import type { Duplex } from 'node:stream';
import { encodeFrame, PreparedMessage, Resources } from '../../protocol/index.ts';
import type { Socket } from '../socket/socket.ts';
import type { OnSent } from '../socket/departures.ts';
import { toBuffer } from './data.ts';

/** What `Sender.frame` takes. A mask is always a fresh one. */
export interface FrameOptions {
  opcode: number;
  fin?: boolean | undefined;
  mask?: boolean | undefined;
  readOnly?: boolean | undefined;
  rsv1?: boolean | undefined;
}

const FIN = 128;
const TEXT = 1;
const BINARY = 2;

/** The messages that whole, uncompressed frames were made of, so that connections can send those. */
const messages = new WeakMap<object, PreparedMessage>();
const resources = new Resources();

/** Sends frames that were encoded before: one for many connections, as Socket.IO does it. */
export class Sender {
  readonly #stream: Duplex;
  readonly #socket: Socket<any>;

  /** @internal Connections have theirs. */
  constructor(stream: Duplex, socket: Socket<any>) {
    this.#stream = stream;
    this.#socket = socket;
  }

  /** Encodes a frame (RFC 6455 §5.2). The data must not change as long as the frame is in use. */
  static frame(data: string | Uint8Array, options: FrameOptions): Buffer[] {
    const { opcode, fin = false, rsv1 = false, mask = false } = options;
    const payload = toBuffer(data);
    const message = fin && !rsv1 ? messageOf(opcode, payload) : undefined;
    const frame = message === undefined || mask ? encodeFrame(opcode, payload, { fin, rsv1, mask }) : message.frame;
    const list = [toBuffer(frame)];
    if (message !== undefined) messages.set(list, message);
    return list;
  }

  /** Sends what `frame` made, or that of `ws`. */
  sendFrame(list: readonly Uint8Array[], callback?: OnSent): void {
    const message = messages.get(list) ?? recognize(list);
    if (message !== undefined) {
      this.#socket.sendPrepared(message, { compress: false, onSent: callback });
      return;
    }
    this.#socket.flush();
    const last = list.length - 1;
    this.#stream.cork();
    list.forEach((chunk, i) => this.#stream.write(chunk, i === last ? (callback as () => void) : undefined));
    this.#stream.uncork();
  }
}

/** The message that a list is the whole, uncompressed and unmasked frame of, if it is one: others encode them too. */
function recognize(list: readonly Uint8Array[]): PreparedMessage | undefined {
  if (list.length !== 2) return undefined;
  const [header, payload] = list;
  const message = messageOf(header[0] - FIN, payload);
  // There is but one header that a frame of this message can have.
  if (message === undefined || !toBuffer(message.frame.subarray(0, -payload.length || undefined)).equals(header)) {
    return undefined;
  }
  messages.set(list, message);
  return message;
}

function messageOf(opcode: number, payload: Uint8Array): PreparedMessage | undefined {
  if (opcode !== TEXT && opcode !== BINARY) return undefined;
  try {
    return new PreparedMessage(payload, resources, opcode === TEXT);
  } catch {
    return undefined; // no UTF-8: a frame all the same, for those who try others out
  }
}
