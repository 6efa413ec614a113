import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  open,
  type CloseInfo,
  type NodeClientOptions,
  type ReconnectState,
  type WebSocket,
  WebSocketError,
} from '../index.ts';
import { every, sleep } from './clock.ts';
import { aborted, Exit, UsageError, untilInterrupted } from './exit.ts';
import { duration, paint, printable } from './terminal.ts';

export interface ConnectOptions {
  header?: Record<string, string>;
  subprotocol?: string[];
  origin?: string;
  proxy?: string;
  insecure?: boolean;
  timeout: number;
  json?: boolean;
  binary: 'hex' | 'base64' | 'file';
  compress?: boolean;
  reconnect?: boolean;
  ping?: number;
  exec?: string[];
  wait?: number;
  once?: boolean;
}

/** How long messages are waited for after the last line of a pipe, in seconds. */
const WAIT = 1;

/** `sansocket connect URL`. */
export async function connect(url: string, options: ConnectOptions): Promise<number> {
  const interrupted = untilInterrupted();
  const show = new Display(options);
  const clientOptions: NodeClientOptions = {
    headers: { ...options.header },
    subprotocols: options.subprotocol ?? [],
    handshakeTimeout: options.timeout * 1000,
    signal: interrupted,
    ...(options.origin === undefined ? {} : { origin: options.origin }),
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
    ...(options.insecure ? { tls: { rejectUnauthorized: false } } : {}),
    ...(options.compress ? { compress: true } : {}),
  };
  const lines = new Lines(options, interrupted);
  show.onShown = () => lines.redraw();
  try {
    if (!options.reconnect) {
      const exit = await converse(await open(url, clientOptions), options, lines, show, interrupted);
      if (options.once) return exit;
      await lines.readOn();
      return lines.hasUnsent ? show.unsent() : exit;
    }
    const onState = (now: ReconnectState): void => {
      if (now.state !== 'waiting') return;
      show.note(`${now.error === undefined ? 'ended' : (now.error as Error).message}; again in ${duration(now.delay)}`);
    };
    for await (const ws of open.reconnecting(url, { ...clientOptions, onState })) {
      await converse(ws, options, lines, show, interrupted);
      if (interrupted.aborted || (options.once && show.hasMessage)) return Exit.OK;
      if (lines.isDone && !lines.isWaiting) break;
    }
    return lines.hasUnsent ? show.unsent() : Exit.OK;
  } catch (error) {
    if (interrupted.aborted) return Exit.OK;
    if (error instanceof UsageError) throw error;
    show.failed(error as Error);
    return error instanceof WebSocketError ? Exit.UNREACHABLE : Exit.USAGE;
  } finally {
    lines.end();
  }
}

async function converse(
  ws: WebSocket,
  options: ConnectOptions,
  lines: Lines,
  show: Display,
  interrupted: AbortSignal,
): Promise<number> {
  show.opened(ws);
  const stopPings = options.ping === undefined ? () => {} : every(options.ping * 1000, () => void ping(ws, show));
  const onInterrupt = (): void => void ws.close();
  interrupted.addEventListener('abort', onInterrupt);
  const over = new AbortController();
  let wrong: UsageError | undefined;
  const onWrong = (error: UsageError): void => {
    // Who types sees it and types again; a script is wrong, and told so.
    if (lines.isTerminal) return show.note(error.message);
    wrong ??= error;
    void ws.close();
  };
  const onEnd = async (): Promise<void> => {
    // The end of a pipe: what is still to come has a moment to.
    await sleep((options.wait ?? WAIT) * 1000, AbortSignal.any([interrupted, over.signal]));
    await ws.close();
  };
  lines.for(ws, onEnd, onWrong);
  try {
    for await (const message of ws) {
      show.message(message);
      if (!options.once) continue;
      void ws.close();
      break; // what else has come stays unread
    }
  } catch {
    // Told below, with how it ended.
  }
  const info = await ws.closed;
  over.abort();
  stopPings();
  interrupted.removeEventListener('abort', onInterrupt);
  show.closed(info);
  if (wrong !== undefined) throw wrong;
  return info.clean && (info.code === 1000 || info.code === 1001 || info.code === 1005) ? Exit.OK : Exit.FAILED;
}

