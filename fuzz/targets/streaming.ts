import * as zlib from 'node:zlib';
import * as fc from 'fast-check';
import { DEFAULT_LIMITS, Phase } from '../../protocol/index.ts';
import { MOST_LATE } from '../../protocol/memory/pending-input.ts';
import { inflateMessage } from '../../test/support/inflate-oracle.ts';
import { join } from '../../test/support/cuts.ts';
import { openSubject, type Role, type Subject } from '../support/subject.ts';
import { assert, type Target } from '../support/target.ts';
import { decodeStrictly } from '../support/strict-decoder.ts';
import {
  anyControl,
  anyEdit,
  anyRole,
  anyText,
  type Control,
  type Edit,
  edit,
  encodeMessage,
} from '../support/wire.ts';

interface Message {
  readonly text: boolean;
  /** What it says over and over, and how often: up to about 3 MiB, which DEFLATE makes into a few KiB. */
  readonly words: string;
  readonly times: number;
  /** How many characters that hardly compress it begins with. */
  readonly noise: number;
  readonly level: number;
  /** Whether it refers to the messages before it. */
  readonly takeover: boolean;
  /** Changes to its DEFLATE data, not to its frames. */
  readonly edits: readonly Edit[];
  /** Where its fragments end, in thousandths. */
  readonly cuts: readonly number[];
  readonly between: readonly Control[];
}

interface Input {
  readonly role: Role;
  readonly messages: readonly Message[];
  /** Where the wire is cut, in thousandths. */
  readonly cuts: readonly number[];
  /** Whether the sink pauses, at each start and each piece in turn. */
  readonly pauses: readonly boolean[];
  /** Whether it goes on, after each delivery in turn. */
  readonly resumes: readonly boolean[];
  readonly maxMessageSize: number;
  /** How much is dealt with in a turn; by default as much as is the default. */
  readonly turnBudget?: number;
  /** Whether all that a pause has held back is wanted before the transport ends. */
  readonly drained: boolean;
}

/** What came of one message, or the code that it is to be failed with. */
type Due = Uint8Array | 1007;

const WINDOW = 32 * 1024;
/** What protocol/message/inflating-stream.ts inflates at once, and the most that DEFLATE makes of it; bits are left over. */
const MOST_AT_ONCE = (1024 + 1) * 1032;
/** Data that was changed is read by a slow inflater, so that there is not to be much of it. */
const MOST_EDITED = 20_000;
/**
 * What may be asked for altogether for each byte that came: it is held in two stores at most, and each asks for twice what
 * it needs, then twice that: 2 + 1 + 1/2 + … times its size. What is inflated goes to the sink besides.
 */
const MEMORY_PER_BYTE = 8;
const MEMORY = 64 * 1024;

const utf8 = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const anyMessage: fc.Arbitrary<Message> = fc.record({
  text: fc.boolean(),
  words: anyText,
  times: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 1, 1, 30, 1000) }, fc.constantFrom(10_000, 40_000)),
  noise: fc.oneof({ weight: 3, arbitrary: fc.nat(100) }, fc.nat(20_000)),
  level: fc.integer({ min: 0, max: 9 }),
  takeover: fc.boolean(),
  edits: fc.oneof({ weight: 8, arbitrary: fc.constant([]) }, fc.array(anyEdit, { minLength: 1, maxLength: 2 })),
  cuts: fc.array(fc.nat(1000), { maxLength: 5 }),
  between: fc.array(anyControl, { maxLength: 2 }),
});

