/** `attach` to a server of node:http2 of the application's own: what comes at once, and what others do with the same streams. */
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { attach, listen, type ServerOptions, upgrade } from '../../../../drivers/index.ts';
import { BEGINNING, extendedConnect, framesIn, HEADERS, reset } from '../../../support/http2-frames.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function urlOf(web: Http2Server): Promise<string> {
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => web.close());
  return `ws://127.0.0.1:${(web.address() as AddressInfo).port}`;
}

async function sessionWith(url: string): Promise<ClientHttp2Session> {
  const session = http2.connect(url.replace('ws', 'http')).on('error', () => {});
  cleanups.push(() => session.destroy());
  await once(session, 'remoteSettings');
  return session;
}

/** A session that is opened with these bytes, in one write. Gives what has come back of each stream, by now. */
function flood(url: string, bytes: Buffer[]): () => Map<number, number> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
  cleanups.push(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(Buffer.concat([BEGINNING, ...bytes]));
  return () => {
    const answers = framesIn(Buffer.concat(chunks)).filter(({ type }) => type === HEADERS);
    // An index of HPACK's static table, or of what stands before it: which one is the same for all that are answered alike.
    return new Map(answers.map(({ id, payload }) => [id, payload[0]]));
  };
}

/** What becomes of an extended CONNECT. */
async function request(
  session: ClientHttp2Session,
  path: string,
): Promise<{ status: number | undefined; body: string; code: number | undefined }> {
  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': '13' },
    { endStream: false },
  );
  let status: number | undefined;
  let body = '';
  stream.on('response', (fields) => (status = fields[':status'])).on('error', () => {});
  stream.on('data', (chunk: Buffer) => (body += chunk.toString('latin1'))).on('end', () => stream.end());
  await new Promise((resolve) => stream.once('close', resolve));
  return { status, body, code: stream.rstCode };
}

const ids = Array.from({ length: 100 }, (_, i) => 2 * i + 1);

describe.each(['listen', 'attach'] as const)('what one read opens, with %s', (how) => {
  async function serve(options: Partial<ServerOptions>): Promise<string> {
    if (how === 'attach') {
      const web = http2.createServer();
      const sockets = attach(web, options, (ws) => ws.closed);
      const url = await urlOf(web);
      cleanups.push(() => sockets.close({ timeout: 1 }));
      return url;
    }
    const server = await listen({ host: '127.0.0.1', port: 0, http2: true, ...options }, (ws) => ws.closed);
    cleanups.push(() => server.close({ timeout: 1 }));
    return server.url;
  }

  /** How many were decided on in each turn. */
  function counting(): { counts: Map<number, number>; authorize: () => true } {
    const counts = new Map<number, number>();
    let now = 0;
    let immediate = setImmediate(function next() {
      now++;
      immediate = setImmediate(next);
    });
    cleanups.push(() => clearImmediate(immediate));
    const authorize = () => {
      counts.set(now, (counts.get(now) ?? 0) + 1);
      return true as const;
    };
    return { counts, authorize };
  }

  test('is taken 32 streams a turn, and all of it is', async () => {
    const { counts, authorize } = counting();
    const url = await serve({ authorize });
    const answers = flood(
      url,
      ids.map((id) => extendedConnect(id)),
    );
    await expect.poll(() => answers().size).toBe(100);
    expect(Math.max(...counts.values())).toBe(32);
  });

  test('and is reset in the same read, with whatever code, is passed over, but for 32 at the most', async () => {
    const { counts, authorize } = counting();
    const url = await serve({ authorize });
    const answers = flood(url, [
      ...ids.slice(0, -1).flatMap((id, code) => [extendedConnect(id), reset(id, code)]),
      extendedConnect(199),
    ]);
    await expect.poll(() => answers().size).toBe(1);
    expect([...counts.values()].reduce((sum, count) => sum + count)).toBeLessThanOrEqual(33);
  });
});

