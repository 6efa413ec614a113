/** What the two peers of this package use of it, as built: imported by its own name, from `dist/`. */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Listener } from '../../../drivers/driver.ts';
import type { Handlers } from '../../../drivers/socket/socket.ts';
import type { Job } from '../wire/job.ts';

interface EventSocket {
  send(data: string | Uint8Array): boolean;
}

export interface NodeEntry {
  serve(options: object, handlers: Handlers): Promise<Listener>;
  attach(server: HttpServer, options: object, handlers: Handlers): Listener;
  connect(url: string, options: object, handlers: Handlers): EventSocket;
  broadcast(sockets: Iterable<EventSocket>, message: string | Uint8Array, options: { slow: 'send' }): void;
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
  attach(server: HttpServer, options: object, handler: (socket: PromiseSocket) => Promise<void>): PromiseServer;
  open(url: string, options: object): Promise<PromiseSocket>;
  broadcast(sockets: Iterable<PromiseSocket>, message: string | Uint8Array): Promise<number>;
}

interface Hub {
  start(): Promise<void>;
  subscribe(socket: EventSocket, topic: string, options: { slow: 'send' }): Promise<unknown>;
  publish(topic: string, message: string | Uint8Array): Promise<unknown>;
}

export interface TopicsEntry {
  createTopics(): Hub;
}

/** Another build than the package's own: the URL of the folder with its modules. */
const dist = process.env.SANSOCKET_DIST;
const ending = process.env.SANSOCKET_ENDING;

// Specifiers that are no literals: the type check comes before the build, when there is nothing to resolve them to.
const own = (entry: string): string => `sansocket${entry}`;

export const importNode = (): Promise<NodeEntry> => import(dist ? `${dist}node${ending}` : own('/node'));
export const importMain = (): Promise<MainEntry> => import(dist ? `${dist}index${ending}` : own(''));
export const importTopics = (): Promise<TopicsEntry> => import(dist ? `${dist}topics${ending}` : own('/topics'));

/** The options that this job asks for, on top of the defaults. */
export function optionsFor(job: Job): object {
  if (job.certificate !== undefined) return { tls: job.certificate, http2: job.over === 'http2' };
  if (job.compress === false) return {};
  return { compress: job.compress === 'shared' ? { shared: true } : true };
}

/** A server of node:http that listens, and its port. */
export async function httpServer(): Promise<{ http: HttpServer; port: number }> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return { http, port: (http.address() as AddressInfo).port };
}
