/** The head of the peer (for a client that is refused: the body too) has not come whole. */
export const READING = 0;
/** Server: a valid request has come, and waits for `accept` or `reject`. */
export const REQUESTED = 1;
/** Server: the request is invalid, and `refusal` waits to be sent with `reject`. */
export const REFUSED = 2;
/** Server: it is answered. Client: the connection is open. */
export const DONE = 3;
/** Client: the handshake failed, and `error` says why. */
export const FAILED = 4;
