// What can be wrong with a message, in the words of the Close frame.

export const STRAY = 'a continuation frame with nothing to continue';
export const NESTED = 'a new message inside a fragmented one';
export const DAMAGED = 'a compressed message that does not inflate';
export const NOT_UTF8 = 'text that is not UTF-8';

/**
 * What is wrong with a streamed text that comes compressed: whether it is the DEFLATE or the UTF-8 that is seen first
 * depends on how it was cut.
 */
export const DAMAGED_TEXT = 'a compressed text that does not inflate to UTF-8';
/** What may be behind it, where the peer has agreed to compress each message by itself. */
export const OUT_OF_CONTEXT = ': it may refer to one before it, against the agreed no_context_takeover';
