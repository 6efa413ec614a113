/** Sessions of HTTP/2 that many share: what one of them does, and how many they are, harms none of the others. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { attach, Http2Pool, listen, open, type Server, type WebSocket } from '../../../../drivers/index.ts';
import type { NodeServerOptions } from '../../../../drivers/node/index.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';

const MAJOR = Number(process.versions.node.split('.', 1)[0]);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

const echo = async (ws: WebSocket) => {
  for await (const message of ws) await ws.send(message);
};

async function serve(options: Partial<NodeServerOptions> = {}): Promise<Server> {
  const server = await listen({ host: '127.0.0.1', port: 0, http2: true, ...options }, echo);
  cleanups.push(() => server.close({ timeout: 1 }));
  return server;
}

function poolOf(options = {}): Http2Pool {
  const pool = new Http2Pool(options);
  cleanups.push(() => pool.close());
  return pool;
}

/** A bare server, which answers streams as it is told. */
async function bare(onStream: (stream: ServerHttp2Stream, session: ServerHttp2Session) => void): Promise<string> {
  const web = http2.createServer({ settings: { enableConnectProtocol: true, maxConcurrentStreams: 100 } });
  web.on('session', (session) => {
    cleanups.push(() => session.destroy());
    session.on('stream', (stream) => {
      stream.on('error', () => {});
      onStream(stream, session);
    });
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  cleanups.unshift(() => web.close());
  return `ws://127.0.0.1:${(web.address() as AddressInfo).port}`;
}

async function isServed(ws: WebSocket): Promise<void> {
  await ws.send('still here');
  expect(await ws.receive()).toBe('still here');
}

describe('a pool', () => {
  test('takes options that are equal for the same, and others for others', async () => {
    const server = await serve({ tls });
    const pool = poolOf();
    const ca = () => Buffer.from(tls.cert);
    const checkServerIdentity = () => undefined;
    const ways = [
      () => ({ ca: ca() }),
      () => ({ ca: [ca()], minVersion: 'TLSv1.2' as const }),
      () => ({ rejectUnauthorized: false }),
      () => ({ ca: ca(), checkServerIdentity }),
      () => ({ ca: ca(), checkServerIdentity: () => undefined }),
    ];
    const sockets: WebSocket[] = [];
    const sizes: number[] = [];
    for (const way of ways) {
      for (let i = 0; i < 3; i++) sockets.push(await open(server.url, { http2: pool, tls: way() }));
      sizes.push(pool.size);
    }
    // The last one is another function each time.
    expect(sizes).toEqual([1, 2, 3, 4, 7]);
    await Promise.all(sockets.map((ws) => ws.close()));
  });

  test('keeps to the options that a session was opened with, whatever becomes of the object', async () => {
    const server = await serve({ tls });
    const pool = poolOf();
    const options: { ca?: string; rejectUnauthorized?: boolean } = { rejectUnauthorized: false };
    const lax = await open(server.url, { http2: pool, tls: options });
    delete options.rejectUnauthorized;
    await expect(open(server.url, { http2: pool, tls: options })).rejects.toMatchObject({ name: 'HandshakeError' });
    await lax.close();
  });

  test('gives whoever comes another session when the only one who waited for the first has given up', async () => {
    const server = await serve();
    for (let turns = 0; turns < 6; turns++) {
      const pool = poolOf();
      const controller = new AbortController();
      const given = open(server.url, { http2: pool, signal: controller.signal }).catch(({ message }: Error) => message);
      for (let i = 0; i < turns; i++) await nextTurn();
      controller.abort(new Error('enough'));
      const ws = await open(server.url, { http2: pool });
      await isServed(ws);
      await ws.close();
      await given;
    }
  });

  test('has `maxStreams` WebSockets on a session at most', async () => {
    const server = await serve();
    const pool = poolOf({ maxStreams: 2 });
    const sockets = await Promise.all([1, 2, 3, 4, 5].map(() => open(server.url, { http2: pool })));
    expect(pool.size).toBe(3);
    await Promise.all(sockets.map((ws) => ws.close()));
    expect(() => new Http2Pool({ maxStreams: -1 })).toThrow(RangeError);
  });

  test('takes a session that streams were aborted on by the hundred out of use, long before its server ends everybody’s', async () => {
    const server = await serve();
    const pool = poolOf();
    const witness = await open(server.url, { http2: pool });
    let most = 0;
    for (let round = 0; round < 25; round++) {
      const users = await Promise.all(Array.from({ length: 50 }, () => open(server.url, { http2: pool })));
      for (const user of users) user.terminate();
      most = Math.max(most, pool.size);
    }
    await isServed(witness);
    expect(witness.response!.status).toBe(200);
    expect(most).toBeGreaterThan(1);
    await witness.close();
    await expect.poll(() => pool.size).toBeLessThan(3);
  });

  test('opens another session for those who wait on one that announces more than it serves', async () => {
    const served = new Map<ServerHttp2Session, number>();
    const url = await bare((stream, session) => {
      const count = (served.get(session) ?? 0) + 1;
      served.set(session, count);
      if (count <= 3) stream.respond({ ':status': 200 });
    });
    const pool = poolOf();
    const sockets = await Promise.all([1, 2, 3, 4, 5].map(() => open(url, { http2: pool })));
    expect(served.size).toBe(2);
    for (const ws of sockets) ws.terminate();
  });
});

describe('a server', () => {
  test.skipIf(MAJOR < 22)('has Node’s limits for resets (Node 20 has no option for them)', async () => {
    const server = await serve({ http2: { streamResetBurst: 5, streamResetRate: 1 } });
    const witness = await open(server.url, { http2: true });
    const session = http2.connect(server.url.replace('ws', 'http'));
    session.on('error', () => {});
    await once(session, 'remoteSettings');
    const goaway = once(session, 'goaway');
    for (let i = 0; i < 50; i++) {
      const stream = session.request({ ':path': '/', ':method': 'GET' }, { endStream: false });
      stream.on('error', () => {});
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    expect((await goaway)[0]).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR);
    session.destroy();
    await isServed(witness);
    await witness.close();
  });

  test.each([{ streamResetBurst: -1 }, { streamResetRate: 0.5 }])(
    'refuses limits that are none: %j',
    async (options) => {
      await expect(listen({ port: 0, http2: options }, echo)).rejects.toThrow(RangeError);
      await expect(listen({ port: 0, http2: { burst: 1 } as never }, echo)).rejects.toThrow(TypeError);
    },
  );

  const frame = (type: number, flags: number, id: number, payload: string): Buffer => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(id, 5);
    return Buffer.concat([head, Buffer.from(payload, 'latin1')]);
  };

  describe.skipIf(MAJOR < 22)(
    'ends a session at once whose client breaks the framing (Node 20 does at its deadline)',
    () => {
      test.each([
        ['DATA on stream 0', frame(0, 0, 0, 'data')],
        ['SETTINGS of five bytes', frame(4, 0, 0, 'abcde')],
        ['CONTINUATION of nothing', frame(9, 4, 1, 'abcd')],
        ['a window that overflows', frame(8, 0, 0, '\x7f\xff\xff\xff')],
        ['PING of seven bytes', frame(6, 0, 0, '1234567')],
        ['a request of HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10))],
      ])('%s', async (_, broken) => {
        const server = await serve();
        const witness = await open(server.url, { http2: true });
        const socket = connectTcp(server.port, '127.0.0.1');
        socket.on('error', () => {});
        socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, ''), broken]));
        socket.resume();
        await once(socket, 'close');
        await isServed(witness);
        await witness.close();
      });
    },
  );
});

