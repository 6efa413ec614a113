import type { Sending } from './wire-log.ts';
import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT } from './frames.ts';

/**
 * A case: what is sent, what has to come back, and how the connection has to end. Data, but for the payloads, which are
 * made when the case runs.
 */
export interface Case {
  /** Its number in Autobahn Testsuite 25.10.1, such as '7.1.6'. */
  readonly id: string;
  readonly description: string;
  readonly expectation: string;
  readonly conduct: Conduct;
  readonly closing: ExpectedClosing;
  /** Nothing is right or wrong here: the verdicts are INFORMATIONAL, `result` is the finding by behaviour. */
  readonly informational?: { readonly ok: string; readonly nonStrict: string; readonly failed: string };
  /** A wrong close code fails the behaviour too: the code is what the case is about. */
  readonly codeMatters?: boolean;
  /** What is offered and accepted of permessage-deflate; without it there is no compression. */
  readonly deflate?: DeflateTerms;
  /** How many frames of which opcode the suite itself must have sent. */
  readonly framesSent?: Readonly<Record<number, number>>;
  /** Whether its time and its compression ratio are of interest. */
  readonly reportTime?: boolean;
  readonly reportCompressionRatio?: boolean;
}

/** What has been seen: a message, a pong, or that a wait passed with the connection open. Bytes are never text here. */
export type Seen =
  | { readonly type: 'message'; readonly payload: Uint8Array; readonly binary: boolean }
  | { readonly type: 'pong'; readonly payload: Uint8Array }
  | { readonly type: 'timeout'; readonly tag: string };

/** What happens in the connection. */
export type Conduct = Exchange | Reply | RoundTrips;

/** Steps are taken, and what comes back is compared as a whole: it must be one of the lists. */
export interface Exchange {
  readonly kind: 'exchange';
  readonly steps: () => readonly Step[];
  readonly ok: readonly Seen[];
  readonly nonStrict?: readonly Seen[];
  /** The suite does not start the closing handshake when everything has come: the steps do what is to be done. */
  readonly leavesClosing?: boolean;
}

/** One message is sent; the first that comes back decides. */
export interface Reply {
  readonly kind: 'reply';
  readonly binary: boolean;
  readonly payload: () => Uint8Array;
  /** The size of a fragment, or of a chop: each leaves in a turn of its own. */
  readonly fragment?: number;
  readonly chop?: number;
  /** How long it may take. */
  readonly seconds: number;
}

/** Messages are sent one by one, each when the one before has come back. */
export interface RoundTrips {
  readonly kind: 'round-trips';
  readonly binary: boolean;
  readonly count: number;
  /** Gives the payloads in order, for one run. */
  readonly payloads: () => () => Uint8Array;
  /** The most octets of a frame; a message that is longer, as it stands on the wire, is fragmented. 0: no limit. */
  readonly fragment: number;
  readonly seconds: number;
}

/** How the connection has to end. */
export interface ExpectedClosing {
  /** Whether the suite is the one that closes: otherwise the peer must fail the connection. */
  readonly byMe: boolean;
  /** The codes that the peer's Close may carry. None at all is always right. The suite closes with the first. */
  readonly codes: readonly number[];
  /** Whether there must be a Close each way. */
  readonly clean: boolean;
  /** Whether the wrong side closing fails the behaviour too: then the peer has not noticed at all. */
  readonly wrongSideIsFatal?: boolean;
}

/** Messages of permessage-deflate, RFC 7692 §7.1. */
export interface DeflateTerms {
  /** As a client: the offers, in order. */
  readonly offers: readonly DeflateOffer[];
  /** As a server: what to accept, the first that an offer allows. */
  readonly accepts: readonly DeflateAcceptance[];
}

/** What an offer asks of the server. That the client can do as much itself is always offered. */
export interface DeflateOffer {
  readonly serverNoContextTakeover: boolean;
  /** 0: not asked for. */
  readonly serverMaxWindowBits: number;
}

/** What an answer asks of the client. */
export interface DeflateAcceptance {
  readonly clientNoContextTakeover: boolean;
  /** 0: not asked for. */
  readonly clientMaxWindowBits: number;
}

/** One step of an exchange. */
export type Step =
  | {
      readonly do: 'frame';
      readonly opcode: number;
      readonly fin: boolean;
      readonly rsv: number;
      readonly payload: Uint8Array;
      readonly sending: Sending;
    }
  /** A message as an application sends it: compressed where that was negotiated, fragments of so many octets. */
  | { readonly do: 'message'; readonly opcode: number; readonly payload: Uint8Array; readonly fragment: number }
  /** The head of a frame whose payload comes in parts. */
  | { readonly do: 'head'; readonly opcode: number; readonly fin: boolean; readonly length: number }
  | { readonly do: 'part'; readonly payload: Uint8Array }
  /** Starts the closing handshake, with this body in its Close frame. */
  | { readonly do: 'close'; readonly body: Uint8Array }
  /** Goes on later, unless the connection is gone. With a tag: only if it is open, and the wait counts as seen. */
  | { readonly do: 'wait'; readonly seconds: number; readonly tag: string | undefined }
  /** Fails the connection if it is not over by then. */
  | { readonly do: 'fail-after'; readonly seconds: number }
  /** Closes the connection if it is not over by then. */
  | { readonly do: 'close-after'; readonly seconds: number };

