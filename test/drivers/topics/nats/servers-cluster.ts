/** A NATS cluster of three of Debian's nats-servers with JetStream, on loopback. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { freePort } from '../../../support/free-port.ts';
import { Proxy, ServerProcess } from '../servers.ts';

const NODES = 3;

/** How long it may take, in milliseconds: some ten seconds on a machine that has much to do besides. */
const WHOLE = 60_000;

export class NatsCluster {
  readonly servers: readonly ServerProcess[];
  /** The ways between the servers: from each to each other. */
  readonly #ways: readonly Way[];

  private constructor(servers: readonly ServerProcess[], ways: readonly Way[]) {
    this.servers = servers;
    this.#ways = ways;
  }

  static async start(): Promise<NatsCluster> {
    const ports: number[] = [];
    const routes: number[] = [];
    for (let i = 0; i < NODES; i++) {
      ports.push(await freePort());
      routes.push(await freePort());
    }
    // What they tell each other of leads nowhere: they go by the ways that they are given.
    const nowhere = await freePort();
    const ways: Way[] = [];
    for (let from = 0; from < NODES; from++) {
      for (let to = 0; to < NODES; to++) {
        if (from === to) continue;
        const proxy = new Proxy(() => routes[to]!);
        ways.push({ from, to, proxy, port: await proxy.listen() });
      }
    }
    const servers = ports.map(
      (port, i) =>
        new ServerProcess('nats-server', port, (folder) => {
          const file = join(folder, 'nats.conf');
          const out = ways.filter(({ from }) => from === i).map((way) => `nats-route://127.0.0.1:${way.port}`);
          const route = `listen: "127.0.0.1:${routes[i]}", advertise: "127.0.0.1:${nowhere}", routes: [${out.join(', ')}]`;
          writeFileSync(file, `server_name: "s${i}"\ncluster { name: "c", ${route}, no_advertise: true }\n`);
          return ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder, '-c', file];
        }),
    );
    const cluster = new NatsCluster(servers, ways);
    try {
      await Promise.all(servers.map((server) => server.start()));
      await cluster.isWhole();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  get ports(): number[] {
    return this.servers.map(({ port }) => port);
  }

  /** Resolves when JetStream has a leader, and all of them follow it; or a stream that there is. */
  async isWhole(stream?: string): Promise<void> {
    const connection = await connect({ servers: this.ports.map((port) => `127.0.0.1:${port}`) });
    const probe = { name: 'probe', subjects: ['probe'], num_replicas: NODES };
    const what = stream === undefined ? 'STREAM.CREATE.probe' : `STREAM.INFO.${stream}`;
    const deadline = performance.now() + WHOLE;
    let isFollowed = false;
    let last: unknown;
    while (!isFollowed) {
      if (performance.now() > deadline) throw new Error(`the cluster is not whole: ${JSON.stringify(last)}`);
      // One at a time: what is not answered in time is done later all the same.
      const asked = ask(connection, what, stream === undefined ? probe : {});
      last = await asked.catch(String);
      const { leader, replicas = [] } = (last as Answer).cluster ?? {};
      isFollowed = leader !== undefined && replicas.length === NODES - 1 && replicas.every(isCurrent);
      if (!isFollowed) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (stream === undefined) await ask(connection, 'STREAM.DELETE.probe', {});
    await connection.close();
  }

  /** Nothing goes between this server and the others any more, until what is returned is called. */
  cutOff(server: number): () => void {
    const ways = this.#ways.filter(({ from, to }) => from === server || to === server);
    for (const { proxy } of ways) proxy.swallowAll();
    return () => {
      for (const { proxy } of ways) proxy.pass();
    };
  }

  /** Which of them leads a stream; undefined while none does. */
  async leaderOf(stream: string, asking: number): Promise<number | undefined> {
    const connection = await connect({ servers: `127.0.0.1:${this.servers[asking]!.port}` });
    try {
      const { cluster } = await ask(connection, `STREAM.INFO.${stream}`, {});
      return cluster?.leader === undefined ? undefined : Number(cluster.leader.slice(1));
    } finally {
      await connection.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
    await Promise.all(this.#ways.map(({ proxy }) => proxy.close()));
  }
}

interface Way {
  readonly from: number;
  readonly to: number;
  readonly proxy: Proxy;
  readonly port: number;
}

interface Replica {
  readonly current: boolean;
  readonly offline?: boolean;
}

interface Answer {
  readonly error?: object;
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly Replica[] };
}

function isCurrent({ current, offline = false }: Replica): boolean {
  return current && !offline;
}

async function ask(connection: Awaited<ReturnType<typeof connect>>, what: string, body: object): Promise<Answer> {
  const { data } = await connection.request(`$JS.API.${what}`, JSON.stringify(body), { timeout: 3000 });
  return JSON.parse(new TextDecoder().decode(data)) as Answer;
}
