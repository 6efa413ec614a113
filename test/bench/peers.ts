import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Row } from './rows.ts';
import { installBun } from './install-bun.ts';
import { ROOT } from './compile.ts';

/** Something to measure. */
export interface Peer {
  id: PeerId;
  title: string;
  /** File under `peers/`, without extension. */
  file: string;
  roles: readonly ('server' | 'client')[];
  environment?: Record<string, string>;
  raw?: boolean;
  /** Command that runs the file, when it is not Node. */
  command?: string;
  version?: string;
}

export type PeerId =
  'raw' | 'ws' | 'ws+bufferutil' | 'ws face' | 'undici' | 'web' | 'bun' | 'event' | 'promise' | 'topics' | OtherId;

/** The faces of another build of this package. */
type OtherId = 'other event' | 'other promise';

const both = ['server', 'client'] as const;

const ALL: readonly Peer[] = [
  { id: 'raw', title: 'raw `node:net`', file: 'raw', roles: both, raw: true },
  { id: 'ws', title: '`ws`', file: 'ws', roles: both, environment: { WS_NO_BUFFER_UTIL: '1' } },
  { id: 'ws+bufferutil', title: '`ws` + bufferutil', file: 'ws', roles: both },
  { id: 'ws face', title: '`sansocket/ws`', file: 'ws', roles: both, environment: { WS_FACE: '1' } },
  { id: 'undici', title: 'undici', file: 'undici', roles: ['client'] },
  { id: 'web', title: '`sansocket/web`', file: 'undici', roles: ['client'], environment: { WEB_FACE: '1' } },
  { id: 'bun', title: 'Bun', file: 'bun', roles: both },
  { id: 'event', title: 'event driver', file: 'event', roles: both },
  { id: 'promise', title: 'promise API', file: 'promise', roles: both },
  { id: 'topics', title: '`sansocket/topics`', file: 'topics', roles: ['server'] },
];

/** The peers that are here, of those asked for. `note` is told why another one is not. */
export async function availablePeers(
  wanted: readonly string[] | undefined,
  note: (text: string) => void,
): Promise<Peer[]> {
  for (const id of wanted ?? []) {
    if (!ALL.some((peer) => peer.id === id))
      throw new RangeError(`no peer ${id}; there are ${ALL.map((p) => p.id).join(', ')}`);
  }
  const here: Peer[] = [];
  for (const peer of ALL.filter(({ id }) => wanted === undefined || wanted.includes(id))) {
    try {
      here.push({ ...peer, ...(await locate(peer.id)) });
    } catch (error) {
      note(`${peer.id} is skipped: ${(error as Error).message}`);
    }
  }
  return here;
}

async function locate(id: PeerId): Promise<Partial<Peer>> {
  const require = createRequire(join(ROOT, 'package.json'));
  switch (id) {
    case 'raw':
      return { version: process.version };
    case 'ws':
    case 'undici':
      return { version: require(`${id}/package.json`).version };
    case 'ws+bufferutil':
      require('bufferutil'); // Throws where it could not be built.
      return {
        version: `${require('ws/package.json').version}, bufferutil ${require('bufferutil/package.json').version}`,
      };
    case 'bun':
      return installBun();
    case 'other event':
    case 'other promise':
      return {};
    case 'ws face':
    case 'web':
    case 'event':
    case 'promise':
    case 'topics': {
      const [file, name] = ENTRIES[id];
      const path = join(ROOT, 'dist/commonjs', `${file}.mjs`);
      if (!existsSync(path)) throw new Error(`${path} is not built`);
      if (!(name! in (await import(pathToFileURL(path).href)))) throw new Error(`${path} has no ${name}`);
      return { version: require('./package.json').version };
    }
  }
}

/** What each face of this package is in the build, and a name that it must have. */
const ENTRIES = {
  'ws face': ['ws', 'WebSocketServer'],
  web: ['web', 'WebSocket'],
  event: ['node', 'serve'],
  promise: ['index', 'listen'],
  topics: ['topics', 'createTopics'],
} as const;

/** Has a peer import another build than the package's own, from the folder `dist`. */
export function environmentOf(dist: string): Record<string, string> {
  // What Node loads of it; a build from before there was CommonJS is ES modules alone.
  const commonJs = existsSync(join(dist, 'commonjs'));
  const folder = join(resolve(dist), commonJs ? 'commonjs/' : '/');
  return { SANSOCKET_DIST: pathToFileURL(folder).href, SANSOCKET_ENDING: commonJs ? '.mjs' : '.js' };
}

/** The same faces of this package as are among the peers, of another build in the folder `dist`. */
export function otherBuild(dist: string, peers: readonly Peer[]): Peer[] {
  const environment = environmentOf(dist);
  return peers
    .filter(({ id }) => id === 'event' || id === 'promise')
    .map((peer) => ({
      ...peer,
      id: `other ${peer.id}` as OtherId,
      title: `${peer.title}, other build`,
      environment,
      version: dist,
    }));
}

/** Whether the peer takes part in the row. */
export function plays(peer: Peer, row: Row): boolean {
  if (!peer.roles.includes(row.job.role)) return false;
  if (row.job.over === 'socket.io') return peer.file === 'ws';
  if (row.job.over === 'node:http' && !['ws', 'event', 'promise'].includes(peer.file)) return false;
  // Of the others none serves WebSockets over HTTP/2.
  if (row.job.over === 'http2' && !['raw', 'event', 'promise'].includes(peer.file)) return false;
  // Beside topics stand those that send to many at once by themselves.
  const isOfTopics = row.targets.topics !== undefined;
  if (isOfTopics ? !['topics', 'event', 'bun'].includes(peer.id) : peer.id === 'topics') return false;
  // How many bytes a compressed message takes is up to each implementation: there is no floor to compare with.
  return !(peer.raw && row.job.compress !== false);
}