describe('beside other listeners', () => {
  test('what one of them, before it, has answered or ended is left as it is', async () => {
    const web = http2.createServer();
    web.on('stream', (stream: ServerHttp2Stream, { ':path': path }) => {
      if (path === '/answered') stream.respond({ ':status': 418 });
      if (path === '/closed') stream.on('error', () => {}).close(http2.constants.NGHTTP2_REFUSED_STREAM);
      if (path === '/answered') stream.end('short and stout');
    });
    const opened: string[] = [];
    const sockets = attach(web, {}, (ws) => {
      opened.push(ws.request!.path);
      ws.terminate();
    });
    const session = await sessionWith(await urlOf(web));
    const answered = await request(session, '/answered');
    expect(answered).toEqual({ status: 418, body: 'short and stout', code: http2.constants.NGHTTP2_NO_ERROR });
    expect(await request(session, '/closed')).toMatchObject({ code: http2.constants.NGHTTP2_REFUSED_STREAM });
    await request(session, '/');
    expect(opened).toEqual(['/']);
    await sockets.close();
  });

  test('what one of them answers while it waits for its turn is left as it is', async () => {
    const web = http2.createServer();
    const sockets = attach(web, {}, (ws) => ws.closed);
    web.on('stream', (stream: ServerHttp2Stream) => {
      if (!stream.headersSent) stream.respond({ ':status': 418 }, { endStream: true });
    });
    const url = await urlOf(web);
    const answers = flood(
      url,
      ids.map((id) => extendedConnect(id)),
    );
    await expect.poll(() => answers().size).toBe(100);
    for (let i = 0; i < 4; i++) await nextTurn();
    expect(sockets.connections.size).toBe(32);
    await sockets.close({ timeout: 1 });
  });

  test('what one of them has handed to `upgrade` has the time that its own options say', async () => {
    const web = http2.createServer();
    const sockets = attach(web, { path: '/attached', handshakeTimeout: 50 }, () => {});
    web.on('request', (_, response) => response.end());
    let decide!: (decision: true) => void;
    const authorize = () => new Promise<true>((resolve) => (decide = resolve));
    web.on('connect', (given: http2.Http2ServerRequest) => {
      if (given.url !== '/mine') return;
      void upgrade(given, given.stream, new Uint8Array(0), { authorize }).then((ws) => ws.terminate());
    });
    const session = await sessionWith(await urlOf(web));
    const mine = request(session, '/mine');
    // The time that others have is over when this one is answered, which came later.
    expect(await request(session, '/nobody')).toMatchObject({ status: 503 });
    decide(true);
    expect(await mine).toMatchObject({ status: 200 });
    await sockets.close();
  });

  test('an ordinary request that somebody answers some time later is theirs', async () => {
    const web = http2.createServer();
    const sockets = attach(web, { path: '/here' }, () => {});
    const session = await sessionWith(await urlOf(web));
    web.on('request', (asked: http2.Http2ServerRequest, response) => {
      // By then what is nobody’s has its answer.
      if (asked.url === '/page') void request(session, '/').then(() => response.end('a page'));
      else response.end();
    });
    const page = session.request({ ':path': '/page' }).setEncoding('latin1');
    const [fields] = await once(page, 'response');
    expect([fields[':status'], await text(page)]).toEqual([200, 'a page']);
    await sockets.close();
  });

  test('a CONNECT that is for no WebSocket gets 405, or what another listener says', async () => {
    const web = http2.createServer((_, response) => response.end());
    const sockets = attach(web, { path: '/here' }, () => {});
    const session = await sessionWith(await urlOf(web));
    const answerTo = async () => {
      const tunnel = session.request({ ':method': 'CONNECT', ':authority': 'elsewhere:1' }).resume();
      const [fields] = await once(tunnel, 'response');
      tunnel.close();
      return fields[':status'];
    };
    expect(await answerTo()).toBe(405);
    web.on('connect', (_, response) => response.writeHead(418).end());
    expect(await answerTo()).toBe(418);
    await sockets.close();
  });

  test('what is nobody’s is over with its answer, though its client goes on', async () => {
    const web = http2.createServer();
    const sockets = attach(web, { path: '/here' }, () => {});
    const session = await sessionWith(await urlOf(web));
    const fields = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', 'sec-websocket-version': '13' };
    const stream = session.request(fields, { endStream: false }).resume();
    const [answer] = await once(stream, 'response');
    await once(stream, 'close');
    expect([answer[':status'], stream.rstCode]).toEqual([404, http2.constants.NGHTTP2_NO_ERROR]);
    await sockets.close();
  });

  test('what waits for its turn when `attach` is undone is refused with 503, and not left without an answer', async () => {
    const web = http2.createServer();
    const refused: (number | undefined)[] = [];
    const onRefused: ServerOptions['onRefused'] = (_, response) => void refused.push(response?.status);
    const sockets = attach(web, { path: '/', onRefused }, (ws) => ws.closed);
    let closed: Promise<void> | undefined;
    cleanups.push(() => closed);
    let count = 0;
    web.on('stream', () => {
      if (++count === ids.length) closed = sockets.close({ timeout: 1 });
    });
    const answers = flood(
      await urlOf(web),
      ids.map((id) => extendedConnect(id)),
    );
    await expect.poll(() => answers().size).toBe(100);
    expect(refused).toEqual(Array(68).fill(503));
  });
});
