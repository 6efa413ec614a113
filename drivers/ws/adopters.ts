import type { Handlers } from '../socket/socket.ts';
import { checkDeflate } from './deflate.ts';
import { type Adopting, driver } from './driver.ts';
import { type ConnectionOptions, socketOptions } from './options.ts';

/** How many different sets of options are remembered. */
const MOST = 64;

const bySettings = new Map<string, Adopting>();

/**
 * Who takes connections with these options over. Connections with the same ones share what is made of them. They are looked at for
 * each connection: a server's `options` may change.
 */
export function adopterFor(options: ConnectionOptions, handlers: Handlers<any>): Adopting {
  const settings = socketOptions(options);
  const key = keyOf(settings);
  let adopter = bySettings.get(key);
  if (adopter === undefined) {
    adopter = driver().adopter(settings, handlers);
    if (bySettings.size >= MOST) bySettings.clear();
    bySettings.set(key, adopter);
  }
  return adopter;
}

/** Throws a TypeError or RangeError for what no connection may have: when there is one, nobody would catch it. */
export function checkSettings(options: ConnectionOptions & { perMessageDeflate?: unknown }): void {
  const settings = socketOptions(options);
  // Those of a connection that there has been are right.
  if (!bySettings.has(keyOf(settings))) driver().adopter(settings, {});
  if (typeof options.perMessageDeflate === 'object' && options.perMessageDeflate !== null) {
    checkDeflate(options.perMessageDeflate);
  }
}

function keyOf(settings: object): string {
  return Object.values(settings).join();
}
