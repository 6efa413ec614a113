import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { zlibCodec } from '../node/zlib/codec.ts';
import {
  Connection,
  EventQueue,
  type Event,
  type TracedFrame,
  type TracedState,
  establishDeflate,
} from '../../protocol/index.ts';
import { Exit, UsageError } from './exit.ts';
import { isPcap, isPcapNg, payloadsOf } from './pcap.ts';
import { paint, printable, size } from './terminal.ts';

export interface FramesOptions {
  masked?: boolean;
  unmasked?: boolean;
  deflate?: boolean;
  json?: boolean;
}

/** How much of a message is shown. */
const SHOWN = 120;

/** `sansocket frames FILE|-`. */
export async function frames(name: string, options: FramesOptions): Promise<number> {
  let file: Buffer;
  try {
    // Not by its descriptor: a pipe that is empty for a moment is an error there (EAGAIN).
    file = name === '-' ? await buffer(process.stdin) : readFileSync(name);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (isPcapNg(file)) throw new UsageError('this is a pcapng: `editcap -F pcap in.pcapng out.pcap` makes a pcap of it');
  const streams = isPcap(file) ? payloadsOf(file) : new Map([['', fromHex(file) ?? file]]);
  let isFaulty = false;
  for (const [direction, bytes] of streams) {
    if (direction !== '' && !options.json) console.log(paint('bold', direction));
    if (!show(bytes, direction, options)) isFaulty = true;
  }
  return isFaulty ? Exit.FAILED : Exit.OK;
}

/** Bytes written as hex, if that is what it is: of a log, or of a test. */
function fromHex(file: Buffer): Buffer | undefined {
  const text = file.toString('latin1');
  // What it may not have is looked for: going through all that it may have takes a regular expression's stack, which has an end.
  if (text === '' || /[^\da-fx\s:,]/i.test(text)) return undefined;
  const digits = text.replace(/0x|[\s:,]/gi, '');
  return digits.length % 2 === 0 && !/x/i.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}

/** Shows one direction. Returns whether it was without fault. */
function show(bytes: Buffer, direction: string, options: FramesOptions): boolean {
  const print = (kind: string, more: object, text: string): void => {
    if (options.json) console.log(JSON.stringify({ ...(direction === '' ? {} : { direction }), kind, ...more }));
    else console.log(text);
  };
  const start = afterHead(bytes, (head) =>
    print('head', { head }, `${paint('dim', 'head   ')} ${printable(head.split('\r\n')[0])}`),
  );
  const isMasked = options.masked ?? (options.unmasked ? false : isFromClient(bytes, start));
  const trace = (entry: TracedFrame | TracedState): void => {
    if ('opcode' in entry) print('frame', entry, `${paint('cyan', 'frame  ')} ${describe(entry)}`);
  };
  const events = new EventQueue();
  const role = isMasked ? 'server' : 'client';
  const deflate = establishDeflate(role, options.deflate ? 'permessage-deflate' : '', {}, zlibCodec());
  const connection = Connection.established(role, {
    ...{ now: 0, sink: events, trace, deflate },
    turnBudget: false, // there is nobody else
  });
  let isRight = true;
  connection.receive(Uint8Array.from(bytes.subarray(start)), 0);
  connection.receiveEof(0);
  for (const event of events) {
    const [kind, more, text] = tell(event);
    if (kind === 'fault') isRight = false;
    if (kind !== '') print(kind, more, text);
  }
  return isRight;
}

/** Where the frames begin: behind a handshake, if it was captured too. */
function afterHead(bytes: Buffer, onHead: (head: string) => void): number {
  const text = bytes.toString('latin1');
  const head = /^(?:GET |HTTP\/1\.1 )[^]*?\r\n\r\n/.exec(text)?.[0];
  if (head !== undefined) onHead(head.trimEnd());
  return head?.length ?? 0;
}

/** A client's frames are masked (RFC 6455 §5.1): the first bit of the second byte says so. */
function isFromClient(bytes: Buffer, start: number): boolean {
  return (bytes[start + 1] ?? 0) > 0x7f;
}

const NAMES: Record<number, string> = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

function describe({ opcode, fin, rsv1, length }: TracedFrame): string {
  const flags = [fin ? 'FIN' : '', rsv1 ? 'RSV1 (compressed)' : ''].filter((flag) => flag !== '').join(' ');
  return `${(NAMES[opcode] ?? `opcode ${opcode}`).padEnd(12)} ${size(length).padStart(10)}  ${flags}`;
}

function tell(event: Event): [kind: string, more: object, text: string] {
  const label = (name: string): string => paint('green', name.padEnd(7));
  switch (event.type) {
    case 'text':
      return ['text', { text: event.text }, `${label('text')} ${printable(event.text.slice(0, SHOWN))}`];
    case 'binary': {
      const hex = Buffer.from(event.bytes).toString('hex');
      return ['binary', { hex }, `${label('binary')} ${hex.slice(0, SHOWN)}`];
    }
    case 'ping':
    case 'pong': {
      const hex = Buffer.from(event.payload).toString('hex');
      return [event.type, { hex }, `${label(event.type)} ${hex}`];
    }
    case 'closeFrame':
      return [
        'close',
        { code: event.code, reason: event.reason },
        `${label('close')} ${event.code} ${printable(event.reason)}`,
      ];
    case 'closed': {
      const { error } = event.info;
      // That a capture ends is no fault of who was captured.
      if (error === undefined || error.name !== 'ProtocolError') return ['', {}, ''];
      const { code, message } = error;
      return ['fault', { code, message }, `${paint('red', 'fault  ')} ${message}`];
    }
    default:
      return ['', {}, ''];
  }
}