/** Compressed messages, streamed to a sink that pauses: no message comes to anything else, and memory stays in bounds. */
export const streaming: Target<Input> = {
  name: 'streaming',
  claim: 'streamed compressed messages are whole, heed pauses, and take no memory that was not sent or wanted',
  runs: 100,
  arbitrary: fc.record({
    role: anyRole,
    messages: fc.array(anyMessage, { minLength: 1, maxLength: 4 }),
    cuts: fc.array(fc.nat(1000), { maxLength: 20 }),
    pauses: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
    resumes: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
    maxMessageSize: fc.constantFrom(1000, 100_000, DEFAULT_LIMITS.maxMessageSize),
    turnBudget: fc.constantFrom(1, 100_000, DEFAULT_LIMITS.turnBudget),
    drained: fc.boolean(),
  }),
  check(input) {
    const { wire, due } = compose(input);
    const seen = new Streamed(input);
    const { subject } = seen;
    const { connection } = subject;
    const ends = input.cuts.map((cut) => Math.floor((cut * wire.length) / 1000)).sort((a, b) => a - b);
    let start = 0;
    [...ends, wire.length].forEach((end, i) => {
      if (end > start) seen.receive(wire.subarray(start, end));
      start = Math.max(start, end);
      if (input.resumes[i % input.resumes.length]) seen.resume();
      seen.checkMemory();
    });
    if (input.drained) seen.drain();
    const isOpen = connection.phase === Phase.OPEN;
    seen.isEnding = true;
    subject.finish();
    seen.checkMemory();

    const bad = due.indexOf(1007);
    const good = (bad < 0 ? due : due.slice(0, bad)) as Uint8Array[];
    const { code } = connection.closeInfo!.error!;
    const { messages } = seen;
    assert(messages.length <= good.length, `${messages.length} messages where ${good.length} are right`);
    messages.forEach((message, i) => assert(Buffer.compare(message, good[i]) === 0, `message ${i} differs`));
    if (code === 1009) {
      // The transport's end ends all pauses, and what they held back may come to no more than other messages.
      assert(isOpen && !input.drained, 'a limit on a message that was wanted piece by piece');
      // Of data that is wrong, how much comes out before that shows is not known here.
      const next = due.at(messages.length);
      assert(next === 1007 || next!.length > input.maxMessageSize, 'too big, and within the limit');
    } else {
      assert(code === (bad < 0 ? 1006 : 1007), `failed with ${code}`);
      assert(messages.length === good.length, `${messages.length} messages of ${good.length}`);
    }
    const pings = subject.events.filter(({ type }) => type === 'ping').length;
    assert(decodeStrictly(subject.sent, { role: input.role }).pings === 0, 'it sent a ping');
    const sentPings = input.messages.flatMap(({ cuts, between }) => cuts.flatMap(() => between));
    const most = sentPings.filter(({ opcode }) => opcode === 9).length;
    assert(code === 1006 ? pings === most : pings <= most, `${pings} pings of ${most}`);
  },
};

/** A connection whose sink streams all messages, and what it saw of them. */
class Streamed {
  readonly subject: Subject;
  readonly messages: Uint8Array[];
  /** Whether the transport has ended, so that no pause is heeded. */
  isEnding: boolean;
  #pieces: Uint8Array[];
  /** The bytes that became the sink's. */
  #delivered: number;
  #paused: boolean;
  #events: number;
  /** Bytes that came since it has wanted none. */
  #late: number;

