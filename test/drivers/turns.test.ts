/**
 * faults.md §6, legal bombs: on every driver and under every face, a connection that asks for much work with few bytes does it
 * in turns of the loop, and everybody else is served between. What is counted is turns; time is not looked at.
 */
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Http2Pool, listen, open } from '../../drivers/index.ts';
import {
  adopt,
  connect,
  type NodeClientOptions,
  type NodeServerOptions,
  serve,
  type Socket,
} from '../../drivers/node/index.ts';
import { type Cut, NetworkDriver } from '../../drivers/pipe/index.ts';
import { WebSocket as WebWebSocket } from '../../drivers/web/index.ts';
import WsWebSocket, { WebSocketServer } from '../../drivers/ws/index.ts';
import { type Certificate, makeCertificate } from '../support/certificates.ts';
import { duplexPair } from './node/client/duplex-pair.ts';

const MIB = 1024 * 1024;
const BOMB = new Uint8Array(MIB);
const BOMBS = 60;
/** A turn's budget, and the message that goes beyond it. */
const SHARE = 5;

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

const LOCAL = { host: '127.0.0.1', port: 0 } as const;

/** Who is to be stopped by them calls `onBomb` for each. Returns what sends one. */
type Scene = (onBomb: () => void) => Promise<(bomb: Uint8Array) => unknown>;

function events(
  serverOptions: () => NodeServerOptions,
  clientOptions: () => NodeClientOptions,
  isServerAttacked = true,
): Scene {
  return async (onBomb) => {
    const message = (_: unknown, data: string | Uint8Array): void => void (data.length === MIB && onBomb());
    let attack: (bomb: Uint8Array) => unknown = () => {};
    const listener = await serve(
      { ...LOCAL, compress: true, ...serverOptions() },
      { message, open: (socket) => void (isServerAttacked || (attack = (bomb) => socket.send(bomb))) },
    );
    onTestFinished(() => listener.close({ timeout: 0 }));
    const client = await new Promise<Socket>((open) => {
      connect(listener.url, { compress: true, ...clientOptions() }, { message, open });
    });
    onTestFinished(() => client.terminate());
    if (isServerAttacked) attack = (bomb) => client.send(bomb);
    return (bomb) => attack(bomb);
  };
}

function adopted(makePair: () => Promise<[Duplex, Duplex]>): Scene {
  return async (onBomb) => {
    const [here, there] = await makePair();
    onTestFinished(() => {
      here.destroy();
      there.destroy();
    });
    const opening = { extensions: 'permessage-deflate', compress: true } as const;
    adopt(here, new Uint8Array(0), { role: 'server', ...opening }, {}, { message: () => onBomb() });
    const attacker = adopt(there, new Uint8Array(0), { role: 'client', ...opening }, {}, {});
    return (bomb) => attacker.send(bomb);
  };
}

async function tcpPair(): Promise<[Duplex, Duplex]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const there = connectTcp({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [here] = (await once(server, 'connection')) as [Duplex];
  server.close();
  return [here, there];
}

function poolOf(): Http2Pool {
  const pool = new Http2Pool();
  onTestFinished(() => pool.close());
  return pool;
}

const SCENES: readonly (readonly [string, Scene])[] = [
  [
    'a server over TCP',
    events(
      () => ({}),
      () => ({}),
    ),
  ],
  [
    'a client over TCP',
    events(
      () => ({}),
      () => ({}),
      false,
    ),
  ],
  [
    'a server over TLS',
    events(
      () => ({ tls }),
      () => ({ tls: { ca: tls.cert } }),
    ),
  ],
  [
    'a client over TLS',
    events(
      () => ({ tls }),
      () => ({ tls: { ca: tls.cert } }),
      false,
    ),
  ],
  [
    'a server over HTTP/2',
    events(
      () => ({ http2: true }),
      () => ({ http2: poolOf() }),
    ),
  ],
  [
    'a client over HTTP/2',
    events(
      () => ({ http2: true }),
      () => ({ http2: poolOf() }),
      false,
    ),
  ],
  ['what was adopted over TCP', adopted(tcpPair)],
  ['what was adopted over a Duplex', adopted(() => Promise.resolve(duplexPair()))],
  [
    'the promise API',
    async (onBomb) => {
      const server = await listen({ ...LOCAL, compress: true }, async (ws) => {
        for await (const _ of ws) onBomb();
      });
      const ws = await open(server.url, { compress: true });
      onTestFinished(async () => {
        ws.terminate();
        await server.close({ timeout: 0 });
      });
      return (bomb) => ws.send(bomb);
    },
  ],
  [
    'the WebSocket of the web',
    async (onBomb) => {
      let attack!: (bomb: Uint8Array) => unknown;
      const server = await serve(
        { ...LOCAL, compress: true },
        { open: (socket) => void (attack = (bomb) => socket.send(bomb)) },
      );
      const ws = new WebWebSocket(server.url, [], { compress: true });
      ws.onmessage = onBomb;
      onTestFinished(() => server.close({ timeout: 0 }));
      await new Promise((resolve) => (ws.onopen = resolve));
      return attack;
    },
  ],
  [
    'the face of ws',
    async (onBomb) => {
      const server = new WebSocketServer({ ...LOCAL, perMessageDeflate: true });
      await once(server, 'listening');
      server.on('connection', (ws) => ws.on('message', onBomb));
      const ws = new WsWebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
        perMessageDeflate: true,
      });
      await once(ws, 'open');
      onTestFinished(() => {
        ws.terminate();
        for (const client of server.clients) client.terminate();
        server.close();
      });
      return (bomb) => ws.send(bomb);
    },
  ],
];

