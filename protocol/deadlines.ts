import { closingTimedOut, pongTimedOut } from './errors.ts';
import type { Lifecycle } from './lifecycle.ts';
import { timeOut } from './opening.ts';
import { Deadline } from './states.ts';
import { PONG } from './timers.ts';
import { DEADLINE_IN, On, State } from './transitions.ts';

/** Does what is due, if anything is; `isOutputWaiting` tells whether the transport has not sent all that it was given. */
export function handleTimeout(life: Lifecycle, isOutputWaiting: boolean): void {
  const { now, timers } = life;
  if (now < timers.due) return;
  switch (DEADLINE_IN[life.state]) {
    case Deadline.OPENING:
      return timeOut(life);
    case Deadline.KEEPALIVE:
      return keepAlive(life);
    case Deadline.LINGER: {
      // §7.1.1: who has waited for a reasonable time may end the transport as well.
      const { deadline } = life.closing;
      if ((isOutputWaiting || life.sender.size > 0) && now < deadline) timers.linger(now, deadline);
      else life.abort(On.timeout, life.lossOf());
      return;
    }
    case Deadline.GRACE:
      return life.abort(On.timeout, life.lossOf());
    default:
      closingHasTimedOut(life);
  }
}

function closingHasTimedOut(life: Lifecycle): void {
  if (life.next(On.timeout) === State.LAST_SECOND) {
    // Whoever holds back what has come has had its time.
    life.take(On.timeout);
    life.input?.end();
  } else {
    life.abort(On.timeout, closingTimedOut(life.limits.closeTimeout));
  }
}

/** Time for a ping, or for the pong that has not come. While paused the peer can't be heard: no pong is waited for. */
function keepAlive(life: Lifecycle): void {
  const { now, timers } = life;
  if (timers.wait === PONG) return life.abort(On.timeout, pongTimedOut(life.limits.pongTimeout));
  life.ping(undefined, now);
  life.deflate?.idle();
  if (!life.isReading) timers.heard(now);
  else timers.pinged(now);
}