  constructor({ role, pauses, maxMessageSize, turnBudget = DEFAULT_LIMITS.turnBudget }: Input) {
    this.messages = [];
    this.isEnding = false;
    this.#pieces = [];
    this.#delivered = 0;
    this.#paused = false;
    this.#events = 0;
    this.#late = 0;
    this.subject = openSubject(role, true, {
      maxMessageSize,
      turnBudget,
      within: ({ connection, events }) => {
        const event = events.at(-1)!;
        if (event.type === 'messageStart') this.#pieces = [];
        if (event.type === 'messageChunk') this.#take(event.chunk);
        if (event.type === 'messageEnd') {
          this.messages.push(join(...this.#pieces));
          connection.streamNext();
        }
        if (event.type !== 'messageStart' && event.type !== 'messageChunk') return;
        if (!pauses[this.#events++ % pauses.length]) return;
        this.#paused = true;
        connection.pause();
      },
    });
    this.subject.connection.streamNext();
  }

  /** Hands bytes over as a driver does: to a connection that wants no input no more than what may have been on its way. */
  receive(bytes: Uint8Array): void {
    this.#late = this.subject.connection.wantsInput ? 0 : this.#late + bytes.length;
    if (this.#late > MOST_LATE) this.drain();
    this.subject.receive(bytes);
  }

  /** Goes on until all that was held back is delivered. */
  drain(): void {
    const { connection, received } = this.subject;
    // A message comes in fewer pieces than it has bytes on the wire.
    for (let i = 0; i <= received && !connection.wantsInput; i++) this.resume();
    assert(connection.wantsInput, 'it stays paused');
    this.#late = 0;
  }

  resume(): void {
    this.#paused = false;
    this.subject.connection.resume(this.subject.now);
    this.subject.collect();
    // As many turns as it takes, or until the next pause.
    this.subject.takeTurns();
  }

  checkMemory(): void {
    const { allocated, received } = this.subject;
    const due = MEMORY_PER_BYTE * received + this.#delivered + MEMORY;
    assert(allocated <= due, () => `${allocated} bytes for ${received} received and ${this.#delivered} delivered`);
  }

  #take(chunk: string | Uint8Array): void {
    const bytes = typeof chunk === 'string' ? utf8.encode(chunk) : chunk;
    assert(!this.#paused || this.isEnding, 'a piece while paused');
    assert(bytes.length <= MOST_AT_ONCE, () => `a piece of ${bytes.length} bytes`);
    this.#delivered += bytes.length;
    this.#pieces.push(bytes);
  }
}

/** The bytes that the peer sends, and what each message is to come to. */
function compose({ role, messages }: Input): { wire: Uint8Array; due: Due[] } {
  const due: Due[] = [];
  /** What the peer's compressor and our decompressor have in their windows: not the same once data was changed. */
  let [theirs, ours]: Uint8Array[] = [new Uint8Array(0), new Uint8Array(0)];
  let isDamaged = false;
  const wire = messages.map((message) => {
    const plain = plainOf(message);
    const dictionary = message.takeover && theirs.length > 0 ? theirs : undefined;
    const finishFlush = zlib.constants.Z_SYNC_FLUSH;
    const deflated = zlib.deflateRawSync(plain, { level: message.level, dictionary, finishFlush }).subarray(0, -4);
    const edited = plain.length <= MOST_EDITED ? edit(deflated, message.edits) : deflated;
    // A message without a byte has none to refuse either: RFC 7692 §7.2.3.6 makes it one of 0.
    const payload = plain.length === 0 ? Uint8Array.of(0) : edited;
    isDamaged ||= payload === edited && edited !== deflated;
    const result = isDamaged ? read(payload, ours, message.text) : plain;
    due.push(result);
    theirs = join(theirs, plain).subarray(-WINDOW);
    if (result !== 1007) ours = join(ours, result).subarray(-WINDOW);
    return encodeMessage(payload, { ...message, compressed: true }, role);
  });
  return { wire: join(...wire), due };
}

function plainOf({ words, times, noise }: Message): Uint8Array {
  let state = noise;
  const noisy = Array.from({ length: noise }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return String.fromCharCode(33 + ((state >>> 16) % 94));
  });
  // At most 120 bytes, so that the most that comes is well over what is inflated at once, and not much more.
  return utf8.encode(noisy.join('') + words.slice(0, 40).repeat(times));
}

/** What data that was changed, or comes after such, inflates to. */
function read(payload: Uint8Array, window: Uint8Array, text: boolean): Due {
  // A message without a byte lacks the header of the empty block, and is taken for an empty one all the same.
  if (payload.length === 0) return payload;
  const output = inflateMessage(payload, window);
  if (output === undefined || !text) return output ?? 1007;
  try {
    strict.decode(output);
    return output;
  } catch {
    return 1007;
  }
}
