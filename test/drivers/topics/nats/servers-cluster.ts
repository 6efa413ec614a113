/** A NATS cluster of three of Debian's nats-servers with JetStream, on loopback. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { freePort, ServerProcess } from '../servers.ts';

const NODES = 3;

export class NatsCluster {
  readonly servers: readonly ServerProcess[];

  private constructor(servers: readonly ServerProcess[]) {
    this.servers = servers;
  }

  static async start(): Promise<NatsCluster> {
    const ports: number[] = [];
    const routes: number[] = [];
    for (let i = 0; i < NODES; i++) {
      ports.push(await freePort());
      routes.push(await freePort());
    }
    const all = routes.map((port) => `nats-route://127.0.0.1:${port}`).join(', ');
    const servers = ports.map(
      (port, i) =>
        new ServerProcess('nats-server', port, (folder) => {
          const file = join(folder, 'nats.conf');
          const route = `listen: "127.0.0.1:${routes[i]}", routes: [${all}]`;
          writeFileSync(file, `server_name: "s${i}"\ncluster { name: "c", ${route}, no_advertise: true }\n`);
          return ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder, '-c', file];
        }),
    );
    await Promise.all(servers.map((server) => server.start()));
    const cluster = new NatsCluster(servers);
    await cluster.isWhole();
    return cluster;
  }

  get ports(): number[] {
    return this.servers.map(({ port }) => port);
  }

  /** Resolves when JetStream has a leader, and all of them follow it. */
  async isWhole(): Promise<void> {
    const connection = await connect({ servers: this.ports.map((port) => `127.0.0.1:${port}`) });
    const probe = { name: 'probe', subjects: ['probe'], num_replicas: NODES };
    let isFollowed = false;
    for (let tries = 0; !isFollowed; tries++) {
      if (tries > 100) throw new Error('the cluster is not whole');
      // One at a time: what is not answered in time is done later all the same.
      const made = await ask(connection, 'STREAM.CREATE.probe', probe).catch(() => undefined);
      const { cluster } = made ?? {};
      isFollowed = cluster?.leader !== undefined && cluster.replicas?.every(({ current }) => current) === true;
      if (!isFollowed) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await ask(connection, 'STREAM.DELETE.probe', {});
    await connection.close();
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
  }
}

interface Answer {
  readonly error?: object;
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly { readonly current: boolean }[] };
}

async function ask(connection: Awaited<ReturnType<typeof connect>>, what: string, body: object): Promise<Answer> {
  const { data } = await connection.request(`$JS.API.${what}`, JSON.stringify(body), { timeout: 3000 });
  return JSON.parse(new TextDecoder().decode(data)) as Answer;
}
