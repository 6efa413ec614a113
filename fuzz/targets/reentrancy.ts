import * as fc from 'fast-check';
import { Connection, InvalidStateError, Phase, TransportAction, type Sink } from '../../protocol/index.ts';
import { join } from '../../test/support/cuts.ts';
import { decodeStrictly } from '../support/strict-decoder.ts';
import { expectMisuse, Subject, type Role } from '../support/subject.ts';
import { assert, type Target } from '../support/target.ts';

const ACTS = [
  'text',
  'binary',
  'fragment',
  'last fragment',
  'ping',
  'pong',
  'close',
  'pause',
  'stop reading',
  'resume',
  'terminate',
  'stream',
  'receive',
  'throw',
  'accept',
  'reject',
  'nothing',
] as const;
type Act = (typeof ACTS)[number];

interface Input {
  /** What each side does within its sink's methods, one list of acts for each call. */
  readonly client: readonly (readonly Act[])[];
  readonly server: readonly (readonly Act[])[];
  /** What begins it. */
  readonly first: readonly Act[];
  /** The size of the reads. */
  readonly size: number;
}

const anyAct = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<Act>('text', 'fragment', 'last fragment', 'ping', 'pause', 'resume', 'throw'),
  },
  fc.constantFrom(...ACTS),
);
const anyScript = fc.array(fc.array(anyAct, { maxLength: 3 }), { maxLength: 10 });

/** The error of our own sinks. */
class Thrown extends Error {}

/** Whatever a sink's methods do, the connection stays whole: it ends once, and its output stays right. */
export const reentrancy: Target<Input> = {
  name: 'reentrancy',
  claim: 'sinks that call back and throw leave both ends whole',
  runs: 1000,
  arbitrary: fc.record({
    client: anyScript,
    server: anyScript,
    first: fc.array(anyAct, { maxLength: 4 }),
    size: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(1 << 20)),
  }),
  check(input) {
    const sides = [makeSide('client', input.client), makeSide('server', input.server)];
    const [client, server] = sides;
    let begun = false;
    // Every call of a script answers one event, every event comes from bytes, and the scripts are finite.
    for (let turn = 0; turn < 400; turn++) {
      const moved = [carry(client, server, input.size), carry(server, client, input.size)].some(Boolean);
      if (moved) continue;
      if (!begun && client.connection.phase === Phase.OPEN) {
        begun = true;
        for (const act of input.first) guard(() => perform(client, act));
      } else if (sides.some((side) => !side.connection.wantsInput)) {
        for (const { connection, now } of sides) guard(() => connection.resume(now));
      } else if (server.connection.phase === Phase.CONNECTING && server.events.length > 0) {
        guard(() => server.connection.accept());
      } else break;
    }
    assert(
      sides.every(({ connection }) => connection.wantsInput),
      'a side stays paused',
    );
    for (const side of sides) {
      const frames = withoutHead(side);
      if (frames !== undefined) decodeStrictly(frames, { role: side.role });
      guard(() => side.finish());
      side.finish('lost');
    }
  },
};

function makeSide(role: Role, script: readonly (readonly Act[])[]): Subject {
  let at = 0;
  const within = (subject: Subject, _method: keyof Sink): void => {
    for (const act of script[at++] ?? []) perform(subject, act);
  };
  return new Subject(role, { within }, (all) =>
    role === 'client' ? Connection.client({ url: 'ws://server/' }, all) : Connection.server(all),
  );
}

/** Does it where it may be done, and holds it to an InvalidStateError where it may not. */
function perform({ connection, now }: Subject, act: Act): void {
  const isOpen = connection.phase === Phase.OPEN;
  const whenOpen = (call: () => void): void => (isOpen ? betweenMessages(call) : expectMisuse(call));
  switch (act) {
    case 'text':
      return whenOpen(() => connection.sendText('text €'));
    case 'binary':
      return whenOpen(() => connection.sendBinary(new Uint8Array(2000)));
    case 'fragment':
      return whenOpen(() => connection.sendFragment('frag', false));
    case 'last fragment':
      return whenOpen(() => connection.sendFragment('ment', true));
    case 'ping':
      return whenOpen(() => connection.ping());
    case 'pong':
      return whenOpen(() => connection.pong());
    case 'close':
      return connection.close(4000, 'enough');
    case 'pause':
      return connection.pause();
    case 'stop reading':
      return connection.stopReading();
    case 'resume':
      return guard(() => connection.resume(now));
    case 'terminate':
      return guard(() => connection.terminate(now));
    case 'stream':
      return connection.streamNext();
    case 'receive':
      return expectMisuseWithin(connection, () => connection.receive(Uint8Array.of(0x89), now));
    case 'accept':
    case 'reject': {
      const isDue = connection.isServer && connection.phase === Phase.CONNECTING;
      const call = () => (act === 'accept' ? connection.accept() : connection.reject({ status: 403 }));
      return isDue ? betweenMessages(call) : expectMisuse(call);
    }
    case 'throw':
      throw new Thrown();
    case 'nothing':
  }
}

/** Sending may be refused while a fragmented message is under way; nothing else may be thrown. */
function betweenMessages(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof InvalidStateError)) throw error;
  }
}

/** `receive` within a sink's method is misuse; the first acts are no part of one, and don't receive. */
function expectMisuseWithin(_connection: Connection, call: () => void): void {
  betweenMessages(call);
}

/** What comes out of a call is what a sink threw, all of it and nothing else. */
function guard(call: () => void): void {
  try {
    call();
  } catch (error) {
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
    if (errors.every((one) => one instanceof Thrown || one instanceof InvalidStateError)) return;
    throw error;
  }
}

const told = new WeakSet<Subject>();

/** Carries what `from` has written, and then the end of its transport, where it wants that. Returns whether it did. */
function carry(from: Subject, to: Subject, size: number): boolean {
  const bytes = join(...from.collect());
  for (let at = 0; at < bytes.length; at += size) {
    guard(() => to.receive(bytes.subarray(at, at + size)));
    to.collect();
  }
  const { transportAction } = from.connection;
  if (bytes.length > 0) return true;
  if (transportAction === TransportAction.KEEP || told.has(from)) return false;
  told.add(from);
  guard(() => {
    if (transportAction === TransportAction.END) to.connection.receiveEof(to.now);
    else to.connection.transportLost(to.now);
  });
  return true;
}

/** The frames that it sent, once it was open. */
function withoutHead({ connection, sent }: Subject): Uint8Array | undefined {
  if (connection.opening === undefined) return undefined;
  return sent.subarray(Buffer.from(sent.buffer, sent.byteOffset, sent.length).indexOf('\r\n\r\n') + 4);
}
