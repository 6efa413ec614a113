import type { ReceivedMessage } from './data.ts';
import { Pending } from './deferred.ts';
import type { Ending } from './ending.ts';
import type { WaitLimit } from './wait-limit.ts';

/** Who waits in line for a message. */
export interface Taker {
  take(message: ReceivedMessage): void;
  /** The connection has ended: no message is coming. */
  fail(ending: Ending): void;
}

export class Receiver extends Pending<ReceivedMessage> implements Taker {
  take(message: ReceivedMessage): void {
    this.resolve(message);
  }

  fail(ending: Ending): void {
    this.rejectWhereAwaited(() => ending.error);
  }
}

export class TimedReceiver extends Receiver {
  giveUp: WaitLimit | undefined = undefined;

  override take(message: ReceivedMessage): void {
    this.giveUp!.callOff();
    this.resolve(message);
  }

  override fail(ending: Ending): void {
    this.giveUp!.callOff();
    this.rejectWhereAwaited(() => ending.error);
  }
}

/** A step of an iteration, which a normal close ends without an error. */
export class Step extends Pending<IteratorResult<ReceivedMessage, undefined>> implements Taker {
  take(message: ReceivedMessage): void {
    this.resolve({ value: message, done: false });
  }

  fail(ending: Ending): void {
    if (ending.isOk) this.resolve({ value: undefined, done: true });
    else this.rejectWhereAwaited(() => ending.error);
  }
}
