/** Where a connection stands; the numbers are those of the WHATWG's readyState. */
export const Phase = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** What the transport is to do once the output is written: go on, end the sending side, or end altogether. */
export const TransportAction = { KEEP: 0, END: 1, ABORT: 2 } as const;
export type TransportAction = (typeof TransportAction)[keyof typeof TransportAction];
