import { type BytesLike, toBytes } from './data.ts';
import { FrameEncoder } from './framing/encoder.ts';
import { BINARY, TEXT } from './framing/opcodes.ts';
import { Outbox } from './outbox.ts';
import type { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import { Workspace } from './workspace.ts';

/**
 * A message that is encoded once for many connections: its frame without a mask, and, once a connection wants it, the
 * compressed one. Give it to `Connection.sendPrepared` of each. The bytes must not change as long as it is in use.
 */
export class PreparedMessage {
  /** TEXT or BINARY. */
  readonly opcode: number;
  /** The payload, in UTF-8 when it is TEXT. */
  readonly payload: Uint8Array;
  /** The frame that a server sends uncompressed, once one has. */
  #frame: Uint8Array | undefined;
  /** What it is compressed, by what it was compressed for. */
  readonly #deflated: Map<string, Deflated>;
  /** Who waits for that, likewise. */
  readonly #coming: Map<string, (() => void)[]>;

  /** Throws a TypeError for what is no message. */
  constructor(data: string | BytesLike, workspace: Workspace = new Workspace()) {
    this.opcode = typeof data === 'string' ? TEXT : BINARY;
    this.payload = typeof data === 'string' ? encode(data, workspace) : toBytes(data);
    this.#frame = undefined;
    this.#deflated = new Map();
    this.#coming = new Map();
  }

  /** The frame that a server sends. */
  get frame(): Uint8Array {
    return (this.#frame ??= makeFrame(this.opcode, this.payload, false));
  }

  /** @internal The frame of this message compressed in a context of its own, such as this connection may send. */
  deflatedFrame(deflate: PermessageDeflate): Uint8Array {
    const key = keyOf(deflate);
    return (this.#deflated.get(key) ?? this.#keep(key, deflate.compressAlone(this.payload))).frame;
  }

  /** @internal The payload of that frame, if it was compressed already. */
  deflatedPayload(deflate: PermessageDeflate): Uint8Array | undefined {
    return this.#deflated.get(keyOf(deflate))?.payload;
  }

  /**
   * @internal Compresses it off the thread for connections such as this one, once for all that ask. Returns false when it is done
   * already; otherwise `done` is called later, once, whether it went well or not.
   */
  deflateLater(deflate: PermessageDeflate, done: () => void): boolean {
    const key = keyOf(deflate);
    if (this.#deflated.has(key)) return false;
    const others = this.#coming.get(key);
    if (others !== undefined) {
      others.push(done);
      return true;
    }
    const waiting = [done];
    this.#coming.set(key, waiting);
    deflate.compressLater(this.payload, (payload) => {
      this.#coming.delete(key);
      if (payload !== undefined) this.#keep(key, payload);
      for (const one of waiting) one();
    });
    return true;
  }

  #keep(key: string, payload: Uint8Array): Deflated {
    const frame = makeFrame(this.opcode, payload, true);
    const deflated = { frame, payload: frame.subarray(frame.length - payload.length) };
    this.#deflated.set(key, deflated);
    return deflated;
  }
}

/** A compressed payload, in the frame that a server sends it in. */
interface Deflated {
  readonly frame: Uint8Array;
  readonly payload: Uint8Array;
}

/** Connections with the same key compress alike, and may look back equally far. */
function keyOf(deflate: PermessageDeflate): string {
  const { windowBits, level, memLevel } = deflate.params;
  return `${windowBits} ${level} ${memLevel}`;
}

function encode(text: string, workspace: Workspace): Uint8Array {
  const bytes = workspace.allocate(workspace.text.byteLength(text));
  workspace.text.encode(text, bytes, 0);
  return bytes;
}

/** One unmasked frame, in memory of its own. */
function makeFrame(opcode: number, payload: Uint8Array, rsv1: boolean): Uint8Array {
  const workspace = new Workspace({ slabSize: 0 });
  const outbox = new Outbox(workspace);
  new FrameEncoder(workspace, false).bytes(outbox, opcode, payload, true, rsv1);
  const size = outbox.size;
  const frame = new Uint8Array(size);
  let at = 0;
  for (const chunk of outbox.take()) {
    frame.set(chunk, at);
    at += chunk.length;
  }
  return frame;
}