/** A payload: a string stands for its UTF-8. */
export type Payload = string | Uint8Array;

export interface FrameOptions {
  /** Default true. */
  readonly fin?: boolean;
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. Default 0. */
  readonly rsv?: number;
  /** Sends the frame in chops of so many octets. Default: in one piece. */
  readonly chop?: number;
  /** Sends the frame in a turn of its own. */
  readonly alone?: boolean;
}

export function frame(opcode: number, payload: Payload = '', options: FrameOptions = {}): Step {
  const { fin = true, rsv = 0, chop = 0, alone = false } = options;
  return { do: 'frame', opcode, fin, rsv, payload: bytesOf(payload), sending: { chop, alone } };
}

export const text = (payload: Payload, options?: FrameOptions): Step => frame(TEXT, payload, options);
export const binary = (payload: Payload, options?: FrameOptions): Step => frame(BINARY, payload, options);
export const more = (payload: Payload, options?: FrameOptions): Step => frame(CONTINUATION, payload, options);
export const ping = (payload: Payload = '', options?: FrameOptions): Step => frame(PING, payload, options);
export const pong = (payload: Payload = '', options?: FrameOptions): Step => frame(PONG, payload, options);
/** A Close frame that is only sent: the suite's own closing handshake knows nothing of it. */
export const closeFrame = (payload: Payload = '', options?: FrameOptions): Step => frame(CLOSE, payload, options);

export const frameHead = (opcode: number, length: number): Step => ({ do: 'head', opcode, fin: false, length });
export const part = (payload: Payload): Step => ({ do: 'part', payload: bytesOf(payload) });
export const wait = (seconds: number, tag?: string): Step => ({ do: 'wait', seconds, tag });
export const failAfter = (seconds: number): Step => ({ do: 'fail-after', seconds });
export const closeAfter = (seconds: number): Step => ({ do: 'close-after', seconds });

/** Starts the closing handshake with a code and a reason; without a code, with an empty Close frame. */
export function close(code?: number, reason: Payload = ''): Step {
  if (code === undefined) return { do: 'close', body: bytesOf(reason) };
  const tail = bytesOf(reason);
  const body = new Uint8Array(2 + tail.length);
  body.set([code >> 8, code & 0xff]);
  body.set(tail, 2);
  return { do: 'close', body };
}

/** A message, in fragments of `fragment` octets; 0 sends it whole. */
export const message = (opcode: number, payload: Payload, fragment = 0): Step => ({
  do: 'message',
  opcode,
  payload: bytesOf(payload),
  fragment,
});

export interface Cut {
  readonly start: number;
  readonly end: number;
  readonly first: boolean;
  readonly last: boolean;
}

/**
 * Cuts `length` octets into fragments of `size`. As in the official suite, a length that `size` divides gets an empty
 * last fragment, unless everything fits into one.
 */
export function cut(length: number, size: number): Cut[] {
  if (size === 0 || length <= size) return [{ start: 0, end: length, first: true, last: true }];
  const cuts: Cut[] = [];
  for (let start = 0; start <= length; start += size) {
    cuts.push({ start, end: Math.min(start + size, length), first: start === 0, last: start + size > length });
  }
  return cuts;
}

export const seenText = (payload: Payload): Seen => ({ type: 'message', payload: bytesOf(payload), binary: false });
export const seenBinary = (payload: Payload): Seen => ({ type: 'message', payload: bytesOf(payload), binary: true });
export const seenPong = (payload: Payload = ''): Seen => ({ type: 'pong', payload: bytesOf(payload) });
export const seenTimeout = (tag: string): Seen => ({ type: 'timeout', tag });

/** The suite closes with 1000 once it has seen everything, and that must go cleanly. */
export const NORMAL: ExpectedClosing = { byMe: true, codes: [1000], clean: true };

/** The peer must fail the connection with this code, or by dropping it. */
export const failedWith = (code: number): ExpectedClosing => ({ byMe: false, codes: [code], clean: false });

/** The same for text that is not UTF-8: a peer that doesn't fail it has not noticed. */
export const INVALID_TEXT: ExpectedClosing = { ...failedWith(1007), wrongSideIsFatal: true };

export function bytesOf(payload: Payload): Uint8Array {
  return typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
}

/** Octets written in hexadecimal. */
export function octets(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** `length` octets of a pattern, over and over. */
export function repeated(pattern: Payload, length: number): Uint8Array {
  const unit = bytesOf(pattern);
  const bytes = new Uint8Array(length);
  bytes.set(unit.subarray(0, length));
  for (let filled = unit.length; filled < length; filled *= 2) bytes.copyWithin(filled, 0, filled);
  return bytes;
}
