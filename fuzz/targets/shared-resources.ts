import * as fc from 'fast-check';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { adopt, broadcast, type Handlers, type Socket } from '../../drivers/node/index.ts';
import type { CloseInfo } from '../../protocol/index.ts';
import { duplexPair } from '../../test/drivers/node/client/duplex-pair.ts';
import { settled } from '../support/settled.ts';
import { assert, assertSame, type Target } from '../support/target.ts';

const ACTS = [
  ...['send', 'send', 'send prepared', 'send in fragments', 'bomb', 'many', 'ping', 'pause', 'resume', 'stream'],
  ...['broadcast', 'turn', 'turn', 'throw', 'throw late', 'close', 'terminate', 'break'],
] as const;
type Act = (typeof ACTS)[number];

interface Input {
  readonly pairs: number;
  readonly compress: boolean;
  readonly takeover: boolean;
  readonly asyncAbove: number;
  readonly turnBudget: number;
  /** Which end does what, with a size that may matter. */
  readonly steps: readonly { readonly who: number; readonly act: Act; readonly size: number }[];
}

const storage = new AsyncLocalStorage<string>();

/**
 * Connections that share a thread: its slab, its turns, its timers, its pool of contexts and its clock. Each has an asynchronous
 * context of its own and sends what only it would.
 */
export const sharedResources: Target<Input> = {
  name: 'shared-resources',
  claim:
    'connections of one thread get their own messages, whole and in order, in their own context, whatever others do',
  runs: 300,
  arbitrary: fc.record({
    pairs: fc.integer({ min: 2, max: 4 }),
    compress: fc.boolean(),
    takeover: fc.boolean(),
    asyncAbove: fc.constantFrom(0, 100, 5000),
    turnBudget: fc.constantFrom(1, 4096, 4 << 20),
    steps: fc.array(
      fc.record({
        who: fc.nat(7),
        act: fc.constantFrom(...(ACTS as readonly Act[])),
        size: fc.oneof(fc.nat(200), fc.nat(20_000), fc.constant(100_000)),
      }),
      { minLength: 1, maxLength: 30 },
    ),
  }),
  async check(input) {
    const wrong: string[] = [];
    const ends: End[] = [];
    for (let i = 0; i < input.pairs; i++) {
      const [here, there] = duplexPair();
      const [a, b] = [new End(`server ${i}`, wrong), new End(`client ${i}`, wrong)];
      [a.peer, b.peer] = [b, a];
      a.adopt(here, 'server', input);
      b.adopt(there, 'client', input);
      ends.push(a, b);
    }
    for (const { who, act, size } of input.steps) {
      if (act === 'turn') await nextTurn();
      else if (act === 'broadcast') sendToAll(ends, size);
      // Whoever makes them do something is somebody else.
      else storage.run('nobody', () => ends[who % ends.length]!.perform(act, size));
    }
    for (const end of ends) storage.run('nobody', () => end.socket.resume());
    // What is deflated off the thread comes when it comes.
    await settled(() => !ends.some((end) => end.owes));
    for (const end of ends) end.check();
    storage.run('nobody', () => ends.forEach(({ socket }) => socket.close()));
    await settled(() => !ends.some(({ info }) => info === undefined));
    for (const end of ends) assert(end.closes === 1, `${end.name} was closed ${end.closes} times`);
    assertSame(wrong, [], 'in the context of another');
  },
};

function sendToAll(ends: readonly End[], size: number): void {
  const all = ends.filter(({ socket, fragment }) => socket.state === 'open' && !fragment);
  const message = `everybody ${'*'.repeat(size)}`;
  for (const { sent } of all) sent.push(message);
  broadcast(
    all.map(({ socket }) => socket),
    message,
    { slow: 'send' },
  );
}

/** One end of a connection. */
class End {
  readonly name: string;
  peer!: End;
  socket!: Socket;
  readonly sent: string[] = [];
  readonly received: string[] = [];
  info: CloseInfo | undefined = undefined;
  closes = 0;
  /** Whether the first fragment of a message has gone. */
  fragment = false;
  /** Whether it or its peer has been made to end. */
  isDoomed = false;
  #pieces: string[] = [];
  #stream!: Duplex;
  readonly #wrong: string[];

  constructor(name: string, wrong: string[]) {
    this.name = name;
    this.#wrong = wrong;
  }

