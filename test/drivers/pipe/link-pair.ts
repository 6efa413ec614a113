import { Link } from '../../../drivers/pipe/link.ts';
import type { TransportEnd } from '../../../drivers/pipe/link-end.ts';
import type { LinkOptions } from '../../../drivers/pipe/link-options.ts';
import { SeededRandom } from '../../../drivers/pipe/random.ts';
import type { TraceEntry } from '../../../drivers/pipe/trace.ts';
import { VirtualClock } from '../../../drivers/pipe/virtual-clock.ts';

/** A link on a manual clock, with a handler at each end that writes down what it is told. */
export function connectPair(options: LinkOptions = {}, seed = 1, { startServer = true } = {}) {
  const clock = new VirtualClock({ manual: true });
  const trace: TraceEntry[] = [];
  let closed = 0;
  const link = new Link({
    clock,
    random: new SeededRandom(seed),
    options: [options],
    trace: (entry) => trace.push(entry),
    onClosed: () => closed++,
  });
  const client = new RecordingEnd(clock, link.client);
  const server = new RecordingEnd(clock, link.server);
  client.start();
  if (startServer) server.start();
  return { clock, link, client, server, trace, closed: () => closed };
}

/** 0, 1, 2, … */
export function numbered(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i);
}

/** Whether these are the same bytes: `toEqual` takes a second for what this does in a microsecond. */
export function isSame(a: unknown, b: Uint8Array): boolean {
  return a instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

/** A handler that writes down what it is told, and holds the transport to its contract. */
export class RecordingEnd {
  readonly end: TransportEnd;
  readonly log: string[] = [];
  readonly lent: Uint8Array[] = [];
  lost = 0;
  /** Whether a write was not taken whole and no drain has followed. */
  waiting = false;
  onData: (bytes: Uint8Array) => void = () => {};
  onEnd: () => void = () => {};
  private readonly clock: VirtualClock;
  private readonly chunks: number[] = [];
  private ends = 0;

  constructor(clock: VirtualClock, end: TransportEnd) {
    this.clock = clock;
    this.end = end;
    const write = end.write.bind(end);
    end.write = (chunks) => {
      const whole = write(chunks);
      this.waiting ||= !whole;
      return whole;
    };
  }

  get received(): Uint8Array {
    return Uint8Array.from(this.chunks);
  }

  get text(): string {
    return new TextDecoder().decode(this.received);
  }

  start(): void {
    this.end.start({
      onData: (bytes) => {
        if (bytes.length === 0) throw new Error('data without bytes');
        this.note(`data ${new TextDecoder().decode(bytes)}`);
        if (this.ends > 0) throw new Error('data after the end');
        this.chunks.push(...bytes);
        this.lent.push(bytes);
        this.onData(bytes);
      },
      onDrain: () => {
        this.note('drain');
        this.waiting = false;
        if (this.end.bufferedAmount !== 0) throw new Error('a drain with bytes buffered');
      },
      onEnd: () => {
        this.note('end');
        if (this.ends++ > 0) throw new Error('two ends');
        this.onEnd();
      },
      onLost: (error) => {
        this.note(`lost ${error === undefined ? 'undefined' : (error as { code?: string }).code}`);
        this.lost++;
      },
    });
  }

  write(...texts: string[]): boolean {
    return this.end.write(texts.map((text) => new TextEncoder().encode(text)));
  }

  private note(line: string): void {
    if (this.lost > 0) throw new Error(`${line}, after it was lost`);
    this.log.push(`${this.clock.now()} ${line}`);
  }
}
