import * as fc from 'fast-check';
import { zlibCodec } from '../../drivers/node/zlib/codec.ts';
import { createNetwork, type MessageStream, type Network, type WebSocket } from '../../drivers/pipe/index.ts';
import { isError } from '../../protocol/internal.ts';
import { assert, type Target } from '../support/target.ts';

const DEEDS = [
  ...[
    'send',
    'send',
    'send fragments',
    'try to send',
    'ping',
    'receive',
    'receive',
    'iterate',
    'stream',
    'go on',
    'leave',
  ],
  ...['close', 'terminate', 'pong'],
] as const;
type Deed = (typeof DEEDS)[number];

/** What the network does. */
const FAULTS = ['reset', 'stall', 'unstall', 'end', 'refuse', 'stand still', 'cut'] as const;
type Fault = (typeof FAULTS)[number];

const SOURCES = ['list', 'generator', 'late', 'throwing', 'of both kinds', 'never', 'empty', 'endless'] as const;

interface Step {
  readonly deed: Deed | Fault;
  readonly source: (typeof SOURCES)[number];
  readonly size: number;
  /** When its signal fires: at once, a little later, or never; -1 is before it is called. */
  readonly abort: -1 | 0 | 1 | undefined;
  /** Milliseconds that it may wait. */
  readonly timeout: number | undefined;
  /** Milliseconds until the next. */
  readonly pause: number;
}

interface Input {
  readonly seed: number;
  readonly network: { readonly cut: 'whole' | 'random' | 1; readonly window: number; readonly latency: number };
  readonly compress: boolean;
  readonly asyncAbove: number | false;
  readonly options: {
    readonly receiveQueue: number;
    readonly sendHighWater: number;
    readonly sendLimit: number;
    readonly maxMessageSize: number;
    readonly pingInterval: number | false;
    readonly closeTimeout: number;
    readonly turnBudget: number;
  };
  readonly client: readonly Step[];
  readonly server: readonly Step[];
}

const anySteps = fc.array(
  fc.record<Step>({
    deed: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...DEEDS) }, fc.constantFrom(...FAULTS)),
    source: fc.constantFrom(...SOURCES),
    size: fc.constantFrom(0, 1, 100, 700, 5000),
    abort: fc.constantFrom(undefined, undefined, undefined, -1 as const, 0 as const, 1 as const),
    timeout: fc.constantFrom(undefined, 0, 20, 1000),
    pause: fc.constantFrom(0, 0, 1, 30),
  }),
  { maxLength: 25 },
);

/** What a source throws. */
class SourceError extends Error {}

/** The times of a run, in milliseconds of its clock: longer than any deadline. */
const LONG = 60_000;

/**
 * An application of the promise API that does whatever it likes, both sides of it, over a network that fails: sources that throw, never
 * end or are of both kinds, signals, waits that time out, streams that are left, ends at any time.
 */
export const promiseApplication: Target<Input> = {
  name: 'promise-application',
  claim: 'all that an application awaits settles, messages come in order, and nothing is left',
  runs: 150,
  arbitrary: fc.record({
    seed: fc.nat(1000),
    network: fc.record({
      cut: fc.constantFrom('whole' as const, 'random' as const, 1 as const),
      window: fc.constantFrom(20, 1000, 65_536),
      latency: fc.constantFrom(0, 1, 20),
    }),
    compress: fc.boolean(),
    asyncAbove: fc.constantFrom(false as const, 500),
    options: fc.record({
      receiveQueue: fc.constantFrom(1, 2, 16),
      sendHighWater: fc.constantFrom(10, 1000, 65_536),
      sendLimit: fc.constantFrom(5000, 1_000_000),
      maxMessageSize: fc.constantFrom(500, 1_000_000),
      pingInterval: fc.constantFrom(100, 20_000, false as const),
      closeTimeout: fc.constantFrom(100, 10_000),
      turnBudget: fc.constantFrom(600, 4_000_000),
    }),
    client: anySteps,
    server: anySteps,
  }),
  check: (input) => run(input),
};

async function run({ seed, network: lanes, compress, asyncAbove, options, client, server }: Input): Promise<void> {
  const network = createNetwork({ seed, ...lanes, codec: zlibCodec() });
  const all = { ...options, compress: compress && { threshold: 0, asyncAbove } };
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  const { warn } = console;
  console.warn = () => {}; // a handler that returns at once is told of
  const sides = { client: new Side(network), server: new Side(network) };
  try {
    await network.listen({ ...all, host: 'server', onError: () => {} }, (ws) => sides.server.act(ws, server));
    void network.open('ws://server', all).then(
      (ws) => sides.client.act(ws, client),
      () => {},
    );
    await network.advance(LONG);
    for (const link of network.links) link.unstall();
    for (const { ws } of Object.values(sides)) ws?.terminate();
    await network.advance(LONG);
    for (const link of network.links) link.reset();
    await network.advance(LONG);
    for (const [name, { waiting, ws, isActing, wrong }] of Object.entries(sides)) {
      assert(wrong.length === 0, () => `${name}: ${wrong.join(', ')}`);
      assert(waiting.size === 0 && !isActing, () => `${name} still waits: ${[...waiting].join(', ')}`);
      assert(ws === undefined || ws.state === 'closed', `${name} has not ended`);
    }
    assert(isInOrder(sides.server.got) && isInOrder(sides.client.got), 'messages came out of order, or twice');
    assert(network.clock.timers === 0 && network.links.length === 0, 'something is left');
    assert(unhandled.length === 0, () => `unhandled: ${String(unhandled[0])}`);
  } finally {
    console.warn = warn;
    process.off('unhandledRejection', note);
  }
}

