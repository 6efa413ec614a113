/**
 * Two connected cores and the wire between them: one state of the exploration. It moves by moves, checks the laws after
 * each, and tells itself from other states by a fingerprint. A core can't be copied, so a state is made by its moves.
 */
import { type Event, Phase, TransportAction } from '../../protocol/index.ts';
import { Bytes, STATES } from '../../protocol/states.ts';
import { On } from '../../protocol/transitions.ts';
import { join } from '../../test/support/cuts.ts';
import type { Role } from '../support/subject.ts';
import { decodeStrictly } from '../support/strict-decoder.ts';
import { assert } from '../support/target.ts';
import { headOf, hex, LARGE, makeSide, restOf, type Side, type Start } from './side.ts';

const COMMANDS = [
  'text',
  'large text',
  'fragment',
  'ping',
  'close',
  'pause',
  'stopReading',
  'resume',
  'conclude',
  'terminate',
] as const;
const DELIVERIES = ['deliver', 'deliver one byte', 'deliver half', 'deliver all but one byte'] as const;
/** What may happen to a side: a command of its own, bytes or the end from the other, or its timer. */
const DEEDS = [
  ...COMMANDS,
  'accept',
  'reject',
  ...DELIVERIES,
  'eof',
  'eof again',
  'output lost',
  'reset',
  'timer',
  'deflated',
] as const;
export type Deed = (typeof DEEDS)[number];
/** What is done without anybody's wish, in this order. */
const DUE: readonly Deed[] = ['deliver', 'resume', 'deflated', 'conclude', 'eof', 'eof again'];
export interface Move {
  readonly side: Role;
  readonly deed: Deed;
}

const SIDES: readonly Role[] = ['client', 'server'];

/** Every move that can be made, each at most so often that the wire stays short. */
const MOST_SENT = 2;
const MOST_PINGS = 1;

export class World {
  readonly #sides: Record<Role, Side>;
  readonly #start: Start;
  #now: number;

