/**
 * Two connected cores and the wire between them: one state of the exploration. It moves by moves, checks the laws after
 * each, and tells itself from other states by a fingerprint. A core can't be copied, so a state is made by its moves.
 */
import { Connection, type Event, EventQueue, Phase, TransportAction, Workspace } from '../../protocol/index.ts';
import { Machine } from '../../protocol/machine.ts';
import { join } from '../../test/support/cuts.ts';
import type { Role } from '../support/subject.ts';
import { decodeStrictly } from '../support/strict-decoder.ts';
import { assert } from '../support/target.ts';

const COMMANDS = ['text', 'fragment', 'ping', 'close', 'pause', 'resume', 'terminate'] as const;
/** What may happen to a side: a command of its own, bytes or the end from the other, or its timer. */
const DEEDS = [...COMMANDS, 'deliver', 'deliver one byte', 'eof', 'reset', 'timer'] as const;
export type Deed = (typeof DEEDS)[number];
export interface Move {
  readonly side: Role;
  readonly deed: Deed;
}

const SIDES: readonly Role[] = ['client', 'server'];

interface Side {
  readonly role: Role;
  readonly connection: Connection;
  /** What stands behind it: its state for the fingerprint. */
  readonly machine: Machine;
  readonly queue: EventQueue;
  readonly events: Event[];
  /** All that it wrote, and what of it the other side has not been given. */
  written: Uint8Array;
  wire: Uint8Array;
  readonly sent: string[];
  readonly received: string[];
  /** The fragment that was sent, while its message is unfinished. */
  partial: boolean;
  /** How many pings it was told to send. */
  pings: number;
  /** Whether it was told that the other side's stream has ended, or that the transport is gone. */
  told: boolean;
}

/** Every move that can be made, each at most so often that the wire stays short. */
const MOST_SENT = 2;
const MOST_PINGS = 1;
/** Time passes only by timers: the next deadline of a side. Both clocks are one. */
const OPTIONS = { handshakeTimeout: 100, closeTimeout: 40, pingInterval: 30, pongTimeout: 20 };

export class World {
  readonly #sides: Record<Role, Side>;
  #now: number;

  constructor() {
    this.#now = 0;
    this.#sides = { client: makeSide('client'), server: makeSide('server') };
  }