describe.each(SCENES)('%s', (_, scene) => {
  test(
    `deals with ${BOMBS} bombs in turns, and another connection is served between`,
    { timeout: 60_000 },
    async () => {
      let turn = 0;
      let isOver = false;
      const count = (): void => {
        turn++;
        if (!isOver) setImmediate(count);
      };
      const inTurn: number[] = [];
      let bombs = 0;
      let finish!: () => void;
      const all = new Promise<void>((resolve) => (finish = resolve));
      const attack = await scene(() => {
        inTurn[turn] = (inTurn[turn] ?? 0) + 1;
        if (++bombs === BOMBS) finish();
      });

      const server = await serve(LOCAL, { message: (socket, data) => void socket.send(data) });
      const witness = await open(server.url);
      onTestFinished(() => server.close({ timeout: 0 }));
      /** How many bombs there had been at each of the witness's round trips. */
      const seen: number[] = [];
      const bearWitness = async (): Promise<void> => {
        while (bombs < BOMBS) {
          await witness.send('still here');
          expect(await witness.receive()).toBe('still here');
          seen.push(bombs);
        }
      };

      count();
      for (let i = 0; i < BOMBS; i++) void attack(BOMB);
      await Promise.all([all, bearWitness()]);
      isOver = true;
      await witness.close();
      // What is left of one share and all of the next may come between two looks.
      expect(Math.max(...inTurn.filter((one) => one > 0))).toBeLessThanOrEqual(2 * SHARE);
      expect(new Set(seen.filter((one) => one > 0)).size).toBeGreaterThan(3);
    },
  );
});

test('the WebSocket of the web has no more events waiting than a turn brings', async () => {
  let received = 0;
  let dispatched = 0;
  let most = 0;
  const note = (message: unknown): void => {
    if (!(message as { socket: Socket }).socket.isServer) received++;
  };
  diagnostics.subscribe('sansocket:message:received', note);
  onTestFinished(() => void diagnostics.unsubscribe('sansocket:message:received', note));
  const server = await serve(LOCAL, {
    open(socket) {
      for (let i = 0; i < 50_000; i++) socket.send('');
    },
  });
  onTestFinished(() => server.close({ timeout: 0 }));
  const ws = new WebWebSocket(server.url);
  await new Promise<void>((resolve) => {
    ws.onmessage = () => {
      most = Math.max(most, received - dispatched++);
      if (dispatched === 50_000) resolve();
    };
  });
  expect(received).toBe(50_000);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8192);
});

describe('the in-memory network', () => {
  const cuts: Cut[] = ['whole', 100, 1];

  test.each(cuts)(
    'serves who waits for a turn one after the other, and everybody else between, cut %s',
    async (cut) => {
      const network = new NetworkDriver({ latency: 1, cut, window: 1 << 20, manual: true });
      const { clock } = network;
      const order: string[] = [];
      await network.serve(
        { host: 'server', turnBudget: 1024 },
        {
          message(socket, data) {
            order.push(String(data));
            if (data === 'w') socket.send('w');
          },
        },
      );
      const [a, b] = ['a', 'b'].map((name) => ({ name, socket: network.connect('ws://server/', {}, {}) }));
      let answers = 0;
      const witness = network.connect(
        'ws://server/',
        {},
        {
          message(socket) {
            answers++;
            socket.send('w');
          },
        },
      );
      clock.advanceSync(100);
      for (const { name, socket } of [a, b]) for (let i = 0; i < 20; i++) socket.send(name);
      witness.send('w');
      clock.advanceSync(100);
      const attack = order.filter((one) => one !== 'w').join('');
      expect(attack).toHaveLength(40);
      if (cut === 'whole') expect(attack).toBe(`aabb${'aabb'.repeat(9)}`);
      expect(answers).toBeGreaterThan(20);
    },
  );

  test('tells of the end once everything that came before it has had its turn', async () => {
    const network = new NetworkDriver({ latency: 1, window: 1 << 20, manual: true });
    const { clock } = network;
    for (const end of ['close', 'terminate'] as const) {
      const got: string[] = [];
      const listener = await network.serve(
        { host: end, turnBudget: 1 },
        {
          message: (_, data) => void got.push(String(data)),
          close: (_, { code }) => void got.push(`close ${code}`),
        },
      );
      const client = network.connect(`ws://${end}/`, {}, {});
      clock.advanceSync(100);
      for (let i = 0; i < 5; i++) client.send(`${i}`);
      client.flush();
      if (end === 'close') client.close(4001);
      else clock.advanceSync(1);
      if (end === 'terminate') client.terminate();
      clock.advanceSync(20_000);
      expect(got).toEqual(['0', '1', '2', '3', '4', end === 'close' ? 'close 4001' : 'close 1006']);
      listener.stopListening();
    }
  });
});