/** One side of it, and what it still waits for. */
class Side {
  readonly #network: Network;
  readonly waiting = new Set<string>();
  /** What no call is to throw or reject with. */
  readonly wrong: string[] = [];
  /** The numbers of the whole messages that were received. */
  readonly got: number[] = [];
  readonly #streams: MessageStream[] = [];
  #calls = 0;
  isActing = false;
  ws: WebSocket | undefined;

  constructor(network: Network) {
    this.#network = network;
  }

  async act(ws: WebSocket, steps: readonly Step[]): Promise<void> {
    this.ws = ws;
    this.isActing = true;
    for (const step of steps) {
      const aborter = new AbortController();
      if (step.abort === -1) aborter.abort(new SourceError('given up'));
      try {
        this.#do(ws, step, step.abort === undefined ? {} : { signal: aborter.signal });
      } catch (error) {
        this.#judge(step.deed, error);
      }
      if (step.abort === 1) setImmediate(() => aborter.abort(new SourceError('given up')));
      else aborter.abort(new SourceError('given up'));
      if (step.pause > 0) await this.#sleep(step.pause);
    }
    this.isActing = false;
  }

  #do(ws: WebSocket, { deed, source, size, timeout }: Step, options: { signal?: AbortSignal }): void {
    const [link] = this.#network.links;
    switch (deed) {
      case 'send':
        return this.#wait(deed, ws.send(`${++this.#calls} ${'é'.repeat(size)}`, options));
      case 'try to send':
        return void ws.trySend(`${++this.#calls} ${'e'.repeat(size)}`);
      case 'send fragments':
        return this.#wait(deed, ws.send(this.#source(source, size) as Iterable<string>, options));
      case 'ping':
        return this.#wait(deed, ws.ping());
      case 'pong':
        return ws.pong('x');
      case 'receive':
        return this.#receive(deed, ws.receive({ ...options, timeout }));
      case 'iterate': {
        const messages = ws[Symbol.asyncIterator]();
        this.#receive(deed, messages.next());
        return this.#wait('leave the loop', messages.return!());
      }
      case 'stream': {
        const stream = ws.receiveStream();
        this.#streams.push(stream);
        return this.#wait(deed, stream.next());
      }
      case 'go on':
        return this.#wait(deed, this.#streams.at(-1)?.next());
      case 'leave':
        return this.#wait(deed, this.#streams.pop()?.return());
      case 'close':
        return this.#wait(deed, ws.close(4000 + (size % 1000)));
      case 'terminate':
        return ws.terminate();
      case 'end':
        return link?.toServer.end();
      case 'refuse':
        return link?.toClient.refuse();
      case 'stand still':
        return this.#network.clock.standStill(size);
      case 'cut':
        return link?.toClient.cut(1);
      default:
        return link?.[deed]();
    }
  }

  #source(kind: Step['source'], size: number): unknown {
    const piece = 'f'.repeat(size);
    const sleep = (): Promise<void> => this.#sleep(10);
    switch (kind) {
      case 'list':
        return ['x', piece, ''];
      case 'empty':
        return [];
      case 'generator':
        return (function* () {
          for (let i = 0; i < 3; i++) yield new Uint8Array(size);
        })();
      case 'late':
        return (async function* () {
          for (let i = 0; i < 3; i++) {
            await sleep();
            yield piece;
          }
        })();
      case 'throwing':
        return (function* () {
          yield piece;
          throw new SourceError('thrown');
        })();
      case 'of both kinds':
        return (async function* () {
          yield piece;
          yield new Uint8Array(size);
        })();
      case 'never':
        return {
          [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => Promise.reject(kind) }),
        };
      case 'endless':
        return (function* () {
          for (let i = 0; i < 2000; i++) yield '';
        })();
    }
  }

  #receive(deed: string, message: Promise<string | Uint8Array | IteratorResult<string | Uint8Array>>): void {
    this.#wait(
      deed,
      message.then((got) => {
        const text: unknown = typeof got === 'object' && 'done' in got ? got.value : got;
        const number = typeof text === 'string' ? parseInt(text) : NaN;
        if (!Number.isNaN(number)) this.got.push(number);
      }),
    );
  }

  #wait(deed: string, promise: Promise<unknown> | undefined): void {
    const name = `${deed} ${this.#calls++}`;
    this.waiting.add(name);
    void promise?.catch((error: unknown) => this.#judge(deed, error)).finally(() => this.waiting.delete(name));
    if (promise === undefined) this.waiting.delete(name);
  }

  /** The end, a wait that was given up, a call at the wrong time, or what the source did. */
  #judge(deed: string, error: unknown): void {
    const isMixed = error instanceof TypeError && error.message.includes('either text or bytes');
    const isExpected = error instanceof SourceError || (isError(error) && 'kind' in error) || isMixed;
    if (!isExpected) this.wrong.push(`${deed}: ${String(error)}`);
  }

  #sleep(milliseconds: number): Promise<void> {
    const { clock } = this.#network;
    return new Promise((resolve) => clock.wakeAt(clock.now() + milliseconds, resolve));
  }
}

function isInOrder(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || number > numbers[i - 1]!);
}
