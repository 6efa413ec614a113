/** Every stack of the matrix, and what could not be had. */
import { BROWSERS } from './browsers.ts';
import { COMPILED } from './compiled.ts';
import { JAVASCRIPT } from './javascript.ts';
import { PROXIES } from './proxies.ts';
import { PYTHON } from './python.ts';
import { SCRIPTS } from './scripts.ts';
import type { Stack } from './stack.ts';

export const STACKS: readonly Stack[] = [...PYTHON, ...SCRIPTS, ...COMPILED, ...JAVASCRIPT, ...BROWSERS, ...PROXIES];

/** What is not among them, and why: mostly, the registries of Debian 12 and npm don't have it in a form that runs. */
export const NOT_HAD: Readonly<Record<string, string>> = {
  tungstenite: 'Debian 12 has no package of it, and Rust’s registry is not among ours',
  'coder/websocket': 'Debian 12 has it under its former name alone, nhooyr.io/websocket',
  'uWebSockets.js': 'not on npm, and the builds of others there want a younger glibc than Debian 12’s',
  Undertow: 'Debian 12 has no package of it',
  mosquitto: 'it echoes nothing; what it does with MQTT stands in [Troubleshooting](guides/troubleshooting.md#peers)',
  curl: 'Debian 12 builds it without WebSockets',
  'undici 8': 'it is Node 26’s own',
  'faye (npm)': 'its WebSocket is faye-websocket',
  Safari: 'it runs on macOS alone',
};