describe('what hundreds share', () => {
  const warnings = vi.fn();
  afterEach(() => {
    process.off('warning', warnings);
    warnings.mockClear();
  });

  test('one signal and one session: Node warns of no leak, and the signal ends all that are not open', async () => {
    process.on('warning', warnings);
    const server = await serve({ authorize: ({ path }) => (path === '/never' ? new Promise(() => {}) : true) });
    const { signal, abort } = (() => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: () => controller.abort(new Error('enough')) };
    })();
    const session = http2.connect(server.url.replace('ws', 'http'));
    session.on('error', () => {});
    cleanups.push(() => session.destroy());
    const onSession = await Promise.all(Array.from({ length: 40 }, () => open(server.url, { http2: session, signal })));
    const plain = await Promise.all(Array.from({ length: 40 }, () => open(server.url, { signal })));
    const waiting = Array.from({ length: 40 }, () =>
      open(`${server.url}/never`, { signal }).catch((error: Error) => error.message),
    );
    const receives = plain.map((ws) => ws.receive({ signal }).catch((error: Error) => error.message));
    await expect.poll(() => server.connections.size).toBe(80);
    abort();
    expect(new Set(await Promise.all([...waiting, ...receives]))).toEqual(new Set(['enough']));
    await isServed(onSession[0]);
    await isServed(plain[0]);
    await Promise.all([...onSession, ...plain].map((ws) => ws.close()));
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings.mock.calls).toEqual([]);
  });
});

describe.skipIf(MAJOR < 26)(
  'the WebSocket of Node 26, which takes HTTP/2 where it is offered (older ones do not)',
  () => {
    const SCRIPT = `
    const ws = new WebSocket(process.argv[1]);
    ws.onerror = ({ error }) => console.log('error', error?.message);
    ws.onopen = () => ws.send('hello '.repeat(200));
    ws.onmessage = ({ data }) => {
      console.log(data.length, ws.extensions);
      ws.close(4000, 'enough');
    };
    setInterval(() => {}, 1000); // over HTTP/2 a WebSocket alone does not keep Node 26 running
    ws.onclose = ({ code, reason, wasClean }) => {
      console.log(code, reason, wasClean);
      process.exit();
    };
  `;

    async function talk(url: string): Promise<string[]> {
      const folder = mkdtempSync(join(tmpdir(), 'sansocket-ca-'));
      cleanups.push(() => rmSync(folder, { recursive: true }));
      const ca = join(folder, 'ca.pem');
      writeFileSync(ca, tls.cert);
      const child = spawn(process.execPath, ['--no-warnings', '-e', SCRIPT, url], {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: ca },
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
      }
      await once(child, 'close');
      return output.trim().split('\n');
    }

    const TALK = ['1200 permessage-deflate', '4000 enough true'];

    test('is served by `listen`', async () => {
      const versions: unknown[] = [];
      const server = await listen({ host: '127.0.0.1', port: 0, tls, http2: true, compress: true }, async (ws) => {
        versions.push(ws.request?.version);
        await echo(ws);
      });
      cleanups.push(() => server.close({ timeout: 1 }));
      expect(await talk(server.url)).toEqual(TALK);
      expect(versions).toEqual(['2']);
    });

    test('is served by `attach`', async () => {
      const web = http2.createSecureServer({ ...tls, allowHTTP1: true });
      const sockets = attach(web, { compress: true }, echo);
      await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
      cleanups.push(
        () => web.close(),
        () => sockets.close(),
      );
      expect(await talk(`wss://127.0.0.1:${(web.address() as AddressInfo).port}/`)).toEqual(TALK);
    });
  },
);
