import type { CloseFrame, CloseInfo, WebSocketError } from '../../protocol/index.ts';
import { ConnectionLostError } from '../../protocol/index.ts';
import { VirtualClock } from '../../drivers/pipe/virtual-clock.ts';
import type { BareListener, Driver } from '../../drivers/driver.ts';
import type { Handlers, Socket } from '../../drivers/socket/socket.ts';
import { CLIENT_OPTIONS, SERVER_OPTIONS } from '../../drivers/socket/options.ts';
import { NUMBER } from '../../protocol/internal.ts';

/** Something that was given to a FakeSocket to send. */
export type Sent =
  | { message: unknown; compress?: boolean }
  | { fragment: unknown; fin: boolean; compress?: boolean }
  | { ping: unknown }
  | { pong: unknown }
  | { close: number; reason: string };

type Token =
  | { start: boolean }
  | { chunk: string | Uint8Array }
  | { end: true }
  | { close: number; reason: string }
  | { info: () => CloseInfo }
  | { pong: number; roundTrip: number };

/**
 * The face of a Socket with no wire behind it: the test is the peer, the network and the transport. What arrives while
 * reading is paused waits, as it does in a real one. What one call brings came in one read.
 */
export class FakeSocket {
  data: any = undefined;
  context: unknown = undefined;
  readonly isServer: boolean;
  readonly url = 'ws://fake/';
  readonly protocol = 'chat';
  readonly extensions = '';
  readonly request = { path: '/' };
  readonly response = { status: 101 };
  readonly remoteAddress = '192.0.2.1';
  readonly clock: VirtualClock;
  readonly sendHighWater: number;
  state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';
  latency = NaN;
  closeInfo: CloseInfo | undefined = undefined;
  closeFrame: CloseFrame | undefined = undefined;

  readonly sent: Sent[] = [];
  /** What was called of these, in order. */
  readonly flow: ('pause' | 'stopReading' | 'resume' | 'streamNext')[] = [];
  /** While true, what is sent stays in the buffer. */
  stuck = false;
  bufferedAmount = 0;
  readonly traffic = { messagesSent: 0 };
  /** Whether nothing is read: it is paused, or has stopped reading. */
  paused = false;
  #isHolding = false;

  readonly #handlers: Handlers<any>;
  #incoming: Token[] = [];
  /** How many of them came in the read that is dealt with. */
  #rest = 0;
  #processing = false;
  #wantsStream = false;
  #streaming = false;
  #binary = false;
  #parts: (string | Uint8Array)[] = [];
  #isInside = false;
  #isOver = false;
  #fragmenting = false;
  #pings = 0;
  #closeSent: CloseFrame | undefined = undefined;

  constructor(handlers: Handlers<any>, options: { isServer?: boolean; highWater?: number; clock?: VirtualClock } = {}) {
    this.#handlers = handlers;
    this.isServer = options.isServer ?? false;
    this.sendHighWater = options.highWater ?? 64 * 1024;
    this.clock = options.clock ?? new VirtualClock({ manual: true });
  }

  get asSocket(): Socket<any> {
    return this as unknown as Socket<any>;
  }

  // What the promise API calls.

