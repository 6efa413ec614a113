/**
 * The bound on opening handshakes under way, `maxHandshakes`, over real sockets: what is beyond it, for each way to stand in a
 * server's door. In each case a second connection on the same server lives on, and a third one gets in.
 */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket as NetSocket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type Decision,
  listen,
  type NodeClientOptions,
  type NodeServerOptions,
  open,
  type ServeOptions,
  type Server,
  type WebSocket,
} from '../../../../drivers/index.ts';
import { serve } from '../../../../drivers/node/index.ts';
import { makeCertificate } from '../../../support/certificates.ts';
import { exchange, GOOD, parse } from '../hostile.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type ListenOptions = NodeServerOptions & ServeOptions;
type OpenOptions = NodeClientOptions;

/** A server on which nothing but the bound ends anyone, and a witness. */
async function start(options: ListenOptions, client: OpenOptions = {}): Promise<{ server: Server; witness: Witness }> {
  const limits = { maxHandshakes: 2, handshakeTimeout: false, closeTimeout: false } as const;
  const server = await listen({ host: '127.0.0.1', port: 0, ...limits, ...options }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  cleanups.push(() => server.close({ timeout: 1 }));
  return { server, witness: await Witness.of(server.url, client) };
}

class Witness {
  readonly #url: string;
  readonly #options: OpenOptions;
  readonly #ws: WebSocket;

  private constructor(url: string, options: OpenOptions, ws: WebSocket) {
    this.#url = url;
    this.#options = options;
    this.#ws = ws;
  }

  static async of(url: string, options: OpenOptions): Promise<Witness> {
    return new Witness(url, options, await open(url, options));
  }

  /** Is served, and so is another one that comes now. */
  async testify(): Promise<void> {
    const another = await open(this.#url, this.#options);
    for (const ws of [this.#ws, another]) {
      await ws.send('still here');
      expect(await ws.receive()).toBe('still here');
    }
    expect((await another.close()).clean).toBe(true);
  }
}

/** Connects and says this; a peer that never hangs up by itself. */
async function stand(port: number, text = ''): Promise<Standing> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  cleanups.push(() => socket.destroy());
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return new Standing(socket);
}

class Standing {
  /** All that came, once the server has ended it. */
  readonly answer: Promise<string>;
  isEnded: boolean;

  constructor(socket: NetSocket) {
    this.isEnded = false;
    let text = '';
    this.answer = new Promise((resolve) => {
      const end = (): void => {
        this.isEnded = true;
        resolve(text);
      };
      socket.on('data', (chunk) => (text += chunk.toString('latin1')));
      socket.on('error', end).on('end', end);
    });
  }
}

describe('beyond `maxHandshakes` the one that was waited for longest is ended', () => {
  test.each([
    ['that says nothing', ''],
    ['in the middle of its request', 'GET / HTTP/1.1\r\nHost: a\r\n'],
  ])('a peer %s: with 503, and when to come again', async (_, text) => {
    const { server, witness } = await start({});
    const first = await stand(server.port, text);
    const second = await stand(server.port, text);
    const third = await stand(server.port, text);
    expect(parse(await first.answer)).toMatchObject({
      status: 503,
      fields: expect.stringMatching(/\r\nretry-after: \d+/),
    });
    await stand(server.port);
    expect(parse(await second.answer).status).toBe(503);
    expect(third.isEnded).toBe(false);
    await witness.testify();
  });

  test.each([
    ['says nothing', ''],
    ['stops in the middle of its TLS handshake', '\x16\x03\x01\x02\x00'],
  ])('a TLS peer that %s', async (_, text) => {
    const tls = makeCertificate('IP:127.0.0.1');
    const { server, witness } = await start({ tls }, { tls: { ca: tls.cert } });
    const [first, second] = [await stand(server.port, text), await stand(server.port, text)];
    await stand(server.port, text);
    expect(await first.answer).toBe('');
    expect(second.isEnded).toBe(false);
    await witness.testify();
  });

  test('a peer that does not say whether it speaks HTTP/2', async () => {
    const { server, witness } = await start({ http2: true });
    const [first, second] = [await stand(server.port, 'PRI'), await stand(server.port, 'PRI')];
    await stand(server.port, 'PRI');
    expect(await first.answer).toBe('');
    expect(second.isEnded).toBe(false);
    await witness.testify();
  });

  test('a session of HTTP/2 that carries no stream', async () => {
    const { server, witness } = await start({ http2: true });
    const session = async () => {
      const one = connectHttp2(server.url.replace('ws', 'http')).on('error', () => {});
      cleanups.push(() => one.destroy());
      await once(one, 'remoteSettings');
      return one;
    };
    const [first, second] = [await session(), await session()];
    const ended = once(first, 'close');
    await session();
    await ended;
    expect(second.destroyed).toBe(false);
    await witness.testify();
  });

  test('a peer that was refused and does not hang up', async () => {
    const closed: number[] = [];
    const listener = await serve<undefined>(
      {
        host: '127.0.0.1',
        port: 0,
        maxHandshakes: 2,
        closeTimeout: false,
        authorize: ({ path }) => (path === '/' ? true : { status: 400 + Number(path.slice(1)) }),
      },
      {
        message: (socket, data) => void socket.send(data),
        close: (socket) => void (socket.request!.path === '/' || closed.push(Number(socket.request!.path.slice(1)))),
      },
    );
    cleanups.push(() => listener.stopListening());
    const witness = await Witness.of(listener.url, {});
    for (const number of [1, 2, 3, 4]) {
      const { answer } = await stand(listener.port, `${GOOD.replace('/ ', `/${number} `)}\r\n`);
      expect(parse(await answer).status).toBe(400 + number);
    }
    expect(closed).toEqual([1, 2]);
    await witness.testify();
  });
});

describe('beyond `maxHandshakes` requests that nobody has decided on', () => {
  /** Decides when told to, but for what has no path. */
  function judge() {
    const asked: string[] = [];
    let decide!: () => void;
    const decision = new Promise<boolean>((resolve) => (decide = () => resolve(true)));
    const authorize = ({ path }: { path: string }): Decision | Promise<Decision> => {
      if (path === '/') return true;
      asked.push(path);
      return decision;
    };
    return { asked, decide, decision, authorize };
  }

  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise(setImmediate);
  };

  test('another one is refused with 503, unasked, and those that wait are not', async () => {
    const { asked, decide, authorize } = judge();
    const { server, witness } = await start({ authorize });
    const [first, second] = [open(`${server.url}/1`), open(`${server.url}/2`)];
    await until(() => asked.length === 2);
    await expect(open(`${server.url}/3`)).rejects.toMatchObject({
      name: 'HandshakeError',
      response: { status: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } },
    });
    // Who says nothing is no matter to those who wait for a decision.
    for (let i = 0; i < 3; i++) await stand(server.port);
    decide();
    for (const ws of [await first, await second]) expect((await ws.close()).clean).toBe(true);
    expect(asked.sort()).toEqual(['/1', '/2']);
    await witness.testify();
  });

  test('requests for no WebSocket count as well', async () => {
    const { asked, decide, decision } = judge();
    const onRequest = async ({ path }: { path: string }) => {
      asked.push(path);
      await decision;
      return { status: 200, body: path };
    };
    const { server, witness } = await start({ onRequest });
    const ask = (path: string) => exchange(server.port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const [first, second] = [ask('/1'), ask('/2')];
    await until(() => asked.length === 2);
    expect(parse(await ask('/3'))).toMatchObject({
      status: 503,
      fields: expect.stringMatching(/\r\nretry-after: \d+/),
    });
    decide();
    expect([parse(await first), parse(await second)]).toMatchObject([
      { status: 200, body: '/1' },
      { status: 200, body: '/2' },
    ]);
    await witness.testify();
  });

  test('`maxConnections` is asked again right before the 101', async () => {
    const { asked, decide, authorize } = judge();
    const { server } = await start({ authorize, maxHandshakes: 10, maxConnections: 3 });
    const opening = [1, 2, 3, 4].map((number) => open(`${server.url}/${number}`));
    await until(() => asked.length === 4);
    decide();
    const results = await Promise.allSettled(opening);
    // The witness is one of the three.
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(server.connections.size).toBe(3);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ response: { status: 503 } });
    }
  });
});

test.each([0, false, Infinity] as const)('`maxHandshakes: %s` is no bound', async (maxHandshakes) => {
  const { server, witness } = await start({ maxHandshakes });
  const peers: Standing[] = [];
  for (let i = 0; i < 20; i++) peers.push(await stand(server.port));
  await witness.testify();
  expect(peers.some(({ isEnded }) => isEnded)).toBe(false);
});

test('a bound that is none is a misuse', async () => {
  await expect(listen({ port: 0, maxHandshakes: -1 }, () => {})).rejects.toThrow(RangeError);
});
