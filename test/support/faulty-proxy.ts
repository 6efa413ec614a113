/** A TCP proxy that does to connections what networks do, from a seed: the n-th connection always meets the same. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '../../drivers/pipe/random.ts';

/**
 * What a connection meets, in one of its two directions, which the seed chooses with the place:
 * - `slice`: comes in pieces of one to three bytes, and later in larger ones
 * - `delay`: each read waits for some milliseconds
 * - `cut`: both sides end in the middle
 * - `half-close`: one direction ends, the other goes on
 * - `reset`: both sides are reset
 * - `stall`: nothing comes any more, and nobody says so
 */
export const TROUBLES = ['none', 'slice', 'delay', 'cut', 'half-close', 'reset', 'stall'] as const;
export type Trouble = (typeof TROUBLES)[number];

export interface ProxyOptions {
  readonly port: number;
  readonly seed: number;
  /** What may happen, each as likely as the others. Default: all. */
  readonly troubles?: readonly Trouble[];
  /** The byte of a direction at which it happens is below this. Default 50,000. */
  readonly within?: number;
}

/** What happens in one direction. */
interface Fate {
  readonly trouble: Trouble;
  /** After how many bytes. */
  readonly after: number;
  readonly random: SeededRandom;
}

/** So many bytes are sliced finely: an opening handshake, and some frames. */
const FINE_SLICES = 1500;

export class FaultyProxy {
  /** What happened, and how often. `none` is counted when the connection comes, all others when they happen. */
  readonly injected: Record<Trouble, number>;
  readonly #options: ProxyOptions;
  readonly #random: SeededRandom;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  #count: number;

  private constructor(options: ProxyOptions) {
    this.injected = Object.fromEntries(TROUBLES.map((trouble) => [trouble, 0])) as Record<Trouble, number>;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#sockets = new Set();
    this.#count = 0;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Listens on 127.0.0.1, in front of the port of the options. */
  static async listen(options: ProxyOptions): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(options);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many faults were injected. */
  get faults(): number {
    return TROUBLES.reduce((sum, trouble) => sum + (trouble === 'none' ? 0 : this.injected[trouble]), 0);
  }

  /** Ends everything at once. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(near: Socket): void {
    const random = this.#random.fork(this.#count++);
    const { troubles = TROUBLES, within = 50_000, port } = this.#options;
    const trouble = troubles[random.uint32() % troubles.length];
    const towardsServer = random.fraction() < 0.5;
    // Low places are as likely as high ones are, whatever their number: handshakes are short.
    const after = Math.floor(within ** random.fraction());
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    }
    if (trouble === 'none') this.injected.none++;
    const fate = { trouble, after, random };
    const none: Fate = { ...fate, trouble: 'none' };
    void this.#carry(near, far, towardsServer ? fate : none);
    void this.#carry(far, near, towardsServer ? none : fate);
  }

  /** Carries one direction to its end, and on the way lets happen what is to. */
  async #carry(from: Socket, to: Socket, fate: Fate): Promise<void> {
    let carried = 0;
    let isLost = false; // what comes goes nowhere
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (isLost) continue;
        if ((fate.trouble === 'slice' || fate.trouble === 'delay') && carried === 0) this.injected[fate.trouble]++;
        const end = willEnd(fate) ? Math.min(chunk.length, fate.after - carried) : chunk.length;
        for (const piece of this.#pieces(chunk.subarray(0, end), carried, fate)) {
          if (fate.trouble === 'delay') await sleep(fate.random.between(0, 15));
          await written(to, piece);
          if (fate.trouble === 'slice') await nextTurn();
        }
        carried += end;
        if (!willEnd(fate) || carried < fate.after) continue;
        this.injected[fate.trouble]++;
        isLost = true;
        if (fate.trouble === 'half-close') to.end();
        else if (fate.trouble !== 'stall') for (const socket of [from, to]) endNow(socket, fate.trouble);
      }
      if (isLost && fate.trouble === 'stall') to.destroy();
      else to.end();
    } catch {
      // One side is gone: so is the other, as a peer's reset goes through a router.
      from.destroy();
      to.resetAndDestroy();
    }
  }

  *#pieces(bytes: Buffer, carried: number, { trouble, random }: Fate): Generator<Buffer> {
    if (trouble !== 'slice') return yield bytes;
    for (let at = 0; at < bytes.length;) {
      const size = 1 + (random.uint32() % (carried + at < FINE_SLICES ? 3 : 4000));
      yield bytes.subarray(at, (at += size));
    }
  }
}

function willEnd({ trouble }: Fate): boolean {
  return trouble === 'cut' || trouble === 'half-close' || trouble === 'reset' || trouble === 'stall';
}

function endNow(socket: Socket, trouble: Trouble): void {
  if (trouble === 'reset') socket.resetAndDestroy();
  else socket.destroy();
}

/** Writes, and waits until it has left: the next piece is a packet of its own. */
function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    if (bytes.length === 0) return resolve();
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
