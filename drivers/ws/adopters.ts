import type { Handlers } from '../socket/socket.ts';
import { type Adopting, driver } from './driver.ts';
import { type ConnectionOptions, socketOptions } from './options.ts';

/** How many different sets of options are remembered. */
const MOST = 64;

const bySettings = new Map<string, Adopting>();
const byOptions = new WeakMap<object, Adopting>();

/** Who takes connections with these options over. Connections with the same ones share what is made of them. */
export function adopterFor(options: ConnectionOptions, handlers: Handlers<any>): Adopting {
  let adopter = byOptions.get(options);
  if (adopter !== undefined) return adopter;
  const settings = socketOptions(options);
  const key = JSON.stringify(settings);
  adopter = bySettings.get(key);
  if (adopter === undefined) {
    adopter = driver().adopter(settings, handlers);
    if (bySettings.size >= MOST) bySettings.clear();
    bySettings.set(key, adopter);
  }
  byOptions.set(options, adopter);
  return adopter;
}
