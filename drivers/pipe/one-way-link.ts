import { joinBytes } from '../../protocol/internal.ts';
import type { Wake } from '../clock.ts';
import { checkCut, Cutter } from './cut.ts';
import type { Cut } from './cut.ts';
import { Fifo } from './fifo.ts';
import { checkFault } from './link-options.ts';
import type { Fault, OneWaySettings } from './link-options.ts';
import type { SeededRandom } from './random.ts';
import { SendBuffer } from './send-buffer.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The two ends of a lane, as it sees them. None of these is called inside a call of the lane's methods. */
export interface OneWayEnds {
  readonly sender: {
    /** All that was written has entered the network. */
    hasRoom(): void;
    /** So has the end of the stream. */
    hasEnded(): void;
  };
  readonly receiver: {
    /** Whether it takes anything now; when that changes, it calls `arrange`. */
    readonly takes: boolean;
    /** Bytes, lent until the call returns. */
    takeData(bytes: Uint8Array): void;
    takeEnd(): void;
    takeReset(): void;
  };
  /** The lane's fault resets the connection. */
  reset(): void;
}

/** What is on its way. */
interface Packet {
  readonly kind: number;
  /** When it arrives. */
  readonly at: number;
  readonly bytes: Uint8Array;
  /** How many of its bytes have been delivered. */
  start: number;
}

const DATA = 0;
const END = 1;
const RESET = 2;

/** What may still enter the network. */
const OPEN = 0;
const ENDED = 1; // only a reset
const SEVERED = 2; // nothing

/** With a bandwidth or with losses, bytes travel in packets of this size: what an Ethernet frame leaves for TCP. */
const PACKET_SIZE = 1460;
const FIRST_RETRANSMISSION = 200;
const MOST_RETRANSMISSIONS = 10;
/** Overwrites what was lent, so that whoever kept it notices. */
const SCRIBBLE = 0xdb;
const NOTHING = new Uint8Array(0);

/**
 * One direction of a connection: what was written waits for room, crosses the network, and is delivered in order.
 *
 * The network holds at most `window` bytes. They are copied as they enter it; until then they stay where the sender has
 * them.
 */
export class OneWayLink {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #ends: OneWayEnds;
  readonly #latency: readonly [min: number, max: number];
  readonly #bandwidth: number;
  readonly #window: number;
  readonly #loss: number;
  #cutter: Cutter;
  #fault: Fault | undefined;

  /** What has not entered the network. */
  readonly #unsent: SendBuffer;
  #waiting: boolean;
  #ending: boolean;
  #entry: number;

  /** What is in the network. Lost bytes count as held: no one ever acknowledges them. */
  readonly #packets: Fifo<Packet>;
  #held: number;
  #lineFree: number;
  #newestArrival: number;
  #stalled: boolean;
  #lost: boolean;
  /** Whether the sender's writes fail. */
  isRefused: boolean;

  #delivered: number;
  #endDelivered: boolean;
  #wake: Wake | undefined;
  #wakeTime: number | undefined;

  constructor(clock: VirtualClock, random: SeededRandom, settings: OneWaySettings, ends: OneWayEnds) {
    this.#clock = clock;
    this.#random = random;
    this.#ends = ends;
    this.#latency = settings.latency;
    this.#bandwidth = settings.bandwidth;
    this.#window = settings.window;
    this.#loss = settings.loss;
    this.#cutter = new Cutter(settings.cut, random);
    this.#fault = settings.fault;
    this.#unsent = new SendBuffer();
    this.#waiting = false;
    this.#ending = false;
    this.#entry = OPEN;
    this.#packets = new Fifo();
    this.#held = 0;
    this.#lineFree = 0;
    this.#newestArrival = 0;
    this.#stalled = false;
    this.#lost = false;
    this.isRefused = false;
    this.#delivered = 0;
    this.#endDelivered = false;
    this.#wake = undefined;
    this.#wakeTime = undefined;
  }

  /** Bytes that were written and have not entered the network. */
  get bufferedAmount(): number {
    return this.#unsent.length;
  }

  /** Bytes that the receiver has been given. */
  get deliveredAmount(): number {
    return this.#delivered;
  }

  /** Whether the sender's reset has come, though the receiver reads nothing and was not told. */
  get resetArrived(): boolean {
    const last = this.#packets.last;
    return last !== undefined && last.kind === RESET && last.at <= this.#clock.now() && !this.#stalled;
  }

  // The sender's part