  send(message: unknown, options?: { compress?: boolean }): boolean {
    if (this.state !== 'open') return false;
    if (this.#fragmenting) throw new Error('a message inside a fragmented one');
    this.sent.push({ message, ...(options?.compress === undefined ? {} : { compress: options.compress }) });
    return this.#buffer(message);
  }

  sendFragment(fragment: unknown, fin: boolean, options?: { compress?: boolean }): boolean {
    if (this.state !== 'open') return false;
    this.#fragmenting = !fin;
    this.sent.push({ fragment, fin, ...(options?.compress === undefined ? {} : { compress: options.compress }) });
    return this.#buffer(fragment);
  }

  ping(ping?: unknown): number {
    if (this.state !== 'open') return 0;
    this.sent.push({ ping });
    return ++this.#pings;
  }

  pong(pong?: unknown): void {
    if (this.state === 'open') this.sent.push({ pong });
  }

  close(code = 1000, reason = ''): void {
    if (code < 1000 || code === 1006 || code > 4999) throw new RangeError(`${code} is not a close code`);
    if (typeof reason !== 'string') throw new TypeError('not a reason');
    if (reason.length > 123) throw new RangeError('the reason is too long');
    if (this.state !== 'open') return;
    this.state = 'closing';
    this.#closeSent = { code, reason };
    this.sent.push({ close: code, reason });
  }

  terminate(error?: WebSocketError): void {
    if (this.#isOver) return;
    this.#incoming = [];
    this.#isHolding = this.paused = false;
    this.state = 'closed';
    this.lose(error ?? new ConnectionLostError('terminated'));
  }

  pause(): void {
    this.flow.push('pause');
    this.#isHolding = this.paused = true;
  }

  stopReading(): void {
    this.flow.push('stopReading');
    this.paused = true;
  }

  stopReadingSoon(): void {
    this.stopReading();
  }

  resume(): void {
    this.flow.push('resume');
    this.#isHolding = this.paused = false;
    this.#process();
  }

  streamNext(): void {
    this.flow.push('streamNext');
    this.#wantsStream = true;
    if (this.#isInside) this.#startStreaming();
  }

  // What the test does.

  open(): void {
    this.state = 'open';
    this.#handlers.open?.(this.asSocket);
  }

  /** Whole messages arrive. */
  arrive(...messages: (string | Uint8Array)[]): void {
    for (const message of messages) this.arriveTogether(message);
  }

  /** Messages arrive in one read. */
  arriveTogether(...messages: (string | Uint8Array)[]): void {
    this.#take(
      ...messages.flatMap((chunk) => [{ start: typeof chunk !== 'string' }, { chunk }, { end: true as const }]),
    );
  }

  /** A message arrives piece by piece: its beginning, then any number of pieces, then its end. */
  begin(binary = false): void {
    this.#take({ start: binary });
  }

  piece(chunk: string | Uint8Array): void {
    this.#take({ chunk });
  }

  finish(): void {
    this.#take({ end: true });
  }

  pongs(id: number, roundTrip: number): void {
    this.#take({ pong: id, roundTrip });
  }

  /** The peer's Close frame arrives. */
  peerCloses(code = 1000, reason = ''): void {
    this.#take({ close: code, reason });
  }

  /** The transport is gone: after a closing handshake, or without one. */
  lose(error?: WebSocketError): void {
    // Told when its turn comes, after what waits.
    this.#take({
      info: () => {
        const { closeFrame: received } = this;
        const sent = this.#closeSent;
        const clean = received !== undefined && sent !== undefined;
        return {
          code: received?.code ?? 1006,
          reason: received?.reason ?? '',
          clean,
          received,
          sent,
          first: undefined,
          error: clean ? undefined : (error ?? new ConnectionLostError('gone')),
        };
      },
    });
  }

  /** The peer closes and the transport ends. */
  peerEnds(code = 1000, reason = ''): void {
    this.peerCloses(code, reason);
    this.lose();
  }

  /** The end, as the test has it. */
  end(info: CloseInfo): void {
    this.#take({ info: () => info });
  }

  /** Everything that was buffered goes out; what is sent from now on stays only if it is stuck again. */
  drain(stuck = false): void {
    this.stuck = stuck;
    const wasOver = this.bufferedAmount >= this.sendHighWater;
    this.bufferedAmount = 0;
    if (wasOver && !this.#isOver) this.#handlers.drain?.(this.asSocket);
  }

  /** What waits while reading is paused. */
  get held(): number {
    return this.#incoming.length;
  }

  #buffer(data: unknown): boolean {
    if (!this.stuck) return true;
    this.bufferedAmount += typeof data === 'string' ? data.length : (data as Uint8Array).byteLength;
    return this.bufferedAmount < this.sendHighWater;
  }

  #take(...tokens: Token[]): void {
    if (this.#isOver) return;
    this.#incoming.push(...tokens);
    this.#process();
  }

  #process(): void {
    if (this.#processing) return;
    this.#processing = true;
    while (this.#incoming.length > 0 && !this.#isHolding && (!this.paused || this.#rest > 0)) {
      if (!this.paused) this.#rest = this.#incoming.length;
      this.#rest--;
      this.#emit(this.#incoming.shift()!);
    }
    this.#processing = false;
  }

