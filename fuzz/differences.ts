/**
 * Where ws or undici read the same bytes otherwise than we do, each with the section that makes ours right. The
 * `differential` target fails for every difference that is not here.
 */
import type { Reading } from './support/peers.ts';

export interface Difference {
  readonly peers: readonly string[];
  readonly rule: string;
  readonly what: string;
  /** `deflate`: whether permessage-deflate was agreed on. */
  explains(ours: Reading, theirs: Reading, deflate: boolean): boolean;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    peers: ['ws', 'undici'],
    rule: 'RFC 6455 §8.1: an endpoint that finds that bytes are not UTF-8 MUST fail the connection',
    what: 'We find it at the first bad byte. They look at whole messages only, and go on meanwhile with control frames.',
    explains: (ours, theirs) =>
      ours.end === 'failed 1007' && isPrefix(ours.events, theirs.events) && rest(ours, theirs).every(isControl),
  },
  {
    peers: ['ws', 'undici'],
    rule: 'RFC 6455 §5.2: the minimal number of bytes MUST be used to encode the length',
    what: 'We fail a length that is not in its shortest form. They take it, and go on.',
    explains: (ours, theirs) =>
      ours.end === 'failed 1002' && ours.why!.includes('shortest form') && isPrefix(ours.events, theirs.events),
  },
  {
    peers: ['ws', 'undici'],
    rule: 'RFC 6455 §5.2: the most significant bit of a 64-bit length MUST be 0',
    what: 'We fail such a length with 1002, for it is no length. They fail it as one that is too large, with 1009.',
    explains: (ours, theirs) =>
      ours.end === 'failed 1002' && ours.why!.includes('top bit') && ['failed 1009', 'open'].includes(theirs.end),
  },
  {
    peers: ['ws', 'undici'],
    rule: 'RFC 6455 §7.1.7, §5.2: what breaks a rule fails the connection',
    what: 'We fail at the first byte of a header that may not be. They wait for the second, or for the rest of it.',
    explains: (ours, theirs) =>
      ours.end === 'failed 1002' &&
      theirs.end === 'open' &&
      theirs.events.length === ours.events.length &&
      isPrefix(ours.events, theirs.events),
  },
  {
    peers: ['undici'],
    rule: 'RFC 6455 §5.4: a continuation frame continues a message that has begun',
    what: 'After a compressed message undici takes a continuation frame for the beginning of another.',
    explains: (ours, theirs) =>
      ours.end === 'failed 1002' && ours.why!.includes('nothing to continue') && isPrefix(ours.events, theirs.events),
  },
  {
    peers: ['undici'],
    rule: 'RFC 7692 §6: RSV1 is set on the first frame of a message only',
    what: 'undici takes RSV1 on control and continuation frames, once permessage-deflate was agreed on.',
    explains: (ours, theirs) =>
      ours.end === 'failed 1002' && ours.why!.includes('RSV1') && isPrefix(ours.events, theirs.events),
  },
  {
    peers: ['ws', 'undici'],
    rule: 'RFC 7692 §7.2.2: what is inflated is the payload of the message, with 00 00 ff ff behind it',
    what: 'We inflate a message when it is whole. They inflate each fragment, and fail before we do, or would.',
    explains: (ours, theirs, deflate) =>
      deflate &&
      theirs.end === 'failed 1007' &&
      !ours.end.startsWith('close') &&
      isPrefix(theirs.events, ours.events) &&
      rest(theirs, ours).every(isControl),
  },
  {
    peers: ['ws', 'undici'],
    rule: 'RFC 7692 §7.2.2: a payload with 00 00 ff ff behind it is DEFLATE, blocks that are whole (RFC 1951 §3.2.3)',
    what: 'We fail a message that stops within a block. They take what came out of it up to there, and go on.',
    explains: (ours, theirs, deflate) =>
      deflate &&
      ours.end === 'failed 1007' &&
      ours.why!.includes('does not inflate') &&
      theirs.events.length > ours.events.length &&
      isPrefix(ours.events, theirs.events),
  },
  {
    peers: ['ws', 'undici'],
    rule: 'RFC 6455 §10.4, §7.4.1: a frame beyond what can be taken is refused with 1009',
    what: 'Of two faults in one header, a length beyond 2^53 and a frame that may not come now, we tell the first.',
    explains: (ours, theirs) =>
      ours.end === 'failed 1009' &&
      theirs.end === 'failed 1002' &&
      ours.events.length === theirs.events.length &&
      isPrefix(ours.events, theirs.events),
  },
  {
    peers: ['undici'],
    rule: 'RFC 6455 §7.1.6: the close reason is what follows the code, in UTF-8; U+FEFF is a character of it',
    what: 'undici leaves out a U+FEFF that a reason begins with, as if it were a byte order mark.',
    explains: (ours, theirs) =>
      ours.end === theirs.end.replace(/^(close \d+ )/, '$1\ufeff') &&
      ours.events.length === theirs.events.length &&
      isPrefix(ours.events, theirs.events),
  },
];

function isPrefix(some: Reading['events'], all: Reading['events']): boolean {
  return some.every((event, i) => Buffer.from(event as never).equals(Buffer.from((all[i] ?? 'none') as never)));
}

function rest(ours: Reading, theirs: Reading): Reading['events'] {
  return theirs.events.slice(ours.events.length);
}

function isControl(event: string | Uint8Array): boolean {
  return typeof event === 'string' && (event.startsWith('ping ') || event.startsWith('pong '));
}
