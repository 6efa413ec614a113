/** Several hubs on one engine, with subscribers over the pipe, and what each of them was told. */
import { createNetwork, type Network, type Socket } from '../../../drivers/pipe/index.ts';
import {
  createTopics,
  type Gap,
  type SubscribeOptions,
  type Topics,
  type TopicsOptions,
} from '../../../drivers/topics/index.ts';
import { SeededRandom } from '../../../drivers/pipe/random.ts';
import { Broker, type BrokerEngine } from './broker.ts';

/** What a subscriber has been given: messages as they came, and gaps where they were told. */
export type Told = string | { readonly gap: Gap };

export class Reader {
  readonly told: Told[] = [];
  /** The newest position, as the frame says it. */
  position: string | undefined;
  /** The server's end. */
  socket!: Socket;
  /** The client's end. */
  client!: Socket;

  get messages(): string[] {
    return this.told.filter((one) => typeof one === 'string');
  }

  get gaps(): Gap[] {
    return this.told.flatMap((one) => (typeof one === 'string' ? [] : [one.gap]));
  }
}

export interface Node {
  readonly hub: Topics;
  readonly engine: BrokerEngine;
}

export class Cluster {
  readonly network: Network;
  readonly broker: Broker;
  readonly nodes: Node[] = [];
  readonly #seed: number;
  readonly #arriving = new Map<string, (socket: Socket) => void>();
  #clients = 0;

  constructor(seed = 1) {
    this.#seed = seed;
    this.network = createNetwork({ seed });
    this.broker = new Broker(this.network.clock);
  }

  static async of(nodes: number, options: TopicsOptions = {}, seed = 1): Promise<Cluster> {
    const cluster = new Cluster(seed);
    await cluster.network.serve({ host: 'server', sendHighWater: 1024 }, { open: (socket) => cluster.#arrive(socket) });
    for (let i = 0; i < nodes; i++) await cluster.addNode(options);
    return cluster;
  }

  async addNode(options: TopicsOptions = {}): Promise<Node> {
    const random = new SeededRandom(this.#seed).fork(this.nodes.length);
    const engine = this.broker.engine();
    const hub = createTopics({
      engine,
      clock: this.network.clock,
      random: () => random.fraction(),
      frame: (_topic, message, position) => JSON.stringify([position, message]),
      // Among the messages, so that it arrives in its place.
      onGap: (ws, _topic, gap) => void (ws as Socket).send(JSON.stringify({ gap })),
      ...options,
    });
    await hub.start();
    const node = { hub, engine };
    this.nodes.push(node);
    return node;
  }

  /** Connects a client and subscribes its server's end. What was told before goes on in the same reader. */
  async subscribe(node: Node, topic: string, options?: SubscribeOptions, reader = new Reader()): Promise<Reader> {
    const path = `/${++this.#clients}`;
    const arrived = new Promise<Socket>((resolve) => this.#arriving.set(path, resolve));
    reader.client = this.network.connect(
      `ws://server${path}`,
      {},
      {
        message(_socket, data) {
          const told = JSON.parse(String(data)) as [string, string] | { gap: Gap };
          if (!Array.isArray(told)) return void reader.told.push(told);
          [reader.position] = told;
          reader.told.push(told[1]);
        },
      },
    );
    reader.socket = await arrived;
    const subscribing = node.hub.subscribe(reader.socket, topic, options);
    // It may fail before anybody awaits it.
    subscribing.catch(() => {});
    await this.network.advance(10);
    await subscribing;
    return reader;
  }

  /** Publishes, and gives the time that takes. Resolves to whether the engine has acknowledged it. */
  async publish(node: Node, topic: string, message: string): Promise<boolean> {
    const publishing = node.hub.publish(topic, message).then(
      () => true,
      () => false,
    );
    await this.network.advance(5);
    return publishing;
  }

  #arrive(socket: Socket): void {
    this.#arriving.get(socket.request!.target)!(socket);
  }
}
