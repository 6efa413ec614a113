/** Hubs over a real engine, with subscribers that are sockets of the pipe, whose clock is not needed: what is waited for is events. */
import { createNetwork, type Network, type Socket } from '../../../drivers/pipe/index.ts';
import {
  createPresence,
  createTopics,
  type Engine,
  type Gap,
  type Topics,
  type TopicsOptions,
} from '../../../drivers/topics/index.ts';

import type { Proxy } from './servers.ts';

/** A subscriber at a hub: what it was told, in order. */
export interface Told {
  readonly messages: string[];
  readonly gaps: Gap[];
  readonly all: string[];
  readonly socket: Socket;
}

/** Milliseconds: as long as a busy machine may stand still, and where silence is to be noticed, shorter. */
export const HEARTBEAT = 3000;
export const SHORT_HEARTBEAT = 500;

export class RealNode {
  readonly hub: Topics;
  readonly #network: Network;
  readonly #told = new Map<object, Told>();
  /** Who waits for the server's end of which connection, by its path: two may be on their way at once. */
  readonly #arriving = new Map<string, (socket: Socket) => void>();
  #connections = 0;

  constructor(engine: Engine, options: TopicsOptions = {}) {
    this.#network = createNetwork();
    this.hub = createTopics({
      engine,
      heartbeat: HEARTBEAT,
      onGap: (ws, _topic, gap) => {
        const told = this.#told.get(ws)!;
        told.gaps.push(gap);
        told.socket.send(`gap ${gap.reason}`);
      },
      ...options,
    });
  }

  async start(): Promise<this> {
    await this.#network.serve({ host: 'server' }, { open: (socket) => this.#arrive(socket) });
    await this.hub.start();
    return this;
  }

  /** A socket of this node's. */
  async connect(handlers: Parameters<Network['connect']>[2] = {}): Promise<Socket> {
    const path = `/${++this.#connections}`;
    const arriving = new Promise<Socket>((resolve) => this.#arriving.set(path, resolve));
    this.#network.connect(`ws://server${path}`, {}, handlers);
    return arriving;
  }

  #arrive(socket: Socket): void {
    const { path } = socket.request!;
    this.#arriving.get(path)!(socket);
    this.#arriving.delete(path);
  }

  async subscribe(topic: string, since?: string): Promise<Told> {
    const all: string[] = [];
    const messages: string[] = [];
    const socket = await this.connect({
      message: (_socket, data) => {
        all.push(String(data));
        if (!String(data).startsWith('gap ')) messages.push(String(data));
      },
    });
    const told: Told = { messages, gaps: [], all, socket };
    this.#told.set(socket, told);
    await this.hub.subscribe(socket, topic, since === undefined ? {} : { since });
    return told;
  }

  /** The clients of this node read nothing any more, until what is returned is called. */
  stall(): () => void {
    for (const { toClient } of this.#network.links) toClient.stall();
    return () => {
      for (const { toClient } of this.#network.links) toClient.unstall();
    };
  }
}

/** Waits until something holds, which events will bring about. */
export async function until(what: string, holds: () => boolean, within = 8000): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > within) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Who is in a topic, over a real engine: gone when its node is not heard of, and back. The first node's link is the proxy's. */
export async function tryPresence(first: RealNode, second: RealNode, proxy: Proxy): Promise<void> {
  const [a, b] = [createPresence(first.hub), createPresence(second.hub)];
  const there = (): string => {
    const infos = b.entries('room').map(({ info }) => String(info));
    return infos.sort().join();
  };
  b.watch('room');
  await a.enter(await first.connect(), 'room', 'ann');
  const bob = await second.connect();
  await b.enter(bob, 'room', 'bob');
  await until('both are there', () => there() === 'ann,bob' && a.entries('room').length === 2);
  proxy.swallowAll();
  await until('the first is gone', () => there() === 'bob');
  proxy.pass();
  await until('it is back', () => there() === 'ann,bob' && a.entries('room').length === 2);
  b.leave(bob);
  await until('the second has left', () => there() === 'ann' && a.entries('room').length === 1);
  await first.hub.close();
  await until('nobody is there', () => there() === '');
}