  /** Returns whether all of it has entered the network. */
  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#entry !== OPEN) return true;
    this.#unsent.push(chunks);
    this.#admit();
    this.#waiting = this.#unsent.length > 0;
    return !this.#waiting;
  }

  /** The end of the stream, after all that was written. */
  end(): void {
    this.#ending = true;
    this.#admit();
  }

  /** The sender is gone. What is on its way still arrives, and behind it a reset, if there is to be one. */
  abandon(withReset: boolean): void {
    this.#unsent.clear();
    this.#ending = false;
    if (withReset) this.#send(RESET, NOTHING);
    this.#entry = SEVERED;
    this.arrange();
  }

  // The receiver's part

  /** Looks again at what can be delivered, and when. */
  arrange(): void {
    const at = this.#nextDelivery();
    if (at === this.#wakeTime) return;
    this.#wake?.cancel();
    this.#wakeTime = at;
    this.#wake = at === undefined ? undefined : this.#clock.carryAt(at, () => this.#deliver());
  }

  /** The receiver is gone: whatever comes is thrown away. */
  discard(): void {
    this.#packets.clear();
    this.#held = 0;
    this.#entry = SEVERED;
    this.#fault = undefined;
    this.#admit();
  }

  // The network's part

  /** Cuts what is delivered from now on in another way. Throws a TypeError or RangeError for what is no cut. */
  recut(cut: Cut): void {
    this.#cutter = new Cutter(checkCut(cut), this.#random);
  }

  /** Sets what is to go wrong, in place of what was set before. Throws a TypeError or RangeError for what is no fault. */
  plan(fault: Fault | undefined): void {
    this.#fault = checkFault(fault);
    this.arrange();
  }

  /** Nothing is delivered until `unstall`. */
  stall(): void {
    this.#stalled = true;
    this.arrange();
  }

  unstall(): void {
    this.#stalled = false;
    this.arrange();
  }

  /** Nothing is delivered any more, and nobody is told. */
  lose(): void {
    this.#lost = true;
    this.#packets.clear();
    this.arrange();
  }

  /** As `lose`, but the sender's writes fail from now on. */
  refuse(): void {
    this.isRefused = true;
    this.lose();
  }

  /** The receiver is told that the stream has ended, and the sender is not; what was on its way is lost. */
  cutOff(): void {
    if (this.#entry === SEVERED || this.#endDelivered) return;
    this.#packets.clear();
    this.#held = 0;
    this.#packets.push({ kind: END, at: this.#clock.now(), bytes: NOTHING, start: 0 });
    this.#entry = SEVERED;
    this.#admit();
  }

  /** Moves what was written into the network, as far as there is room. */
  #admit(): void {
    if (this.#entry === SEVERED) this.#unsent.clear();
    const packetSize = this.#bandwidth < Infinity || this.#loss > 0 ? PACKET_SIZE : Infinity;
    while (this.#unsent.length > 0 && this.#held < this.#window) {
      this.#send(DATA, this.#unsent.take(Math.min(this.#unsent.length, this.#window - this.#held, packetSize)));
    }
    if (this.#unsent.length === 0 && this.#waiting) {
      this.#waiting = false;
      this.#tell(() => this.#ends.sender.hasRoom());
    }
    if (this.#unsent.length === 0 && this.#ending) {
      this.#ending = false;
      this.#send(END, NOTHING);
      if (this.#entry === OPEN) this.#entry = ENDED;
      this.#tell(() => this.#ends.sender.hasEnded());
    }
    this.arrange();
  }

  #send(kind: number, bytes: Uint8Array): void {
    if (this.#entry === SEVERED) return;
    this.#held += bytes.length;
    if (this.#lost) return;
    this.#lineFree = Math.max(this.#lineFree, this.#clock.now()) + (bytes.length / this.#bandwidth) * 1000;
    const [min, max] = this.#latency;
    let at = this.#lineFree + (min === max ? min : this.#random.between(min, max));
    let wait = FIRST_RETRANSMISSION;
    for (let n = 0; n < MOST_RETRANSMISSIONS && this.#loss > 0 && this.#random.fraction() < this.#loss; n++) {
      at += wait;
      wait *= 2;
    }
    this.#newestArrival = Math.max(this.#newestArrival, at);
    this.#packets.push({ kind, at: this.#newestArrival, bytes, start: 0 });
  }

  #nextDelivery(): number | undefined {
    if (this.#stalled || this.#lost) return undefined;
    if (this.#isFaultDue()) return this.#clock.now();
    const now = this.#clock.now();
    if (this.#ends.receiver.takes) {
      const { first } = this.#packets;
      return first === undefined ? undefined : Math.max(first.at, now);
    }
    // Nobody takes them, but until they are there they are on their way.
    const { last } = this.#packets;
    return last === undefined || last.at <= now ? undefined : last.at;
  }

  #isFaultDue(): boolean {
    return this.#fault !== undefined && this.#delivered >= this.#fault.after;
  }

  #deliver(): void {
    this.#wakeTime = undefined;
    if (this.#isFaultDue()) return this.#strike();
    if (!this.#ends.receiver.takes) return this.arrange();
    const { kind } = this.#packets.first!;
    if (kind === DATA) return this.#deliverData();
    this.#packets.shift();
    this.#endDelivered = kind === END;
    this.arrange();
    if (kind === END) this.#ends.receiver.takeEnd();
    else this.#ends.receiver.takeReset();
  }

  #deliverData(): void {
    const piece = this.#takePiece();
    this.#held -= piece.length;
    this.#delivered += piece.length;
    this.#admit();
    try {
      this.#ends.receiver.takeData(piece);
    } finally {
      piece.fill(SCRIBBLE);
    }
  }

  /** Takes as many of the bytes that have arrived as the cut allows; none beyond the place of a fault. */
  #takePiece(): Uint8Array {
    const untilFault = this.#fault === undefined ? Infinity : this.#fault.after - this.#delivered;
    let room = Math.min(this.#cutter.next(), untilFault);
    const parts: Uint8Array[] = [];
    for (;;) {
      const packet = this.#packets.first;
      if (packet === undefined || packet.kind !== DATA || packet.at > this.#clock.now() || room === 0) break;
      const part = packet.bytes.subarray(packet.start, packet.start + room);
      parts.push(part);
      room -= part.length;
      packet.start += part.length;
      if (packet.start === packet.bytes.length) this.#packets.shift();
    }
    return parts.length === 1 ? parts[0]! : joinBytes(parts);
  }

  #strike(): void {
    const { kind } = this.#fault!;
    this.#fault = undefined;
    if (kind === 'reset') this.#ends.reset();
    else if (kind === 'end') this.cutOff();
    else if (kind === 'stall') this.stall();
    else if (kind === 'refuse') this.refuse();
    else this.lose();
    this.arrange();
  }

  /** Tells the sender something, soon: never inside a call of its own. */
  #tell(callback: () => void): void {
    this.#clock.carryAt(this.#clock.now(), callback);
  }
}
