import { BOOLEAN, checkOptions, FUNCTION, type OptionTable, SIGNAL } from '../../protocol/internal.ts';
import type { OnSent } from './departures.ts';

/** How a message is sent. */
export interface SendOptions {
  /** `false` keeps it from being compressed where compression was agreed on. */
  compress?: boolean | undefined;
  /**
   * Is called once, after the call that was given it: when the message has left this process, or with the error when it
   * never will.
   */
  onSent?: OnSent | undefined;
}

/** How a control frame is sent. */
export type ControlOptions = Pick<SendOptions, 'onSent'>;

/** How a fragment is sent. */
export interface FragmentOptions extends SendOptions {
  /** `true` makes bytes a part of a TEXT message, cut anywhere: that they are UTF-8 is yours to see. */
  text?: boolean | undefined;
}

/** Those of all faces: the promise API's `signal` is on its way through here. */
const OPTIONS: OptionTable<FragmentOptions & { signal?: AbortSignal }> = Object.assign(Object.create(null), {
  compress: BOOLEAN,
  onSent: FUNCTION,
  text: BOOLEAN,
  signal: SIGNAL,
});

/** Throws a TypeError for options of a send that are none. Every message with options comes here: right ones cost a look each. */
export function checkSendOptions(options: object): void {
  let areRight = typeof options === 'object';
  for (const name in options) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined && OPTIONS[name as keyof typeof OPTIONS]?.fits(value) !== true) areRight = false;
  }
  // What is inherited is not among those that count.
  if (!areRight) checkOptions('send', OPTIONS, options);
}