  /** The moves that make sense now. */
  moves(): Move[] {
    return SIDES.flatMap((side) =>
      DEEDS.filter((deed) => this.#isPossible(side, deed)).map((deed) => ({ side, deed })),
    );
  }

  /** Makes a move and holds what came of it to the laws. Throws for one that is broken. */
  make({ side, deed }: Move, checked = true): void {
    const me = this.#sides[side];
    const peer = this.#sides[other(side)];
    const { connection } = me;
    const wasClosed = connection.phase === Phase.CLOSED;
    switch (deed) {
      case 'text':
        me.sent.push(`t${me.sent.length}`);
        connection.sendText(me.sent.at(-1)!);
        break;
      case 'fragment':
        if (me.partial) me.sent.push('ab');
        connection.sendFragment(me.partial ? 'b' : 'a', me.partial);
        me.partial = !me.partial;
        break;
      case 'ping':
        me.pings++;
        connection.ping(undefined, this.#now);
        break;
      case 'close':
        connection.close(side === 'client' ? 4000 : 1005, '', this.#now);
        break;
      case 'pause':
        connection.pause();
        break;
      case 'resume':
        connection.resume(this.#now);
        break;
      case 'terminate':
        connection.terminate(this.#now);
        break;
      case 'deliver':
      case 'deliver one byte': {
        const length = deed === 'deliver' ? peer.wire.length : 1;
        const bytes = peer.wire.slice(0, length);
        peer.wire = peer.wire.slice(length);
        connection.receive(bytes, this.#now);
        bytes.fill(0xdb);
        break;
      }
      case 'eof':
        me.told = true;
        connection.receiveEof(this.#now);
        break;
      case 'reset':
        me.told = true;
        // What is on its way to a transport that was reset is lost.
        peer.wire = new Uint8Array(0);
        connection.transportLost(this.#now);
        break;
      case 'timer':
        this.#now = Math.max(this.#now, connection.nextTimeout());
        connection.handleTimeout(this.#now);
    }
    for (const one of SIDES) this.#collect(this.#sides[one]);
    if (checked) this.#checkLaws(me, peer, wasClosed);
  }

  /**
   * The state in short: worlds with the same fingerprint go on in the same way. What a core can't be asked for (cut
   * frames, unfinished and held messages) follows from the bytes that it was given since the last whole message.
   */
  fingerprint(): string {
    return SIDES.map((name) => {
      const { machine, connection, events, wire, partial, sent, received, pings, told } = this.#sides[name];
      const peer = this.#sides[other(name)];
      const { timers, closing } = machine;
      const delivered = peer.written.subarray(0, peer.written.length - peer.wire.length);
      const info = connection.closeInfo;
      const count = (type: Event['type']): number => events.reduce((sum, event) => sum + +(event.type === type), 0);
      const pong = events.findLast(({ type }) => type === 'pong');
      return [
        [machine.phase, machine.input, machine.action, machine.paused, closing.isSent, closing.isReceived],
        [timers.wait, timers.due - this.#now],
        [partial, sent.length, pings, told, machine.pings.nextId, pong?.type === 'pong' ? pong.id : 0],
        [received.length, count('ping'), count('pong'), count('close')],
        hex(delivered.subarray(startOfRest(delivered, received.length))),
        hex(wire),
        info === undefined ? '' : `${info.code} ${info.clean} ${info.first} ${info.error?.name}`,
      ].join();
    }).join(' | ');
  }

  /** Delivers everything, tells of every end and lets every deadline pass: after that both are closed, for good. */
  drain(): void {
    for (let i = 0; ; i++) {
      assert(i < 100, 'it never ends');
      const move = this.moves().find(({ deed }) => ['deliver', 'eof', 'resume'].includes(deed));
      if (move !== undefined) {
        this.make(move);
        continue;
      }
      const open = SIDES.find((side) => this.#sides[side].connection.phase === Phase.OPEN);
      if (open !== undefined) {
        this.make({ side: open, deed: 'close' });
        continue;
      }
      const late = SIDES.filter((side) => this.#sides[side].connection.nextTimeout() < Infinity);
      if (late.length === 0) break;
      late.sort((a, b) => this.#sides[a].connection.nextTimeout() - this.#sides[b].connection.nextTimeout());
      this.make({ side: late[0], deed: 'timer' });
    }
    for (const side of SIDES) {
      const { connection, events } = this.#sides[side];
      assert(connection.phase === Phase.CLOSED, `the ${side} is not closed though everything is delivered`);
      assert(events.filter(({ type }) => type === 'closed').length === 1, `the ${side} has not one last event`);
    }
  }

  #isPossible(role: Role, deed: Deed): boolean {
    const me = this.#sides[role];
    const peer = this.#sides[other(role)];
    const { connection } = me;
    const isOpen = connection.phase === Phase.OPEN;
    const isClosed = connection.phase === Phase.CLOSED;
    switch (deed) {
      case 'text':
        return isOpen && !me.partial && me.sent.length < MOST_SENT;
      case 'fragment':
        return isOpen && (me.partial || me.sent.length < MOST_SENT);
      case 'ping':
        return isOpen && me.pings < MOST_PINGS;
      case 'close':
        return isOpen;
      case 'terminate':
        return !isClosed;
      case 'pause':
        return !isClosed && connection.wantsInput && connection.phase !== Phase.CLOSING;
      case 'resume':
        return !isClosed && !connection.wantsInput;
      case 'deliver':
        // Paused too: these bytes were read before it was.
        return !me.told && peer.wire.length > 0;
      case 'deliver one byte':
        return !me.told && peer.wire.length > 1;
      case 'eof':
        // After all that was written; a transport that was aborted is at its end too.
        return (
          !me.told && !isClosed && peer.wire.length === 0 && peer.connection.transportAction !== TransportAction.KEEP
        );
      case 'reset':
        return !me.told && !isClosed;
      case 'timer':
        // The earliest of the two goes first: time does not run backwards.
        return connection.nextTimeout() < Infinity && connection.nextTimeout() <= peer.connection.nextTimeout();
    }
  }

  #collect(side: Side): void {
    const fresh = side.queue.take();
    side.events.push(...fresh);
    for (const event of fresh) if (event.type === 'text') side.received.push(event.text);
    const output = join(...side.connection.takeOutput());
    side.written = join(side.written, output);
    const isCut = side.connection.transportAction === TransportAction.ABORT || this.#sides[other(side.role)].told;
    side.wire = isCut ? side.wire : join(side.wire, output);
  }

  #checkLaws(me: Side, peer: Side, wasClosed: boolean): void {
    for (const side of [me, peer]) {
      const { connection, events, role } = side;
      const closed = events.filter(({ type }) => type === 'closed').length;
      const isClosed = connection.phase === Phase.CLOSED;
      assert(closed === (isClosed ? 1 : 0), `the ${role} has ${closed} terminal events in phase ${connection.phase}`);
      assert(!isClosed || events.at(-1)!.type === 'closed', `the ${role} has an event after its end`);
      assert(!isClosed || connection.nextTimeout() === Infinity, `the ${role} has a timer after its end`);
      assert(
        isClosed || connection.nextTimeout() < Infinity || !connection.wantsInput,
        `the ${role} waits without a deadline`,
      );
      // No frame after Close, and everything else that RFC 6455 §5 asks of a sender.
      decodeStrictly(side.written, { role });
      const from = side === me ? peer : me;
      assert(
        side.received.every((text, i) => text === from.sent[i]),
        `the ${role} received ${side.received.join()} of ${from.sent.join()}`,
      );
    }
    assert(!wasClosed || me.connection.phase === Phase.CLOSED, `the ${me.role} came back`);
    // A clean end means a Close each way, and then all that was sent has arrived.
    const info = me.connection.closeInfo;
    if (info?.clean === true) assert(info.received !== undefined && info.sent !== undefined, 'clean without a Close');
    const isWhole = me.received.length === peer.sent.length;
    if (info?.clean === true) assert(isWhole, `the ${me.role} ended cleanly without all messages`);
  }
}

function makeSide(role: Role): Side {
  const queue = new EventQueue();
  // One masking key for all frames: which one it is makes no other state.
  const workspace = new Workspace({ random: (bytes) => bytes.fill(0x55) });
  const machine = new Machine(role === 'server', { now: 0, sink: queue, workspace, ...OPTIONS });
  machine.establish({ subprotocol: '', extensions: '', request: undefined, response: undefined });
  const nothing = new Uint8Array(0);
  return {
    role,
    // As `Connection.established` does it, but with the machine in sight.
    connection: Reflect.construct(Connection, [machine]) as Connection,
    machine,
    queue,
    events: [],
    written: nothing,
    wire: nothing,
    sent: [],
    received: [],
    partial: false,
    pings: 0,
    told: false,
  };
}

/** Where the rest begins: the first message that was not received whole, or else the first frame that is cut. */
function startOfRest(bytes: Uint8Array, received: number): number {
  let left = received;
  let messageStart = -1;
  let at = 0;
  while (at + 2 <= bytes.length) {
    const next = at + 2 + ((bytes[at + 1] & 0x80) === 0 ? 0 : 4) + (bytes[at + 1] & 0x7f);
    if (next > bytes.length) break;
    const isData = (bytes[at] & 0x0f) < 8;
    if (isData && messageStart < 0) messageStart = at;
    if (isData && (bytes[at] & 0x80) !== 0) {
      if (left-- === 0) return messageStart;
      messageStart = -1;
    }
    at = next;
  }
  return messageStart < 0 ? at : messageStart;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function other(role: Role): Role {
  return role === 'client' ? 'server' : 'client';
}
