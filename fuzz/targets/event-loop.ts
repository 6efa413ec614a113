import * as fc from 'fast-check';
import { type Cut, NetworkDriver, type Socket } from '../../drivers/pipe/index.ts';
import type { CloseInfo } from '../../protocol/index.ts';
import { assert, assertSame, type Target } from '../support/target.ts';

const SIDES = ['client', 'server'] as const;
type SideName = (typeof SIDES)[number];

type Step =
  | { readonly kind: 'send'; readonly side: SideName; readonly size: number }
  | { readonly kind: 'pause'; readonly side: SideName }
  | { readonly kind: 'resume'; readonly side: SideName }
  | { readonly kind: 'wait'; readonly time: number }
  | { readonly kind: 'stall'; readonly time: number };

interface Input {
  readonly latency: number;
  readonly cut: Cut;
  /** When the loop stands still in the opening handshake, in round trips, and for how long. */
  readonly opening: { readonly at: number; readonly stall: number };
  readonly steps: readonly Step[];
  /**
   * How it ends: not at all; with a Close frame whose answer is on its way when the loop stands still; with a side that has
   * said its last and is gone, while the other one writes; or with one whose writes fail.
   */
  readonly end: {
    readonly kind: 'none' | 'close' | 'vanish' | 'refuse';
    readonly side: SideName;
    readonly isOtherPaused: boolean;
    /** How much later, in one-way trips, the loop stands still, or the other side begins to write. */
    readonly delay: number;
    readonly stall: number;
    readonly writes: number;
  };
}

/** A deadline that passes by less than a second may hit who has not had the time to answer: the other side stands still, too. */
const anyStall = fc.oneof(fc.integer({ min: 0, max: 8000 }), fc.integer({ min: 25_000, max: 1_000_000 }));
const anySide = fc.constantFrom(...SIDES);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), side: anySide, size: fc.nat(3000) }),
  fc.record({ kind: fc.constant('pause' as const), side: anySide }),
  fc.record({ kind: fc.constant('resume' as const), side: anySide }),
  fc.record({ kind: fc.constant('wait' as const), time: fc.nat(60) }),
  fc.record({ kind: fc.constant('stall' as const), time: anyStall }),
);

/** Time for a ping, its deadline, closeTimeout and what a late loop gives back. */
const LONG = 80_000;

/**
 * Timers run before what has come is read, as in Node, after stalls of any length at any point; and writes fail while
 * something waits to be read.
 */
export const eventLoop: Target<Input> = {
  name: 'event-loop',
  claim: 'a loop that stands still, or a write that fails, loses no message, no close code and no healthy connection',
  runs: 400,
  arbitrary: fc.record({
    latency: fc.integer({ min: 1, max: 20 }),
    cut: fc.oneof(fc.constant<Cut>('whole'), fc.constant<Cut>('random'), fc.integer({ min: 1, max: 50 })),
    opening: fc.record({ at: fc.double({ min: 0, max: 3, noNaN: true }), stall: anyStall }),
    steps: fc.array(anyStep, { maxLength: 12 }),
    end: fc.record({
      kind: fc.constantFrom('none', 'close', 'vanish', 'refuse'),
      side: anySide,
      isOtherPaused: fc.boolean(),
      delay: fc.double({ min: 0, max: 3, noNaN: true }),
      // Whatever has come by then, has: any length will do.
      stall: fc.nat(1_000_000),
      writes: fc.nat(3),
    }),
  }),
  async check({ latency, cut, opening, steps, end }) {
    const network = new NetworkDriver({ latency, cut, window: 1 << 20, manual: true });
    const { clock } = network;
    const client = new Side();
    const server = new Side();
    await network.serve({ host: 'server' }, server.handlers);
    client.socket = network.connect('ws://server/', {}, client.handlers);
    clock.advanceSync(opening.at * 2 * latency);
    clock.standStill(opening.stall);
    clock.advanceSync(1000);
    const sides = { client, server };
    for (const name of SIDES) assert(sides[name].isOpen, `the ${name} is not open`);

    for (const step of steps) {
      if (step.kind === 'send') sides[step.side].send(step.size);
      else if (step.kind === 'pause') sides[step.side].pause();
      else if (step.kind === 'resume') sides[step.side].resume();
      else if (step.kind === 'wait') clock.advanceSync(step.time);
      else if (step.kind === 'stall') {
        clock.standStill(step.time);
        clock.settleSync();
      }
      for (const name of SIDES) {
        const { info } = sides[name];
        // Who has paused reads no ping, and answers none: its peer may give it up.
        const isGivenUp =
          info?.timer?.option === 'pongTimeout' && sides[name === 'client' ? 'server' : 'client'].isPaused;
        if (isGivenUp) return;
        assert(info === undefined, `the ${name} was killed at a ${step.kind}`);
      }
    }

    const one = sides[end.side];
    const other = end.side === 'client' ? server : client;
    for (const side of [one, other]) side.resume();
    if (end.kind === 'none') {
      clock.advanceSync(LONG);
      for (const name of SIDES) assert(sides[name].info === undefined, `the ${name} was killed`);
    } else if (end.kind === 'close') {
      clock.settleSync();
      one.socket!.close(4001);
      // The other side has answered.
      clock.advanceSync(latency * (1.01 + Math.min(end.delay, 0.9)));
      clock.standStill(end.stall);
      clock.advanceSync(LONG);
      for (const name of SIDES)
        assertSame([sides[name].info?.code, sides[name].info?.clean], [4001, true], `the ${name}`);
    } else {
      clock.settleSync();
      if (end.isOtherPaused) other.socket!.pause();
      one.send(1000);
      one.send(10);
      one.socket!.close(4001);
      const [link] = network.links;
      const direction = end.side === 'client' ? link.toClient : link.toServer;
      if (end.kind === 'refuse') direction.refuse();
      clock.advanceSync(0);
      if (end.kind === 'vanish') one.socket!.terminate();
      clock.advanceSync(latency * end.delay);
      clock.standStill(end.stall);
      for (let i = 0; i < end.writes; i++) {
        other.socket!.send('into the void');
        clock.advanceSync(0);
      }
      clock.advanceSync(LONG);
      assertSame(other.info?.code, 4001, 'the close code of the side that was told');
      assertSame(other.received, one.sent, 'what it received of what was sent to it');
      return;
    }
    assertSame(client.received, server.sent, 'what the client received');
    assertSame(server.received, client.sent, 'what the server received');
  },
};

class Side {
  socket: Socket | undefined = undefined;
  info: CloseInfo | undefined = undefined;
  isOpen = false;
  isPaused = false;
  readonly sent: string[] = [];
  readonly received: string[] = [];
  readonly handlers = {
    open: (socket: Socket) => {
      this.socket = socket;
      this.isOpen = true;
    },
    message: (_socket: Socket, data: string | Uint8Array) => void this.received.push(String(data)),
    close: (_socket: Socket, info: CloseInfo) => void (this.info = info),
  };

  pause(): void {
    this.isPaused = true;
    this.socket!.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.socket!.resume();
  }

  send(size: number): void {
    const text = `${this.sent.length} ${'.'.repeat(size)}`;
    this.sent.push(text);
    this.socket!.send(text);
  }
}
