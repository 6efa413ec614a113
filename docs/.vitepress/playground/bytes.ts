/** Feeds bytes to a connection, piece by piece, and notes all that comes of each: what the playground shows. */
import { pakoCodec } from '../../examples/pako-codec.ts';
import {
  Connection,
  EventQueue,
  Phase,
  TransportAction,
  Resources,
  type Event,
  type Trace,
  type TracedFrame,
  establishDeflate,
} from '../../../protocol/index.ts';
import { sectionOf, sectionOfRefusal, type Section } from './sections.ts';

/** Who reads the bytes, and from where on. */
export type Reader = 'client' | 'server' | 'client-opening' | 'server-opening';

export interface Experiment {
  readonly reader: Reader;
  /** The head of a request or response, for the readers of an opening handshake. */
  readonly head: string;
  /** What follows it, or all there is. */
  readonly bytes: Uint8Array;
  /** Before which of these bytes the stream is cut; or each byte by itself, those of the head too. */
  readonly cuts: readonly number[] | 'everywhere';
  /** permessage-deflate was agreed on, or is offered and accepted in the opening handshake. */
  readonly compress: boolean;
}

/** What comes of one piece of the stream. */
export interface Step {
  readonly bytes: Uint8Array;
  readonly frames: readonly TracedFrame[];
  readonly events: readonly string[];
  fault: Fault | undefined;
  /** The state's name after it. */
  readonly state: string;
  readonly phase: string;
  readonly output: readonly Uint8Array[];
  /** What the transport is to do afterwards: KEEP, END or ABORT. */
  readonly action: string;
}

export interface Fault {
  readonly text: string;
  readonly section: Section | undefined;
}

/** The client's key in the example of RFC 6455 §1.3, so that a response to it can be written down. */
const NONCE = 'the sample nonce';
const TIME = 0;

/**
 * Runs an experiment. The first step is what the connection has to say before it is given anything. Where the connection
 * has begun to end, the last step is that its peer ends the transport.
 */
export function run(experiment: Experiment): Step[] {
  const frames: TracedFrame[] = [];
  const events = new EventQueue();
  const connection = connect(experiment, events, (entry) => {
    if ('opcode' in entry) frames.push(entry);
  });
  const steps: Step[] = [];
  const note = (bytes: Uint8Array): void => {
    const told: string[] = [];
    for (const event of events) {
      if (event.type === 'request') connection.accept();
      told.push(describe(event));
    }
    const output = connection.takeOutput().map((chunk) => chunk.slice());
    steps.push({
      bytes,
      frames: frames.splice(0),
      events: told,
      fault: refusalIn(output, experiment.reader),
      state: connection.state,
      phase: nameOf(Phase, connection.phase),
      output,
      action: nameOf(TransportAction, connection.transportAction),
    });
  };
  note(new Uint8Array(0));
  for (const piece of pieces(experiment)) {
    connection.receive(piece.slice(), TIME);
    note(piece);
  }
  if (connection.phase === Phase.CLOSING) {
    connection.receiveEof(TIME);
    connection.transportLost(TIME);
    note(new Uint8Array(0));
  }
  const error = connection.closeInfo?.error;
  // It was found when the connection turned to its end; it is told when that is over.
  const found = steps.find(({ action }) => action !== 'KEEP');
  if (error !== undefined && found !== undefined) found.fault ??= { text: error.message, section: sectionOf(error) };
  return steps;
}

function connect({ reader, compress }: Experiment, sink: EventQueue, trace: Trace): Connection {
  const random = (bytes: Uint8Array): void => void bytes.set(toLatin1(NONCE).subarray(0, bytes.length));
  const resources = new Resources({ random });
  const common = { now: TIME, sink, trace, resources };
  const opening = { ...common, ...(compress ? { compress, codec: pakoCodec } : {}) };
  if (reader === 'server-opening') return Connection.server({ ...opening, subprotocols: ['chat'] });
  if (reader === 'client-opening') {
    return Connection.client(
      { url: 'ws://example.com/chat', subprotocols: ['chat'], requireSubprotocol: false },
      opening,
    );
  }
  const deflate = establishDeflate(reader, compress ? 'permessage-deflate' : '', {}, pakoCodec);
  return Connection.established(reader, { ...common, deflate });
}

