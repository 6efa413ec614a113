import { NO_BYTES } from './data.ts';
import { ProtocolError } from './errors.ts';
import { EARLY_FRAMES } from './handshake/rejection.ts';
import type { Lifecycle } from './lifecycle.ts';
import { PendingInput, MOST_DISCARDED, MOST_EARLY, MOST_LATE, MOST_REST } from './memory/pending-input.ts';
import { goOnAsClient, goOnAsServer, refuse } from './opening.ts';
import type { Receiver } from './receiver.ts';
import { Bytes } from './states.ts';
import { On, State } from './transitions.ts';

/** The peer has ended its side of the transport. */
const EOF = 'eof';

/** The transport is gone. */
interface Loss {
  /** Its error, if any. */
  readonly cause: unknown;
  /** Whether another attempt may do better. */
  readonly isTemporary: boolean;
}

/**
 * Bytes from the peer, taken for what they mean in the state that they find (`Bytes` in states.ts): its part of the
 * opening handshake, frames, or nothing. What comes too early is held back.
 */
export class Input {
  readonly #life: Lifecycle;
  /** What decodes frames, while a message is under way: between messages others have it. */
  #receiver: Receiver | undefined;
  /** What came before the answer to a request, or while paused. */
  #held: PendingInput | undefined;
  /** How many bytes came when little or nothing was wanted any more. */
  #late: number;
  /** What follows once all that has come is dealt with, where the transport has ended or is gone. */
  #last: typeof EOF | Loss | undefined;
  /** Whether the peer's end waits for our output to leave, where nothing else does. */
  #isPatient: boolean;

  constructor(life: Lifecycle) {
    this.#life = life;
    this.#receiver = undefined;
    this.#held = undefined;
    this.#late = 0;
    this.#last = undefined;
    this.#isPatient = false;
    life.input = this;
  }

