import type { FaultKind } from '../errors.ts';

/** Where assembled messages go. Bytes are lent until the method returns, unless `owned`. */
export interface MessageSink {
  onText(text: string): void;
  /** TEXT as the bytes that it came in, which are UTF-8. */
  onTextBytes(bytes: Uint8Array, owned: boolean): void;
  onBinary(bytes: Uint8Array, owned: boolean): void;
  onMessageStart(binary: boolean): void;
  onMessageChunk(chunk: string | Uint8Array, owned: boolean): void;
  onMessageEnd(): void;
}

/** Whom messages are assembled for. */
export interface MessageOwner {
  /** Whether no further message is wanted for now, and no more of one that is streamed. */
  readonly isPaused: boolean;
  /** So much work has been done for it, in bytes that were inflated or what takes as long. */
  spend(cost: number): void;
}

/** What a frame costs, whatever is in it. */
export const FRAME_COST = 512;
/** What a compressed message costs, or a piece of one that is streamed, before a byte of it is inflated. */
export const INFLATE_COST = 1024;

/** What inflates compressed messages, where an extension was agreed on that compresses them. */
export interface MessageInflater {
  /**
   * Inflates the next part of a compressed message's payload; `fin` says that it is the last. At most `maxLength` bytes,
   * lent until anything else is inflated or deflated, or the close code to fail with.
   */
  decompressPart(part: Uint8Array, fin: boolean, maxLength: number): Uint8Array | 1007 | 1009;
  /** Whether what does not inflate may refer to earlier messages, which it must not. */
  readonly mayLackContext: boolean;
  /** The codec's own error behind such a code, where it has one. */
  readonly cause: unknown;
}

/** Who hears of faults. */
export interface FaultTarget {
  /** The message breaks a rule or a limit: the close code to fail with, and why. `cause` is the inflater's own error. */
  onMessageFault(code: number, reason: string, kind: FaultKind, found?: number, cause?: unknown): void;
}

export interface MessageLimits {
  /** The largest message in bytes, before and after inflating. One that is streamed has no limit. */
  readonly maxMessageSize: number;
  readonly maxFragments: number;
}

/** Whom an assembler works for, and how. */
export interface AssemblerOptions {
  owner: MessageOwner;
  sink: MessageSink;
  limits: MessageLimits;
  inflater: MessageInflater | undefined;
  /** Whether TEXT goes out as bytes. */
  textAsBytes: boolean;
}