  #startStreaming(): void {
    this.#wantsStream = false;
    this.#streaming = true;
    this.#handlers.messageStart?.(this.asSocket, this.#binary);
    for (const part of this.#parts.splice(0)) {
      if (part.length > 0) this.#handlers.messageChunk?.(this.asSocket, part);
    }
  }

  #emit(token: Token): void {
    const handlers = this.#handlers;
    const socket = this.asSocket;
    if ('start' in token) {
      this.#isInside = true;
      this.#binary = token.start;
      this.#parts = [];
      if (this.#wantsStream) this.#startStreaming();
    } else if ('chunk' in token) {
      if (!this.#streaming) this.#parts.push(token.chunk);
      else if (token.chunk.length > 0) handlers.messageChunk?.(socket, token.chunk);
    } else if ('end' in token) {
      this.#isInside = false;
      const parts = this.#parts.splice(0);
      if (this.#streaming) {
        this.#streaming = false;
        handlers.messageEnd?.(socket);
      } else {
        const data = this.#binary ? Buffer.concat(parts as Uint8Array[]) : parts.join('');
        handlers.message?.(socket, data, this.#binary);
      }
    } else if ('pong' in token) {
      handlers.pong?.(socket, new Uint8Array(0), token.pong, token.roundTrip);
    } else if ('close' in token) {
      const { close: code, reason } = token;
      this.state = 'closing';
      this.closeFrame = { code, reason };
      this.#closeSent ??= { code, reason };
      handlers.closeFrame?.(socket, code, reason);
    } else {
      this.#isOver = true;
      this.state = 'closed';
      this.bufferedAmount = 0;
      this.closeInfo = token.info();
      handlers.close?.(socket, this.closeInfo);
    }
  }
}

/** A driver of FakeSockets: `sockets` has them all, in the order of their making. */
export class FakeDriver implements Driver<any, any> {
  readonly sockets: FakeSocket[] = [];
  readonly clock = new VirtualClock({ manual: true });
  readonly clientOptions = CLIENT_OPTIONS;
  readonly serverOptions = { ...SERVER_OPTIONS, port: NUMBER };
  handlers: Handlers<any> = {};
  /** What connect was called with. */
  options: unknown;
  highWater = 64 * 1024;
  isListening = false;
  #nothingLeft: () => void = () => {};
  #live = 0;

  connect(url: string | URL, options: { signal?: AbortSignal }, handlers: Handlers<any>): Socket<any> {
    if (String(url).includes('#')) throw new SyntaxError('a fragment');
    const socket = new FakeSocket(handlers, { clock: this.clock, highWater: this.highWater });
    options.signal?.addEventListener('abort', () => {
      if (socket.state === 'connecting') socket.lose();
    });
    this.options = options;
    this.sockets.push(socket);
    return socket.asSocket;
  }

  async serve(options: any, handlers: Handlers<any>): Promise<BareListener> {
    if (options.port === 1) throw new Error('EACCES');
    this.isListening = true;
    this.handlers = {
      ...handlers,
      close: (socket, info) => {
        handlers.close?.(socket, info);
        this.#live--;
        if (!this.isListening && this.#live === 0) this.#nothingLeft();
      },
    };
    const closed = new Promise<void>((resolve) => (this.#nothingLeft = resolve));
    return {
      address: { address: '127.0.0.1', family: 'IPv4', port: options.port ?? 0 },
      port: options.port ?? 0,
      url: `ws://127.0.0.1:${options.port ?? 0}`,
      connections: new Set(),
      stopListening: () => {
        this.isListening = false;
        if (this.#live === 0) this.#nothingLeft();
      },
      closed,
    };
  }

  /** A client of the listener's: its connection, open. */
  accept(): FakeSocket {
    const socket = this.#arrives();
    socket.open();
    return socket;
  }

  /** One whose opening handshake fails. */
  refuse(): void {
    this.#arrives().lose();
  }

  #arrives(): FakeSocket {
    const socket = new FakeSocket(this.handlers, { isServer: true, clock: this.clock, highWater: this.highWater });
    this.sockets.push(socket);
    this.#live++;
    return socket;
  }
}

/** Lets every promise that can settle by itself do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