  adopt(stream: Duplex, role: 'client' | 'server', input: Input): void {
    const { compress, takeover, asyncAbove, turnBudget } = input;
    const extensions = takeover
      ? 'permessage-deflate'
      : 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
    const opening = compress
      ? { extensions, compress: { threshold: 0, asyncAbove: asyncAbove || (false as const) } }
      : {};
    const options = { turnBudget, pingInterval: false, closeTimeout: 20, sendLimit: false } as const;
    this.#stream = stream;
    stream.on('error', () => {});
    storage.run(this.name, () => {
      this.socket = adopt(stream, new Uint8Array(0), { role, ...opening }, options, this.#handlers());
    });
  }

  /** Whether its peer has sent what has not come, and both are well. */
  get owes(): boolean {
    return !this.isDoomed && this.received.length < this.peer.sent.length;
  }

  perform(act: Exclude<Act, 'turn' | 'broadcast'>, size: number): void {
    const { socket } = this;
    if (socket.state !== 'open') return;
    const text = `${this.name}, message ${this.sent.length}: ${this.name[0]!.repeat(size)}`;
    if (this.fragment && act.startsWith('send')) act = 'send in fragments';
    switch (act) {
      case 'send':
        // It may have come, and led to the end, before this returns.
        socket.send(text);
        this.sent.push(text);
        break;
      case 'send prepared':
        socket.sendPrepared(socket.prepare(text));
        this.sent.push(text);
        break;
      case 'send in fragments':
        socket.sendFragment(this.fragment ? 'b' : `${this.name} a`, this.fragment);
        if (this.fragment) this.sent.push(`${this.name} ab`);
        this.fragment = !this.fragment;
        break;
      case 'bomb':
      case 'many':
        for (let i = 0; i < (act === 'bomb' ? 3 : 200) && !this.fragment; i++) {
          const message = act === 'bomb' ? `bomb of ${this.name} ${' '.repeat(1 << 18)}` : `${i}`;
          socket.send(message);
          this.sent.push(message);
        }
        break;
      case 'ping':
        socket.ping();
        break;
      case 'pause':
        socket.pause();
        break;
      case 'resume':
        socket.resume();
        break;
      case 'stream':
        socket.streamNext();
        break;
      case 'throw':
      case 'throw late':
        if (this.fragment) break;
        this.#doom();
        socket.send(act);
        break;
      case 'close':
        this.#doom();
        socket.close(4000);
        break;
      case 'terminate':
        this.#doom();
        socket.terminate();
        break;
      default:
        // Its stream is gone in the middle of what is written.
        this.#doom();
        if (!this.fragment) this.sent.push(text);
        if (!this.fragment) socket.send(text);
        this.#stream.destroy(new Error('broken'));
    }
  }

  check(): void {
    const due = this.peer.sent;
    const isPrefix = this.received.every((text, i) => text === due[i]);
    assert(isPrefix, () => `${this.name} received what was not sent to it: ${shown(this.received)} of ${shown(due)}`);
    const isWhole = this.received.length === due.length || this.isDoomed;
    assert(
      this.isDoomed || this.info === undefined,
      () => `${this.name} was ended: ${String(this.info?.error?.stack)}`,
    );
    assert(isWhole, () => `${this.name} received ${this.received.length} of ${due.length}, ${this.socket.state}`);
    assert(
      this.isDoomed || this.info === undefined,
      () => `${this.name} was ended: ${String(this.info?.error?.stack)}`,
    );
  }

  #doom(): void {
    this.isDoomed = true;
    this.peer.isDoomed = true;
  }

  #handlers(): Handlers {
    const take = (data: string): void | Promise<void> => {
      if (data === 'throw') throw new Error('of a handler');
      if (data === 'throw late')
        return nextTurn().then(() => {
          throw new Error('later');
        });
      this.received.push(data);
    };
    const handlers: Record<string, (...given: any[]) => unknown> = {
      message: (_socket: Socket, data: string) => take(data),
      messageStart: () => (this.#pieces = []),
      messageChunk: (_socket: Socket, chunk: string) => this.#pieces.push(chunk),
      messageEnd: () => take(this.#pieces.join('')),
      close: (_socket: Socket, info: CloseInfo) => {
        this.closes++;
        this.info = info;
      },
    };
    for (const kind of ['open', 'ping', 'pong', 'drain', 'closeFrame', 'fault', 'error', 'ending'])
      handlers[kind] = () => {};
    const noted = Object.entries(handlers).map(([kind, handler]) => [
      kind,
      (...given: unknown[]) => {
        const context = storage.getStore();
        if (context !== this.name) this.#wrong.push(`${kind} of ${this.name} in ${String(context)}`);
        const result = handler(...given);
        return kind === 'message' || kind === 'messageEnd' ? result : undefined;
      },
    ]);
    return Object.fromEntries(noted) as Handlers;
  }
}

function shown(texts: readonly string[]): string {
  return texts.map((text) => `${text.slice(0, 40)} (${text.length})`).join('; ');
}
