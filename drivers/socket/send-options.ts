import { BOOLEAN, checkOptions, FUNCTION, type OptionKind, type OptionTable, SIGNAL } from '../../protocol/internal.ts';
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

/** By name, and without a prototype: what is inherited is not among them. */
function tableOf<T>(kinds: OptionTable<T>): OptionTable<T> {
  return Object.assign(Object.create(null), kinds) as OptionTable<T>;
}

/** What each way to send takes. */
export const SENDS = {
  message: tableOf<SendOptions>({ compress: BOOLEAN, onSent: FUNCTION }),
  fragment: tableOf<FragmentOptions>({ compress: BOOLEAN, onSent: FUNCTION, text: BOOLEAN }),
  control: tableOf<ControlOptions>({ onSent: FUNCTION }),
  /** The promise API's: its promise tells when a message has left. */
  promised: tableOf<{ compress?: boolean; signal?: AbortSignal }>({ compress: BOOLEAN, signal: SIGNAL }),
  tried: tableOf<{ compress?: boolean }>({ compress: BOOLEAN }),
};

/** Throws a TypeError for options of a send that are none. Every message with options comes here: right ones cost a look each. */
export function checkSendOptions(options: object, table: OptionTable<object>): void {
  let areRight = typeof options === 'object';
  for (const name in options) {
    const value = (options as Record<string, unknown>)[name];
    const kind = (table as Readonly<Record<string, OptionKind>>)[name] as OptionKind | undefined;
    if (kind === undefined || (value !== undefined && !kind.fits(value))) areRight = false;
  }
  // What is inherited is not among those that count.
  if (!areRight) checkOptions('send', table, options);
}

const UNCOMPRESSED: SendOptions = Object.freeze({ compress: false });

/** What a socket is told of how to send a message, of all that may have been said with it elsewhere. */
export function sendOptionsOf(given: { readonly compress?: boolean | undefined } | undefined): SendOptions | undefined {
  return given?.compress === false ? UNCOMPRESSED : undefined;
}
