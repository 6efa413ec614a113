/** Opcodes, RFC 6455 §5.2. Control frames have the 0x8 bit. */
export const CONTINUATION = 0x0;
export const TEXT = 0x1;
export const BINARY = 0x2;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

/** The bits of a frame's first and second byte. */
export const FIN = 0x80;
export const RSV1 = 0x40;
export const RSV2 = 0x20;
export const RSV3 = 0x10;
export const MASKED = 0x80;

/** The largest payload of a control frame, §5.5. */
export const MAX_CONTROL_PAYLOAD = 125;

/** The largest header: two bytes, an eight-byte length, a masking key. */
export const MAX_HEADER = 14;