  /** `taken` is given every change of a state. */
  constructor(start: Start, taken: Set<string> = new Set()) {
    this.#start = start;
    this.#now = 0;
    const make = (role: Role): Side => makeSide(role, start, taken, () => this.#now);
    this.#sides = { client: make('client'), server: make('server') };
    if (start === 'later') this.make({ side: 'server', deed: 'large text' }, false);
    if (start === 'slow') this.make({ side: 'client', deed: 'close' }, false);
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
      case 'large text': {
        const text = `t${me.sent.length}`.padEnd(deed === 'text' ? 0 : LARGE);
        // What is sent behind the end of the other's messages is behind the Close frame that answers it, too.
        if (me.sentAtEnd < 0 || me.life.sendQueue === undefined) me.sent.push(text);
        connection.sendText(text);
        break;
      }
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
      case 'stopReading':
        connection.stopReading();
        break;
      case 'resume':
        connection.resume(this.#now);
        break;
      case 'conclude':
        connection.conclude(this.#now);
        break;
      case 'terminate':
        connection.terminate(this.#now);
        break;
      case 'accept':
        connection.accept({}, this.#now);
        break;
      case 'reject':
        connection.reject({ status: 403, body: 'no' }, this.#now);
        break;
      case 'deliver':
      case 'deliver one byte':
      case 'deliver half':
      case 'deliver all but one byte': {
        const all = peer.wire.length;
        const length = {
          deliver: all,
          'deliver one byte': 1,
          'deliver half': all >> 1,
          'deliver all but one byte': all - 1,
        }[deed];
        const bytes = peer.wire.slice(0, length);
        peer.wire = peer.wire.slice(length);
        connection.receive(bytes, this.#now);
        bytes.fill(0xdb);
        break;
      }
      case 'eof':
        me.told = 'eof';
        peer.wire = new Uint8Array(0);
        connection.receiveEof(this.#now, this.#start === 'slow');
        break;
      case 'eof again':
        me.told = 'eof again';
        connection.receiveEof(this.#now);
        break;
      case 'output lost':
        connection.outputLost(this.#now);
        break;
      case 'reset':
        me.told = me.told === '' ? 'reset' : 'eof, reset';
        // What is on its way to a transport that was reset is lost.
        peer.wire = new Uint8Array(0);
        connection.transportLost(this.#now);
        break;
      case 'timer':
        this.#now = Math.max(this.#now, connection.nextTimeout());
        connection.handleTimeout(this.#now);
        break;
      case 'deflated':
        me.jobs.shift()!();
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
      const { life, connection, events, wire, partial, sent, received, pings, told } = this.#sides[name];
      const peer = this.#sides[other(name)];
      const { timers } = life;
      const delivered = peer.written.subarray(0, peer.written.length - peer.wire.length);
      const info = connection.closeInfo;
      const count = (type: Event['type']): number => events.reduce((sum, event) => sum + +(event.type === type), 0);
      const pong = events.findLast(({ type }) => type === 'pong');
      return [
        [
          life.state,
          life.flow,
          life.turn,
          life.closing.isSent,
          life.closing.isReceived,
          life.closing.loss !== undefined,
        ],
        [timers.wait, timers.due - this.#now],
        [partial, sent.length, pings, told, life.pings.nextId, pong?.type === 'pong' ? pong.id : 0],
        [received.length, count('ping'), count('pong'), count('closeFrame')],
        restOf(delivered, received.length),
        hex(wire.subarray(Math.max(0, headOf(peer.written) - (peer.written.length - wire.length)))),
        wire.length,
        life.sendQueue && [life.sendQueue.size, this.#sides[name].jobs.length, this.#sides[name].sentAtEnd, sent],
        info === undefined ? '' : `${info.code} ${info.clean} ${info.first} ${info.error?.name}`,
      ].join();
    }).join(' | ');
  }

  /** Delivers everything, tells of every end and lets every deadline pass: after that both are closed, for good. */
  drain(): void {
    for (let i = 0; ; i++) {
      assert(i < 100, 'it never ends');
      const move = this.#due();
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

  /** What a world that is left to itself does next, but for its timers. */
  #due(): Move | undefined {
    for (const deed of DUE) {
      for (const side of SIDES)
        if (this.#isPossible(side, deed) && !this.#isEarlyEof(side, deed)) return { side, deed };
    }
    return undefined;
  }

  /** Whether this would cut off an opening handshake that can go on. */
  #isEarlyEof(side: Role, deed: Deed): boolean {
    return deed === 'eof' && this.#sides[other(side)].connection.transportAction === TransportAction.KEEP;
  }

  #isPossible(role: Role, deed: Deed): boolean {
    const me = this.#sides[role];
    const peer = this.#sides[other(role)];
    const { connection } = me;
    const isOpen = connection.phase === Phase.OPEN;
    const isOpening = connection.phase === Phase.CONNECTING;
    const isClosed = connection.phase === Phase.CLOSED;
    switch (deed) {
      case 'text':
        return isOpen && !me.partial && me.sent.length < MOST_SENT;
      case 'large text':
        return this.#start === 'later' && this.#isPossible(role, 'text');
      case 'deflated':
        return me.jobs.length > 0;
      case 'fragment':
        return this.#start !== 'later' && isOpen && (me.partial || me.sent.length < MOST_SENT);
      case 'ping':
        return isOpen && me.pings < MOST_PINGS;
      case 'close':
        return isOpen || isOpening;
      case 'accept':
      case 'reject':
        return deed === 'accept' ? me.life.allows(On.accept) : me.life.allows(On.reject);
      case 'conclude':
        return me.life.next(On.conclude) !== me.life.state;
      case 'terminate':
        return !isClosed;
      case 'pause':
      case 'stopReading':
        return !isClosed && connection.wantsInput && connection.phase !== Phase.CLOSING;
      case 'resume':
        // One that waits for a turn as well goes on with that.
        return !isClosed && !connection.wantsInput && !connection.wantsTurn;
      case 'deliver':
        // Paused too: these bytes were read before it was.
        return !me.told && peer.wire.length > 0;
      case 'deliver one byte':
        return !me.told && peer.wire.length > 1;
      case 'deliver half':
      case 'deliver all but one byte':
        return !me.told && isOpening && peer.wire.length > 3;
      case 'eof':
        if (me.told || isClosed) return false;
        // After all that was written; a transport that was aborted is at its end too, and one that opens may be at any time.
        return isOpening || (peer.wire.length === 0 && peer.connection.transportAction !== TransportAction.KEEP);
      case 'eof again':
        return this.#start === 'slow' && me.told === 'eof' && !isClosed;
      case 'output lost':
        return !isClosed && me.life.closing.loss === undefined;
      case 'reset':
        return !me.told.includes('reset') && !isClosed;
      case 'timer':
        // The earliest of the two goes first: time does not run backwards.
        return connection.nextTimeout() < Infinity && connection.nextTimeout() <= peer.connection.nextTimeout();
    }
  }

  #collect(side: Side): void {
    const fresh = side.queue.take();
    side.events.push(...fresh);
    if (side.life.bytes === Bytes.NOTHING && side.sentAtEnd < 0) side.sentAtEnd = side.sent.length;
    for (const event of fresh) if (event.type === 'text') side.received.push(event.text);
    const output = join(...side.connection.takeOutput());
    side.written = join(side.written, output);
    const isCut =
      side.connection.transportAction === TransportAction.ABORT || this.#sides[other(side.role)].told !== '';
    side.wire = isCut ? side.wire : join(side.wire, output);
  }

  #checkLaws(me: Side, peer: Side, wasClosed: boolean): void {
    for (const side of [me, peer]) {
      const { connection, events, role } = side;
      const row = STATES[connection.state];
      assert(connection.phase === row.phase, `the ${role} in ${connection.state} has phase ${connection.phase}`);
      assert(connection.transportAction === row.action, `the ${role} in ${connection.state} does something else`);
      const closed = events.filter(({ type }) => type === 'closed').length;
      const isClosed = connection.phase === Phase.CLOSED;
      assert(closed === (isClosed ? 1 : 0), `the ${role} has ${closed} terminal events in phase ${connection.phase}`);
      assert(!isClosed || events.at(-1)!.type === 'closed', `the ${role} has an event after its end`);
      assert(!isClosed || connection.nextTimeout() === Infinity, `the ${role} has a timer after its end`);
      assert(
        isClosed || connection.nextTimeout() < Infinity || !connection.wantsInput,
        `the ${role} waits without a deadline`,
      );
      assert(
        side.told !== 'eof again' || isClosed,
        `the ${role} waits on though both sides have ended and all has left`,
      );
      const opened = events.filter(({ type }) => type === 'open').length;
      const wasOpen = this.#start !== 'opening' || opened === 1;
      assert(opened <= 1, `the ${role} opened ${opened} times`);
      // A request and a 101 are followed by frames, once they have opened something; no other response is.
      const head = headOf(side.written);
      const isRefusal = role === 'server' && head > 0 && !wasOpen;
      if (isRefusal) assert(endOfRefusal(side.written) === side.written.length, 'something comes after a refusal');
      // No frame after Close, and everything else that RFC 6455 §5 asks of a sender.
      else decodeStrictly(side.written.subarray(head), { role, deflate: this.#start === 'later' });
      assert(wasOpen || side.received.length === 0, `the ${role} received something before it was open`);
      const from = side === me ? peer : me;
      assert(
        side.received.every((text, i) => text === from.sent[i]),
        `the ${role} received ${side.received.join()} of ${from.sent.join()}`,
      );
    }
    const isHalfOpen = me.role === 'client' && me.connection.phase === Phase.OPEN && this.#start === 'opening';
    assert(!isHalfOpen || peer.events.some(({ type }) => type === 'open'), 'a client is open whose server never was');
    assert(!wasClosed || me.connection.phase === Phase.CLOSED, `the ${me.role} came back`);
    // A clean end means a Close each way, and then all that was sent has arrived.
    const info = me.connection.closeInfo;
    if (info?.clean === true) assert(info.received !== undefined && info.sent !== undefined, 'clean without a Close');
    const isWhole = me.received.length === peer.sent.length;
    if (info?.clean === true) assert(isWhole, `the ${me.role} ended cleanly without all messages`);
  }
}

function other(role: Role): Role {
  return role === 'client' ? 'server' : 'client';
}

/** Where a response that refuses ends, by its Content-Length. */
function endOfRefusal(bytes: Uint8Array): number {
  const head = headOf(bytes);
  const text = Buffer.from(bytes.subarray(0, head)).toString('latin1');
  assert(/^HTTP\/1\.1 (403|408|503) /.test(text), `refused with ${text}`);
  return head + Number(/\r\nContent-Length: (\d+)\r\n/.exec(text)![1]);
}
