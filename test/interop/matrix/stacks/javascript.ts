/** The packages of npm, and runtimes that npm ships as binaries. */
import { join } from 'node:path';
import { ANSWERS_1000, NO_1012 } from './advice.ts';
import { BOTH, inNpm, npmVersion, peer, run, type Role, type Stack } from './stack.ts';
import { certificateIn, certify } from './tls.ts';

/** Copied to where the packages are: modules are looked up from the file that asks. */
const copyPeer = (work: string): void => void run('cp', [peer('node-peer.mjs'), work]);

function npm(name: string, kind: string, packages: readonly string[], more: Partial<Stack> = {}): Stack {
  return {
    name,
    roles: BOTH,
    npm: packages,
    build: copyPeer,
    command: (work) => [process.execPath, join(work, 'node-peer.mjs')],
    suffix: () => [kind],
    version: (work) => npmVersion(work, packages[0].replace(/(?<=.)@[^@]+$/, '')),
    ...more,
  };
}

/** A runtime, and its own WebSocket. */
function runtime(
  name: string,
  pkg: string,
  args: readonly string[],
  roles: readonly Role[],
  kind: string,
  more: Partial<Stack> = {},
): Stack {
  const [binary] = pkg.split('@');
  return {
    name,
    roles,
    npm: [pkg],
    build: copyPeer,
    command: (work) => [inNpm(work, `.bin/${binary}`), ...args, join(work, 'node-peer.mjs')],
    suffix: () => [kind],
    version: (work) => npmVersion(work, binary),
    ...more,
  };
}

export const JAVASCRIPT: readonly Stack[] = [
  npm('ws', 'ws', ['ws@8.23.0']),
  npm('websocket (npm)', 'websocket', ['websocket@1.0.35'], { advice: ANSWERS_1000 }),
  npm('faye-websocket (npm)', 'faye', ['faye-websocket@0.11.4'], { advice: NO_1012 }),
  npm('nodejs-websocket', 'nodejs-websocket', ['nodejs-websocket@1.7.2']),
  npm('undici 6', 'undici', ['undici@6.29.1'], { roles: ['client'] }),
  npm('undici 7', 'undici', ['undici@7.30.2'], { roles: ['client'] }),
  runtime('Node 20, its own client', 'node@20.20.2', ['--experimental-websocket'], ['client'], 'web'),
  runtime('Node 22, its own client', 'node@22.23.3', [], ['client'], 'web'),
  runtime('Node 24, its own client', 'node@24.21.0', [], ['client'], 'web'),
  runtime('Node 26, its own client', 'node@26.10.0', [], ['client'], 'web'),
  runtime('Node 26, its own client, HTTP/2', 'node@26.10.0', [], ['client'], 'web', {
    build: (work) => {
      copyPeer(work);
      certify(work);
    },
    command: (work) => [
      ...['env', `NODE_EXTRA_CA_CERTS=${join(work, 'cert.pem')}`, inNpm(work, '.bin/node')],
      join(work, 'node-peer.mjs'),
    ],
    serverOptions: (work) => ({ tls: certificateIn(work), http2: true }),
    advice: 'nothing: a server gives it the Sec-WebSocket-Accept that it wants',
  }),
  runtime('Deno', 'deno@2.9.6', ['run', '-A', '--no-lock', '--no-config'], BOTH, 'deno'),
  runtime('Bun', 'bun@1.4.5', [], BOTH, 'bun', {
    advice: 'its server selects the first subprotocol that you offer, asked or not',
  }),
  {
    name: 'workerd',
    roles: BOTH,
    npm: ['workerd@1.20261117.1'],
    build: (work) => void run('cp', [peer('workerd-peer.mjs'), work]),
    command: (work) => [process.execPath, join(work, 'workerd-peer.mjs')],
    suffix: (work) => [inNpm(work, '.bin/workerd')],
    version: (work) => npmVersion(work, 'workerd'),
  },
];
