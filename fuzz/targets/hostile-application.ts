import * as fc from 'fast-check';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { adopt, type Handlers, type Socket } from '../../drivers/node/index.ts';
import { PreparedMessage } from '../../protocol/index.ts';
import { duplexPair } from '../../test/drivers/node/client/duplex-pair.ts';
import { frame, KEY, type FrameSpec } from '../../test/support/frames.ts';
import { isOwn, LIARS, OWN } from '../../test/support/lying-bytes.ts';
import { HostileStream, STREAM_MEMBERS, type StreamFault } from '../support/hostile-stream.ts';
import { settled } from '../support/settled.ts';
import { decodeStrictly } from '../support/strict-decoder.ts';
import type { Role } from '../support/subject.ts';
import { anyRole } from '../support/wire.ts';
import { assert, assertSame, type Target } from '../support/target.ts';
import { join } from '../../test/support/cuts.ts';

const KINDS = [
  ...['open', 'message', 'ping', 'pong', 'drain', 'ending', 'fault', 'closeFrame', 'close', 'error'],
  ...['messageStart', 'messageChunk', 'messageEnd'],
] as const;

const ACTS = [
  ...['throw', 'throw nothing', 'reject', 'reject late', 'never', 'lying promise', 'true'],
  ...[
    'send',
    'send much',
    'send a liar',
    'send nonsense',
    'send with a callback that throws',
    'fragment',
    'last fragment',
  ],
  ...['prepared', 'ping', 'ping a liar', 'pong', 'close', 'close wrongly', 'terminate', 'pause', 'resume'],
  ...['stream', 'flush', 'ask', 'wait that throws'],
] as const;
type Act = (typeof ACTS)[number];

const STEPS = ['text', 'binary', 'ping', 'pong', 'many', 'close', 'nonsense', 'end', 'destroy', 'turn'] as const;
type Step = (typeof STEPS)[number];

interface Input {
  readonly role: Role;
  /** What each kind of handler does, at one call after the other. */
  readonly handlers: readonly { readonly kind: string; readonly acts: readonly (readonly Act[])[] }[];
  readonly faults: readonly StreamFault[];
  readonly isSlow: boolean;
  /** What the peer, and the application from outside of any handler, do. */
  readonly steps: readonly (Step | Act)[];
  readonly turnBudget: number;
  readonly liar: number;
}

const anyAct = fc.constantFrom(...(ACTS as readonly Act[]));

/** What an application's handlers throw. */
class HandlerError extends Error {}

/**
 * An application that does everything wrong, over a stream that throws: bytes that lie, handlers of every kind that throw,
 * reject late and call back.
 */
