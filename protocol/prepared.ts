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
  /** The frame that a server sends. */
  readonly frame: Uint8Array;
  /** Compressed frames, by what they were compressed for. */
  readonly #deflated: Map<string, Uint8Array>;

  /** Throws a TypeError for what is no message. */
  constructor(data: string | BytesLike, workspace: Workspace = new Workspace()) {
    this.opcode = typeof data === 'string' ? TEXT : BINARY;
    this.payload = typeof data === 'string' ? encode(data, workspace) : toBytes(data);
    this.frame = makeFrame(this.opcode, this.payload, false);
    this.#deflated = new Map();
  }

  /** The frame of this message compressed in a context of its own, such as this connection may send. */
  deflatedFrame(deflate: PermessageDeflate): Uint8Array {
    const { windowBits, level, memLevel } = deflate.params;
    const key = `${windowBits} ${level} ${memLevel}`;
    let frame = this.#deflated.get(key);
    if (frame === undefined) {
      frame = makeFrame(this.opcode, deflate.compressAlone(this.payload), true);
      this.#deflated.set(key, frame);
    }
    return frame;
  }
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