function pieces({ reader, head, bytes, cuts }: Experiment): Uint8Array[] {
  const before = reader.endsWith('opening') ? toLatin1(wireForm(head)) : new Uint8Array(0);
  if (cuts === 'everywhere') return [...before, ...bytes].map((byte) => Uint8Array.of(byte));
  const places = [0, ...[...new Set(cuts)].filter((at) => at > 0 && at < bytes.length).sort((a, b) => a - b)];
  const cut = places.map((at, i) => bytes.subarray(at, places[i + 1] ?? bytes.length));
  return [before, ...cut].filter(({ length }) => length > 0);
}

/** A head as it goes over the wire: lines end in CRLF, and an empty one ends it. */
export function wireForm(head: string): string {
  return head.replace(/\r?\n/g, '\r\n').replace(/(\r\n)*$/, '\r\n\r\n');
}

function describe(event: Event): string {
  switch (event.type) {
    case 'request':
      return `request ${event.request.target}`;
    case 'open': {
      const { subprotocol, extensions } = event.opening;
      return ['open', subprotocol && `subprotocol ${subprotocol}`, extensions].filter(Boolean).join(', ');
    }
    case 'text':
      return `text ${JSON.stringify(event.text)}`;
    case 'binary':
      return `binary ${toHex(event.bytes)}`;
    case 'ping':
    case 'pong':
      return `${event.type} ${toHex(event.payload) || '(empty)'}`;
    case 'closeFrame':
      return `close ${event.code} ${event.reason}`.trimEnd();
    case 'closed':
      return `closed ${event.info.code}, ${event.info.clean ? 'clean' : 'not clean'}`;
    default:
      return event.type;
  }
}

/** A server tells who asked why it refuses, and so it does here. */
function refusalIn(output: readonly Uint8Array[], reader: Reader): Fault | undefined {
  const text = output.map(toText).join('');
  if (reader !== 'server-opening' || !/^HTTP\/1\.1 [^1]/.test(text)) return undefined;
  const why = text.slice(text.indexOf('\r\n\r\n') + 4);
  return { text: `${text.slice(9, text.indexOf('\r\n'))}: ${why}`, section: sectionOfRefusal(why) };
}

function nameOf(values: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(values).find((name) => values[name] === value)!;
}

/** Which part of its frame each byte is: of the header, of the masking key, of the payload. */
export type Part = 'head' | 'key' | 'payload' | 'unread';

/**
 * The part that each byte of a stream of frames is, given the frames that were read from it: a frame is known once its
 * header is whole. What no frame was made of is `unread`.
 */
export function partsOf(length: number, frames: readonly TracedFrame[], isMasked: boolean): Part[] {
  const parts: Part[] = [];
  for (const frame of frames.filter(({ sent }) => !sent)) {
    const extended = frame.length > 0xffff ? 8 : frame.length > 125 ? 2 : 0;
    parts.push(...Array<Part>(2 + extended).fill('head'));
    if (isMasked) parts.push(...Array<Part>(4).fill('key'));
    parts.push(...Array<Part>(Math.min(frame.length, length)).fill('payload'));
  }
  return Array.from({ length }, (_, i) => parts[i] ?? 'unread');
}

/** Bytes as people write them: hex digits, with anything between them that is none. Throws a SyntaxError for half a byte. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/0x|[\s:,]/gi, '');
  const wrong = /[^\da-f]/i.exec(digits);
  if (wrong !== null) throw new SyntaxError(`'${wrong[0]}' is no hex digit`);
  if (digits.length % 2 !== 0) throw new SyntaxError('the last byte has one digit: it needs two');
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Bytes as characters, one each. */
export function toText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

function toLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}