async function ping(ws: WebSocket, show: Display): Promise<void> {
  try {
    show.note(`pong after ${duration(await ws.ping())}`);
  } catch {
    // The end is told elsewhere.
  }
}

/** What is to be sent: of --exec, then the lines of the standard input. */
class Lines {
  readonly #reader: ReturnType<typeof createInterface>;
  #ws: WebSocket | undefined;
  #atEnd: (() => Promise<void>) | undefined;
  #onWrong: (error: UsageError) => void;
  #waiting: string[];
  /** How many lines are on their way out. */
  #sending: number;
  /** Whether a connection has ended with lines on their way. */
  #hasLost: boolean;
  /** Whether somebody types them. */
  readonly isTerminal: boolean;
  isDone: boolean;

  constructor(options: ConnectOptions, interrupted: AbortSignal) {
    this.#waiting = [...(options.exec ?? [])];
    this.#sending = 0;
    this.#hasLost = false;
    this.isDone = false;
    const { stdin, stdout } = process;
    const terminal = stdin.isTTY === true && stdout.isTTY === true && !options.json;
    this.isTerminal = terminal;
    this.#onWrong = () => {};
    this.#reader = createInterface({ input: stdin, output: terminal ? stdout : undefined, terminal, prompt: '> ' });
    this.#reader.on('line', (line) => this.#send(line));
    this.#reader.on('close', () => {
      this.isDone = true;
      if (this.#sending === 0) void this.#atEnd?.();
    });
    // On a terminal, readline takes Ctrl-C for itself.
    this.#reader.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    void aborted(interrupted).then(() => this.end());
  }

  /** Whether lines have come that wait for a connection. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether lines have come that were not sent. */
  get hasUnsent(): boolean {
    return this.isWaiting || this.#hasLost;
  }

  /** The connection is over: what lies in a pipe still is read for a moment, and one in which nothing does may stay open. */
  async readOn(): Promise<void> {
    if (this.isTerminal || this.isDone || this.hasUnsent) return;
    this.#reader.resume();
    const moment = sleep(100).then(() => new Promise(setImmediate));
    await Promise.race([once(this.#reader, 'line'), once(this.#reader, 'close'), moment]);
  }

  /** Sends to this connection from here on. `onWrong` is told of a line that can't be sent. */
  for(ws: WebSocket, atEnd: () => Promise<void>, onWrong: (error: UsageError) => void): void {
    this.#ws = ws;
    this.#atEnd = atEnd;
    this.#onWrong = onWrong;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const line of waiting) this.#send(line);
    if (this.isDone && this.#sending === 0) void atEnd();
    else this.#resume();
    this.redraw();
  }

  /** Shows what is being typed again, below what was printed over it. */
  redraw(): void {
    if (this.isTerminal && !this.isDone) this.#reader.prompt(true);
  }

  end(): void {
    this.#reader.close();
  }

  #send(line: string): void {
    if (this.#ws === undefined || this.#ws.state !== 'open') {
      this.#waiting.push(line);
      return this.#pause();
    }
    try {
      const sent = this.#ws.send(toMessage(line));
      this.#sending++;
      this.#pause();
      // A failure is the connection's end, which is told.
      void sent.catch(() => (this.#hasLost = true)).then(() => this.#sent());
    } catch (error) {
      this.#onWrong(error as UsageError);
    }
    this.redraw();
  }

  #sent(): void {
    if (--this.#sending > 0) return;
    if (this.isDone) void this.#atEnd?.();
    else this.#resume();
  }

  /** A pipe is read no faster than its lines are sent. Whoever types is slower than that. */
  #pause(): void {
    if (!this.isTerminal && !this.isDone) this.#reader.pause();
  }

  #resume(): void {
    if (!this.isTerminal && !this.isDone) this.#reader.resume();
  }
}

/**
 * A line is a text message. `0x00ff`, `base64:…` and `@FILE` are bytes; a backslash before takes a line as it is.
 * Throws a UsageError for what is no hex, and for a file that can't be read.
 */
function toMessage(line: string): string | Uint8Array {
  const match = /^(0x|base64:|@)(.+)$/.exec(line);
  if (match === null) return line.startsWith('\\') ? line.slice(1) : line;
  const [, form, rest] = match;
  if (form === '@') {
    try {
      return readFileSync(rest);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  }
  if (form === '0x' && /^([\da-f]{2}\s*)+$/i.test(rest)) return Buffer.from(rest.replace(/\s/g, ''), 'hex');
  if (form === 'base64:') return Buffer.from(rest, 'base64');
  throw new UsageError(`'${line}' is no hex`);
}

/** What is shown of a connection, for people or as JSON. */
class Display {
  readonly #options: ConnectOptions;
  readonly #isTerminal: boolean;
  /** Is told that something was printed for people. */
  onShown: () => void;
  /** Whether a message was shown. */
  hasMessage: boolean;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.onShown = () => {};
    this.hasMessage = false;
    this.#isTerminal = process.stdout.isTTY === true;
  }

  opened({ url, protocol, extensions, remoteAddress }: WebSocket): void {
    if (this.#options.json) return this.#json({ event: 'open', url, protocol, extensions, remoteAddress });
    const more = [protocol, extensions].filter((text) => text !== '').map((text) => `, ${text}`);
    this.note(`open ${url}${more.join('')}`);
  }

  message(message: string | Uint8Array): void {
    this.hasMessage = true;
    const { json, binary } = this.#options;
    if (typeof message === 'string') {
      if (json) return this.#json({ event: 'text', data: message });
      return this.#line(this.#isTerminal ? `${paint('green', '<')} ${printable(message)}` : message);
    }
    const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    const form = binary === 'base64' ? 'base64' : 'hex';
    if (json) return this.#json({ event: 'binary', length: bytes.length, [form]: bytes.toString(form) });
    if (binary === 'file') return void process.stdout.write(bytes);
    const text = (form === 'hex' ? '0x' : 'base64:') + bytes.toString(form);
    this.#line(this.#isTerminal ? `${paint('magenta', '<')} ${text}` : text);
  }

  closed({ code, reason, clean, error }: CloseInfo): void {
    if (this.#options.json) return this.#json({ event: 'close', code, reason, clean, error: error?.message });
    this.note(
      `closed ${code}${reason === '' ? '' : ` ${printable(reason)}`}${error === undefined ? '' : `: ${error.message}`}`,
    );
  }

  unsent(): Exit {
    this.note('not all lines were sent');
    return Exit.FAILED;
  }

  failed({ name, message }: Error): void {
    if (this.#options.json) this.#json({ event: 'error', name, message });
    else process.stderr.write(`${paint('red', 'error')} ${printable(message)}\n(sansocket doctor looks closer)\n`);
  }

  /** What is no message: for people, and not in the way of a pipe. */
  note(text: string): void {
    if (this.#options.json) this.#json({ event: 'note', text });
    else this.#print(process.stderr, paint('dim', `${new Date().toISOString().slice(11, 23)} ${text}`));
  }

  #line(text: string): void {
    this.#print(process.stdout, text);
  }

  /** On a terminal it takes the place of the line that is being typed, which comes again below. */
  #print(stream: NodeJS.WriteStream, text: string): void {
    stream.write(this.#isTerminal ? `\r\u001b[K${text}\n` : `${text}\n`);
    this.onShown();
  }

  #json(event: object): void {
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
  }
}