  /** The first `length` of these bytes have come: they wait behind those that wait already. Nothing of them is kept. */
  receive(bytes: Uint8Array, length: number): void {
    this.#life.heard();
    if (this.#life.state === State.LAST_SECOND) this.#countLate(length, MOST_REST);
    if (this.#held !== undefined && this.#held.length > 0) this.#hold(bytes, 0, length);
    else this.#take(bytes, length, undefined);
  }

  /** Goes on with what was held back, as far as it may by now. */
  goOn(): void {
    if (this.#life.bytes === Bytes.EARLY) return;
    const held = this.#held;
    // Without any bytes, a frame goes on that was held back behind its header.
    if (held === undefined) return this.#take(NO_BYTES, 0, undefined);
    this.#held = undefined;
    const bytes = held.take();
    this.#take(bytes, bytes.length, held);
    if (this.#held !== held) held.clear();
  }

  /** The peer has ended its side of the transport. */
  takeEof(isPatient: boolean): void {
    this.#isPatient = isPatient;
    this.end(EOF);
  }

  /** The transport is gone. */
  loseTransport(cause: unknown, isTemporary: boolean): void {
    this.#isPatient = false;
    this.end({ cause, isTemporary });
    this.#life.outliveTransport(cause);
    this.#life.sender.release();
  }

  /**
   * The transport brings nothing more: there is no point in holding back what it brought. `last` follows when all of that
   * is dealt with, which may take several turns.
   */
  end(last?: typeof EOF | Loss): void {
    this.#life.changeFlow('inputEnds');
    this.#receiver?.endInput();
    this.#last ??= last;
    this.goOn();
    this.#finish();
  }

  /** Goes on with what has come, in a new turn. */
  takeTurn(): void {
    this.#life.changeTurn('turn');
    this.goOn();
    if (this.#last !== undefined) this.#finish();
  }

  #finish(): void {
    if (this.#life.wantsTurn) return;
    // What was put off can wait no longer.
    this.#life.conclude();
    const last = this.#last;
    if (last === EOF && this.#isPatient && this.#life.next(On.eof) === State.CLOSED) return;
    this.#last = undefined;
    if (last === EOF) this.#life.takeEof();
    else if (last !== undefined) this.#life.loseTransport(last.cause, last.isTemporary);
  }

  /** The message in progress, or the next to begin, comes in pieces. */
  streamNext(): void {
    if (this.#life.bytes === Bytes.FRAMES) this.#lendReceiver().streamNext();
  }

  /** Nothing is wanted of the peer any more: what is held back is dropped, and what is decoded now is the last. */
  stop(): void {
    this.#held?.clear();
    this.#held = undefined;
    this.#receiver?.release();
    this.#receiver = undefined;
  }

  /** Takes `bytes[0, end)`. Those that were `held` back before are their holder's again if they must wait. */
  #take(bytes: Uint8Array, end: number, held: PendingInput | undefined): void {
    const life = this.#life;
    let at = 0;
    try {
      do {
        if (life.bytes === Bytes.FRAMES) {
          // Where it stops: before the end when paused, or when it is over.
          const receiver = this.#lendReceiver();
          at = receiver.receive(bytes, at, end);
          this.#settle(receiver);
          if (at < end && life.bytes === Bytes.FRAMES) return this.#holdRest(bytes, at, end, held);
        } else if (life.bytes === Bytes.NOTHING) {
          return this.#countLate(end - at, MOST_DISCARDED);
        } else if (life.bytes === Bytes.EARLY) {
          return this.#hold(bytes, at, end);
        } else {
          at = this.#takeHandshake(bytes, at, end);
        }
      } while (at < end);
    } catch (error) {
      life.fail(error);
    }
  }

  /** Returns where the peer's part of the opening handshake ends. */
  #takeHandshake(bytes: Uint8Array, start: number, end: number): number {
    const { server, client } = this.#life;
    if (server !== undefined) {
      const stopped = server.receive(bytes, start, end);
      goOnAsServer(this.#life, server);
      return stopped;
    }
    const stopped = client!.receive(bytes, start, end);
    goOnAsClient(this.#life, client!);
    return stopped;
  }

  /** Acts on what the receiver has come to, and lends it to others where it has nothing to remember. */
  #settle(receiver: Receiver): void {
    const life = this.#life;
    // It may be over by now for another reason: what the sink has done, say.
    if (receiver.isOver && life.bytes === Bytes.FRAMES) life.endMessages(receiver.closeFrame, receiver.fault);
    if (receiver.isIdle || life.bytes !== Bytes.FRAMES) {
      this.#receiver = undefined;
      life.resources.receivers.giveBack(receiver);
    }
  }

  #lendReceiver(): Receiver {
    return (this.#receiver ??= this.#life.resources.receivers.lend(this.#life));
  }

  /** Frames must wait from `start` on. */
  #holdRest(bytes: Uint8Array, start: number, end: number, held: PendingInput | undefined): void {
    if (held === undefined) return this.#hold(bytes, start, end);
    held.putBack(end - start);
    this.#held = held;
  }

  /** Keeps `bytes[start, end)` behind what is kept already, up to a limit. */
  #hold(bytes: Uint8Array, start: number, end: number): void {
    const life = this.#life;
    const held = (this.#held ??= new PendingInput(life.resources.blocks));
    if (life.bytes === Bytes.EARLY && held.length + end - start > MOST_EARLY) {
      refuse(life, On.refuse, EARLY_FRAMES);
    } else if (held.late > MOST_LATE && life.wantsTurn) {
      // Whoever brings so much all the same has nobody else to serve.
      held.append(bytes, start, end);
      while (life.wantsTurn) this.takeTurn();
    } else if (held.late > MOST_LATE) {
      life.abort(On.flood, new ProtocolError(1008, '', { message: 'read on while paused', kind: 'flood' }));
    } else {
      held.append(bytes, start, end);
    }
  }

  #countLate(length: number, most: number): void {
    this.#late += length;
    // What it has ended with is known by now: no error is told but that.
    if (this.#late > most) this.#life.abort(On.flood, this.#life.lossOf());
  }
}
