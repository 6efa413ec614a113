/** One of the two cores of a world, and all that is remembered of it. */
import { PermessageDeflate } from '../../protocol/internal.ts';
import {
  Connection,
  type DeflateCodec,
  type Event,
  EventQueue,
  type Trace,
  type TracedState,
  Resources,
} from '../../protocol/index.ts';
import { ClientHandshake } from '../../protocol/handshake/client.ts';
import { ServerHandshake } from '../../protocol/handshake/server.ts';
import { ServerPolicy } from '../../protocol/handshake/server-policy.ts';
import { Lifecycle } from '../../protocol/lifecycle.ts';
import { establish } from '../../protocol/opening.ts';
import { State } from '../../protocol/transitions.ts';
import { join } from '../../test/support/cuts.ts';
import type { Role } from '../support/subject.ts';

export interface Side {
  readonly role: Role;
  readonly connection: Connection;
  /** What stands behind it: its state for the fingerprint. */
  readonly life: Lifecycle;
  readonly queue: EventQueue;
  readonly events: Event[];
  /** All that it wrote, and what of it the other side has not been given. */
  written: Uint8Array;
  wire: Uint8Array;
  readonly sent: string[];
  readonly received: string[];
  /** The fragment that was sent, while its message is unfinished. */
  partial: boolean;
  /** How many pings it was told to send. */
  pings: number;
  /** Whether it was told that the other side's stream has ended, or that the transport is gone, and of which first. */
  told: '' | 'eof' | 'eof again' | 'reset' | 'eof, reset';
  /** What is being deflated off the thread: each ends when it is called. */
  readonly jobs: (() => void)[];
  /** How many messages it had sent when the other's had ended: -1 until then. */
  sentAtEnd: number;
}

/** Time passes only by timers: the next deadline of a side. Both clocks are one. */
const OPTIONS = { handshakeTimeout: 100, closeTimeout: 40, pingInterval: 30, pongTimeout: 20 };

/**
 * Whether the cores are open from the start, as over HTTP/2, or begin with the opening handshake. 'patient' ones are open,
 * and put off what follows from the end of the other's messages; 'frugal' ones, open too, deal with one frame in a turn; 'later' ones,
 * open too, deflate large messages off the thread, and the server has sent one; 'slow' ones, open too, have transports that take
 * their time to send, so that the end of the other's stream is told patiently, and again once all has left; the client has closed.
 */
export type Start = 'open' | 'opening' | 'patient' | 'frugal' | 'later' | 'slow';
export const STARTS: readonly Start[] = ['open', 'opening', 'patient', 'frugal', 'later', 'slow'];

/** Messages from so many bytes on are deflated, off the thread; all others are not. */
export const LARGE = 8;

/** Stored blocks (RFC 1951 §3.2.4): what comes out has no part in which states there are. */
function storing(jobs: (() => void)[]): DeflateCodec {
  const store = (bytes: Uint8Array): Uint8Array =>
    Uint8Array.of(0, bytes.length, 0, ~bytes.length, 0xff, ...bytes, 0, 0, 0, 0xff, 0xff);
  return {
    createDeflater: () => ({ deflate: store, reset() {}, release() {} }),
    createInflater: () => ({ inflate: (bytes) => bytes.slice(5, -1), reset() {}, release() {} }),
    deflateLater: (bytes, _, done) => void jobs.push(() => done(store(bytes))),
  };
}

function deflateOf(role: Role, codec: DeflateCodec): PermessageDeflate {
  const deflate = new PermessageDeflate(role === 'server', { threshold: LARGE, asyncAbove: LARGE }, codec);
  deflate.establish({ name: 'permessage-deflate', params: [] });
  return deflate;
}

/** `taken` is given every change of the state, in words; `now` tells the time. */
export function makeSide(role: Role, start: Start, taken: Set<string>, now: () => number): Side {
  const jobs: (() => void)[] = [];
  const queue = new EventQueue();
  if (start === 'patient') Object.assign(queue, { onEnding: () => true });
  if (start === 'later') Object.assign(queue, { onDeflated: () => connection.handleDeflated(now()) });
  // One masking key for all frames, and one nonce: which one it is makes no other state.
  const random = (bytes: Uint8Array): unknown => bytes.fill(0x55);
  const resources = new Resources({ random });
  const trace: Trace = (entry) => {
    if ('cause' in entry) taken.add(changeInWords(role, entry));
  };
  // As `Connection`'s own ways do it, but with its state in sight.
  const opening = role === 'server' ? State.AWAITING_REQUEST : State.AWAITING_RESPONSE;
  const first = start === 'opening' ? opening : State.OPEN;
  const options = { now: 0, sink: queue, resources, trace, ...OPTIONS, turnBudget: start === 'frugal' ? 1 : 0 };
  const life = new Lifecycle(role === 'server', first, options);
  if (start !== 'opening') {
    if (start === 'later') life.deflate = deflateOf(role, storing(jobs));
    establish(life, { subprotocol: '', extensions: '', request: undefined, response: undefined });
  } else if (role === 'server') {
    life.server = new ServerHandshake({}, new ServerPolicy({}));
  } else {
    life.client = new ClientHandshake({ url: 'ws://a/' }, random);
    life.sender.raw(life.client.output);
  }
  const connection = Reflect.construct(Connection, [life]) as Connection;
  const output = join(...connection.takeOutput());
  return {
    role,
    connection,
    life,
    queue,
    events: [],
    written: output,
    wire: output,
    sent: [],
    received: [],
    partial: false,
    pings: 0,
    told: '',
    jobs,
    sentAtEnd: -1,
  };
}

export function changeInWords(role: Role, { from, cause, to }: TracedState): string {
  return `${role}: ${from} ${cause} ${to}`;
}

/** How many of the bytes are a head: 0 when they begin with frames, all of them while it is not whole. */
export function headOf(bytes: Uint8Array): number {
  // No frame begins with a G or an H: they would be opcodes 7 and 8 with RSV1.
  if (bytes[0] !== 0x47 && bytes[0] !== 0x48) return 0;
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf('\r\n\r\n');
  return end < 0 ? bytes.length : end + 4;
}

/**
 * What was delivered to a side and has not become an event, in short. It follows from the bytes: of a head, from how many
 * there are and which one it is.
 */
export function restOf(delivered: Uint8Array, received: number): string {
  const head = headOf(delivered);
  const frames = delivered.subarray(head);
  return `${head} ${hex(delivered.subarray(9, Math.min(head, 12)))} ${hex(frames.subarray(startOfRest(frames, received)))}`;
}

/** Where the rest begins: the first message that was not received whole, or else the first frame that is cut. */
function startOfRest(bytes: Uint8Array, received: number): number {
  let left = received;
  let messageStart = -1;
  let at = 0;
  while (at + 2 <= bytes.length) {
    const next = at + 2 + ((bytes[at + 1] & 0x80) === 0 ? 0 : 4) + (bytes[at + 1] & 0x7f);
    if (next > bytes.length) break;
    const isData = (bytes[at] & 0x0f) < 8;
    if (isData && messageStart < 0) messageStart = at;
    if (isData && (bytes[at] & 0x80) !== 0) {
      if (left-- === 0) return messageStart;
      messageStart = -1;
    }
    at = next;
  }
  return messageStart < 0 ? at : messageStart;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
