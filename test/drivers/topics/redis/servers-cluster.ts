/** A Redis cluster of three masters of Debian's, on loopback. */
import { createClient } from 'redis';
import { freePort } from '../../../support/free-port.ts';
import { ServerProcess } from '../servers.ts';
import { SLOTS } from '../../../../drivers/topics/redis/slots.ts';
import { until } from '../real.ts';

const NODES = 3;

export class RedisCluster {
  readonly servers: ServerProcess[];

  private constructor(servers: ServerProcess[]) {
    this.servers = servers;
  }

  static async start(): Promise<RedisCluster> {
    const buses = await Promise.all(Array.from({ length: NODES }, () => freePort()));
    const servers: ServerProcess[] = [];
    for (const bus of buses) {
      const port = await freePort();
      servers.push(
        new ServerProcess('redis-server', port, (folder) => [
          ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--daemonize', 'no'],
          ...['--appendonly', 'yes', '--appendfsync', 'always'],
          ...['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '1000'],
        ]),
      );
    }
    const cluster = new RedisCluster(servers);
    try {
      await cluster.#join(buses);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  async #join(buses: readonly number[]): Promise<void> {
    await Promise.all(this.servers.map((server) => server.start()));
    const share = Math.ceil(SLOTS / NODES);
    for (let i = 0; i < NODES; i++) {
      const to = Math.min((i + 1) * share, SLOTS) - 1;
      await this.command(i, 'CLUSTER', 'ADDSLOTSRANGE', String(i * share), String(to));
      await this.command(i, 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
    }
    for (let i = 1; i < NODES; i++) {
      await this.command(0, 'CLUSTER', 'MEET', '127.0.0.1', String(this.ports[i]), String(buses[i]));
    }
    await this.isWhole();
  }

  get ports(): number[] {
    return this.servers.map(({ port }) => port);
  }

  /** Asks one of them something, over a connection of its own. */
  async command(server: number, ...args: string[]): Promise<unknown> {
    const socket = { host: '127.0.0.1', port: this.servers[server]!.port, reconnectStrategy: false as const };
    const client = createClient({ socket });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  /** Resolves when all of them say that all slots are served. */
  async isWhole(): Promise<void> {
    for (let i = 0; i < NODES; i++) {
      let info = '';
      await until('the cluster is whole', () => {
        void this.command(i, 'CLUSTER', 'INFO').then(
          (text) => (info = String(text)),
          () => {},
        );
        return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${NODES}`);
      });
    }
  }

  /** Which of them has a slot. */
  async ownerOf(slot: number): Promise<number> {
    for (let i = 0; i < NODES; i++) {
      const nodes = String(await this.command(i, 'CLUSTER', 'NODES')).split('\n');
      const ranges = nodes
        .find((line) => line.includes('myself'))!
        .split(' ')
        .slice(8);
      const has = ranges.some((range) => {
        const [from, to = from] = range.split('-').map(Number);
        return slot >= from! && slot <= to!;
      });
      if (has) return i;
    }
    throw new Error(`nobody has slot ${slot}`);
  }

  /** Moves a slot with its keys. */
  async move(slot: number): Promise<void> {
    const finish = await this.beginMove(slot);
    await finish();
  }

  /** Moves the keys of a slot, which is on its way until what this resolves to is called: who asks where it was is sent on by ASK. */
  async beginMove(slot: number): Promise<() => Promise<void>> {
    const from = await this.ownerOf(slot);
    const to = (from + 1) % NODES;
    const ids: string[] = [];
    for (let i = 0; i < NODES; i++) ids.push(String(await this.command(i, 'CLUSTER', 'MYID')));
    await this.command(to, 'CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', ids[from]!);
    await this.command(from, 'CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', ids[to]!);
    const keys = (await this.command(from, 'CLUSTER', 'GETKEYSINSLOT', String(slot), '1000')) as string[];
    const target = ['127.0.0.1', String(this.servers[to]!.port), '', '0', '5000', 'KEYS'];
    if (keys.length > 0) await this.command(from, 'MIGRATE', ...target, ...keys);
    return async () => {
      for (const i of [to, from]) await this.command(i, 'CLUSTER', 'SETSLOT', String(slot), 'NODE', ids[to]!);
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
  }
}
