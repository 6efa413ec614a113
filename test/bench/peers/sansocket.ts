/** What the two peers of this package use of it, as built: imported by its own name, from `dist/`. */
import type { Handlers, Listener } from '../../../drivers/handlers.ts';
import type { Job } from '../wire/job.ts';

interface EventSocket {
  send(data: string | Uint8Array): boolean;
}

export interface NodeEntry {
  serve(options: object, handlers: Handlers): Promise<Listener>;
  connect(url: string, options: object, handlers: Handlers): EventSocket;
  broadcast(sockets: Iterable<EventSocket>, message: string | Uint8Array): void;
}

interface PromiseSocket extends AsyncIterable<string | Uint8Array> {
  send(data: string | Uint8Array): Promise<void>;
}

interface PromiseServer {
  port: number;
  connections: Iterable<PromiseSocket>;
}

export interface MainEntry {
  listen(options: object, handler: (socket: PromiseSocket) => Promise<void>): Promise<PromiseServer>;
  open(url: string, options: object): Promise<PromiseSocket>;
  broadcast(sockets: Iterable<PromiseSocket>, message: string | Uint8Array): Promise<number>;
}

/** Another build than the package's own: a folder's URL. */
const dist = process.env.SANSOCKET_DIST;

// Specifiers that are no literals: the type check comes before the build, when there is nothing to resolve them to.
const own = (entry: string): string => `sansocket${entry}`;

export const importNode = (): Promise<NodeEntry> => import(dist ? `${dist}node.js` : own('/node'));
export const importMain = (): Promise<MainEntry> => import(dist ? `${dist}index.js` : own(''));

/** The options that this job asks for, on top of the defaults. */
export function optionsFor(job: Job): object {
  if (job.compress === false) return {};
  return { compress: job.compress === 'shared' ? { shared: true } : true };
}
