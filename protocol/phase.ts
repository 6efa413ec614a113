/** Where a connection stands; the numbers are those of the WHATWG's readyState. */
export const Phase = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** What the transport is to do once the output is written: go on, end the sending side, or end altogether. */
export const TransportAction = { KEEP: 0, END: 1, ABORT: 2 } as const;
export type TransportAction = (typeof TransportAction)[keyof typeof TransportAction];

/** What incoming bytes are taken for: the opening handshake. */
export const HEAD = 0;
/** Frames that come before the 101 was sent. */
export const UNDECIDED = 1;
export const FRAMES = 2;
/** RFC 6455 §1.4, §7.1.7: nothing; the transport's end is waited for. */
export const DISCARD = 3;
