/**
 * How long a message takes from its publish at one node to the clients of another, with two libraries over one redis-server. The
 * other node is a process of its own; the clients are of this one, the same for both: Socket.IO's protocol is spoken to by hand.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connect, type Socket } from '../../../drivers/node/index.ts';
import { NODES, type PublishingNode } from './nodes.ts';

const MESSAGES = 1000;
const TEXT = 'x'.repeat(125);

type Library = keyof typeof NODES;

/** Milliseconds, of every delivery. */
export type Round = Readonly<Record<Library, number[]>>;

/** One message at a time to so many clients; the libraries take turns. */
export async function latencies(redis: number, clients: number, rounds: number): Promise<Round[]> {
  const pairs = { sansocket: await Pair.start('sansocket', redis), 'socket.io': await Pair.start('socket.io', redis) };
  for (const pair of Object.values(pairs)) await pair.connect(clients);
  const all: Round[] = [];
  // The first warms up.
  for (let round = 0; round <= rounds; round++) {
    const own = await pairs.sansocket.measure();
    const other = await pairs['socket.io'].measure();
    if (round > 0) all.push({ sansocket: own, 'socket.io': other });
  }
  return all;
}

class Pair {
  readonly #library: Library;
  readonly #node: PublishingNode;
  readonly #port: number;
  #clients = 0;
  #arrived: () => void = () => {};

  private constructor(library: Library, node: PublishingNode, port: number) {
    this.#library = library;
    this.#node = node;
    this.#port = port;
  }

  static async start(library: Library, redis: number): Promise<Pair> {
    const file = fileURLToPath(new URL('nodes.ts', import.meta.url));
    const child = fork(file, [library, String(redis)], { execArgv: ['--import', 'tsx'] });
    const [port] = (await once(child, 'message')) as [number];
    return new Pair(library, await NODES[library](redis), port);
  }

  async connect(count: number): Promise<void> {
    const path = this.#library === 'socket.io' ? '/socket.io/?EIO=4&transport=websocket' : '/';
    for (let i = 0; i < count; i++) {
      await new Promise<void>((resolve) => {
        const message = (socket: Socket, data: string | Uint8Array): void => this.#hear(socket, String(data), resolve);
        connect(`ws://127.0.0.1:${this.#port}${path}`, {}, { message });
      });
    }
    this.#clients = count;
  }

  async measure(): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < MESSAGES / Math.sqrt(this.#clients); i++) {
      let waiting = this.#clients;
      let start = 0;
      const all = new Promise<void>((resolve) => {
        this.#arrived = () => {
          times.push(performance.now() - start);
          if (--waiting === 0) resolve();
        };
      });
      start = performance.now();
      this.#node.publish(TEXT);
      await all;
    }
    return times;
  }

  /** Engine.IO says what a packet is by its first character: 0 open, 2 ping, 4 message; Socket.IO then 0 connected, 2 event. */
  #hear(socket: Socket, text: string, joined: () => void): void {
    if (text === 'joined' || text.startsWith('42["joined"')) joined();
    else if (this.#library === 'sansocket' || text.startsWith('42')) this.#arrived();
    else if (text.startsWith('0')) socket.send('40');
    else if (text === '2') socket.send('3');
  }
}