export const hostileApplication: Target<Input> = {
  name: 'hostile-application',
  claim: 'whatever an application and its stream do wrong ends that connection once, and no other',
  runs: 300,
  arbitrary: fc.record({
    role: anyRole,
    handlers: fc.array(
      fc.record({
        kind: fc.constantFrom(...KINDS),
        acts: fc.array(fc.array(anyAct, { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
      }),
      { maxLength: 5 },
    ),
    faults: fc.array(
      fc.record({ member: fc.constantFrom(...STREAM_MEMBERS), from: fc.nat(4), times: fc.constantFrom(1, 2, 1000) }),
      { maxLength: 2 },
    ),
    isSlow: fc.boolean(),
    steps: fc.array(fc.oneof(fc.constantFrom(...(STEPS as readonly Step[])), anyAct), { maxLength: 8 }),
    turnBudget: fc.constantFrom(1, 4096, 4 << 20),
    liar: fc.nat(LIARS.length - 1),
  }),
  async check(input) {
    const strays: unknown[] = [];
    const onStray = (error: unknown): void => void strays.push(error);
    process.on('unhandledRejection', onStray).on('uncaughtException', onStray);
    const { error: complain } = console;
    // What is nobody's own to report ends here.
    console.error = () => {};
    try {
      await run(input);
      assertSame(
        strays.map((stray) => String((stray as Error).stack)),
        [],
        'what got out',
      );
    } finally {
      console.error = complain;
      process.off('unhandledRejection', onStray).off('uncaughtException', onStray);
    }
  },
};

async function run(input: Input): Promise<void> {
  const witness = makeWitness();
  const stream = new HostileStream(input.faults, input.isSlow);
  let ends = 0;
  let afterEnd = 0;
  const handlers = handlersOf(input, (kind) => {
    if (ends > 0 && kind !== 'error') afterEnd++;
    if (kind === 'close') ends++;
  });
  const { role, turnBudget } = input;
  let socket: Socket;
  try {
    const options = { closeTimeout: 5, pingInterval: false, turnBudget, sendLimit: 1 << 18 } as const;
    socket = adopt(stream, new Uint8Array(0), { role }, options, handlers);
  } catch {
    // A stream that can't even be taken over is the caller's to deal with.
    return witness.check();
  }
  const peer = (spec: FrameSpec): void => stream.bring(frame({ key: role === 'server' ? KEY : undefined, ...spec }));
  for (const step of input.steps) {
    if (step === 'turn') await nextTurn();
    else if (isStep(step)) PEER[step](peer, stream);
    else guardMisuse(() => perform(step, socket, input.liar));
  }
  await witness.check();
  stream.bring(null);
  guardMisuse(() => socket.close());
  // closeTimeout is 5 ms; what a connection waits for besides is a second at most.
  await settled(() => ends > 0);
  await nextTurn();
  assert(ends === 1, `close was called ${ends} times in the state ${socket.state}`);
  assert(afterEnd === 0, `${afterEnd} calls after close`);
  assert(socket.state === 'closed', 'it is not closed');
  void [socket.bufferedAmount, socket.url, socket.remoteAddress, socket.latency, JSON.stringify(socket)];
  const { sent } = socket.closeInfo!;
  assert(sent === undefined || typeof sent.code === 'number', 'no code');
  // All that left is frames; one that was cut is where a stream was destroyed.
  if (input.faults.length === 0 && stream.writableFinished) decodeStrictly(join(...stream.written), { role });
  await witness.check();
}

function isStep(step: Step | Act): step is Step {
  return (STEPS as readonly string[]).includes(step);
}

const PEER: Record<Exclude<Step, 'turn'>, (peer: (spec: FrameSpec) => void, stream: HostileStream) => void> = {
  text: (peer) => peer({ opcode: 1, payload: 'hello' }),
  binary: (peer) => peer({ opcode: 2, payload: new Uint8Array(5000) }),
  ping: (peer) => peer({ opcode: 9, payload: 'p' }),
  pong: (peer) => peer({ opcode: 10, payload: 'p' }),
  many: (peer) => {
    for (let i = 0; i < 50; i++) peer({ opcode: 1, payload: '' });
  },
  close: (peer) => peer({ opcode: 8, payload: [0x0f, 0xa1] }),
  nonsense: (peer) => peer({ opcode: 11, payload: '' }),
  end: (_, stream) => stream.bring(null),
  destroy: (_, stream) => void HostileStream.prototype.destroy.call(stream),
};

function handlersOf({ handlers: scripts, liar }: Input, note: (kind: string) => void): Handlers {
  const handlers: Record<string, (...given: any[]) => unknown> = {};
  for (const kind of KINDS) {
    const acts = scripts.filter((script) => script.kind === kind).flatMap((script) => script.acts);
    let calls = 0;
    handlers[kind] = (...given: unknown[]) => {
      note(kind);
      const socket = (kind === 'error' ? given[1] : given[0]) as Socket | undefined;
      let answer: unknown;
      // A script has an end: a connection that answers each of its own calls for ever is the application's doing.
      for (const act of calls < 20 ? (acts[calls++ % acts.length] ?? []) : []) {
        // It gives back the last of them; a promise that it keeps to itself is its own to catch.
        if (answer instanceof Promise) answer.catch(() => {});
        answer = perform(act, socket, liar);
      }
      return answer;
    };
  }
  return handlers as Handlers;
}

const noise = (size: number): Uint8Array => new Uint8Array(size).fill(OWN);

/** Does it, and gives what a handler is to give back for it. Throws what it throws. */
function perform(act: Act, socket: Socket | undefined, liar: number): unknown {
  const lie = (): any => LIARS[liar].make(100);
  switch (act) {
    case 'throw':
      throw new HandlerError('of a handler');
    case 'throw nothing':
      throw undefined;
    case 'reject':
      return Promise.reject(new HandlerError('of a promise'));
    case 'reject late':
      return nextTurn().then(() => {
        throw new HandlerError('later');
      });
    case 'never':
      return new Promise(() => {});
    case 'lying promise':
      return {
        then() {
          throw new HandlerError('of then');
        },
      };
    case 'true':
      return true;
    case 'send':
      return void socket?.send('hello');
    case 'send much':
      return void socket?.send(noise(100_000));
    case 'send a liar':
      return void socket?.send(lie());
    case 'send nonsense':
      return void socket?.send({ length: 100 } as never);
    case 'send with a callback that throws':
      return void socket?.send('hello', {
        onSent() {
          throw new HandlerError('of onSent');
        },
      });
    case 'fragment':
    case 'last fragment':
      return void socket?.sendFragment(noise(10), act === 'last fragment');
    case 'prepared':
      return void socket?.sendPrepared(new PreparedMessage(lie()));
    case 'ping':
      return void socket?.ping();
    case 'ping a liar':
      return void socket?.ping(lie());
    case 'pong':
      return void socket?.pong();
    case 'close':
      return void socket?.close(4000, 'done');
    case 'close wrongly':
      return void socket?.close(1, 'x'.repeat(200));
    case 'terminate':
      return void socket?.terminate();
    case 'pause':
      return void socket?.pause();
    case 'resume':
      return void socket?.resume();
    case 'stream':
      return void socket?.streamNext();
    case 'flush':
      return void socket?.flush();
    case 'ask':
      return void [socket?.bufferedAmount, socket?.state, String(socket), JSON.stringify(socket)];
    default:
      return void socket?.onceWritable(() => {
        throw new HandlerError('of a wait');
      });
  }
}

/** From outside of a handler what is thrown is the caller's. It must be what the caller did wrong. */
function guardMisuse(call: () => unknown): void {
  try {
    void Promise.resolve(call()).catch(() => {});
  } catch (error) {
    // What an act of ours throws, or the bytes do, and what is told of a misuse.
    const { name, stack } = (error ?? new HandlerError()) as Error;
    const isOurs =
      error === undefined || error instanceof HandlerError || String(error).includes('thrown by the bytes');
    const isMisuse = ['TypeError', 'RangeError', 'InvalidStateError'].includes(name);
    assert(isOurs || isMisuse, () => `thrown at the caller: ${String(stack)}`);
  }
}

/** Another connection in the same thread. */
function makeWitness() {
  const [here, there] = duplexPair();
  const got: (string | Uint8Array)[] = [];
  const options = { pingInterval: false } as const;
  const server = adopt(here, new Uint8Array(0), { role: 'server' }, options, {
    message: (socket, data) => void socket.send(data),
  });
  const client = adopt(there, new Uint8Array(0), { role: 'client' }, options, {
    message: (_, data) => void got.push(data),
  });
  return {
    async check(): Promise<void> {
      got.length = 0;
      client.send(noise(100));
      for (let i = 0; got.length === 0 && i < 1000; i++) await nextTurn();
      assert(got.length === 1 && isOwn(got[0] as Uint8Array, 100), 'the witness is not served');
      void server;
    },
  };
}
