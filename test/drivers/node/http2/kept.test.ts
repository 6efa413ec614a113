/** What is kept of streams and sessions of HTTP/2 that are over: nothing, and no listener on what goes on. */
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { attach, Http2Pool, open } from '../../../../drivers/index.ts';
import { collectGarbage } from '../../../support/garbage.ts';
import { BEGINNING, extendedConnect, reset } from '../../../support/http2-frames.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server of node:http2, with all that it is ever told of. */
async function start(): Promise<{ url: string; refs: WeakRef<object>[]; sessions: Set<object> }> {
  const refs: WeakRef<object>[] = [];
  const sessions = new Set<object>();
  const web = http2.createServer();
  web.on('session', (session) => {
    refs.push(new WeakRef(session));
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  const authorize = ({ path }: { path: string }) => path !== '/no';
  const sockets = attach(web, { path: ['/', '/no'], authorize }, async (ws) => {
    refs.push(new WeakRef(ws));
    await ws.closed;
  });
  web.on('stream', (stream: ServerHttp2Stream) => void refs.push(new WeakRef(stream)));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  cleanups.push(
    () => web.close(),
    () => sockets.close({ timeout: 0 }),
  );
  return { url: `ws://127.0.0.1:${(web.address() as AddressInfo).port}`, refs, sessions };
}

async function expectNothingKept(refs: WeakRef<object>[]): Promise<void> {
  let kept = 0;
  for (const ref of refs) if (ref.deref() !== undefined && !(await collectGarbage(ref))) kept++;
  expect([kept, refs.length > 0]).toEqual([0, true]);
}

test('of what one read opened, taken, waiting for its turn, refused or reset', async () => {
  const { url, refs, sessions } = await start();
  const paths = ['/', '/no', '/nobody'];
  const flood = Buffer.concat([
    BEGINNING,
    ...Array.from({ length: 99 }, (_, i) => extendedConnect(2 * i + 1, paths[i % 3])),
    ...Array.from({ length: 20 }, (_, i) => reset(4 * i + 1, i)),
  ]);
  // Once before all are taken, and once after.
  for (const turns of [0, 8]) {
    const socket = connectTcp(Number(new URL(url).port), '127.0.0.1');
    socket.write(flood);
    await once(socket, 'readable');
    for (let i = 0; i < turns; i++) await nextTurn();
    socket.destroy();
    await expect.poll(() => sessions.size).toBe(0);
  }
  await expectNothingKept(refs);
});

test('of WebSockets on a session that goes on, opened, refused or given up, and no listener there', async () => {
  const { url, refs } = await start();
  const session = http2.connect(url.replace('ws', 'http')).on('error', () => {});
  cleanups.push(() => session.destroy());
  await once(session, 'remoteSettings');
  const before = listenersOf(session);
  await converse(url, session, refs);
  expect(listenersOf(session)).toEqual(before);
  await expectNothingKept(refs.slice(1));
});

test('of those of a pool, whose sessions are gone when it is closed', async () => {
  const { url, refs, sessions } = await start();
  const pool = new Http2Pool({ maxStreams: 4 });
  await converse(url, pool, refs);
  await pool.close();
  expect(pool.size).toBe(0);
  await expect.poll(() => sessions.size).toBe(0);
  await expectNothingKept(refs);
});

/** WebSockets in all the ways in which they end, to the last of them. */
async function converse(url: string, over: Http2Pool | ClientHttp2Session, refs: WeakRef<object>[]): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: 10 }, () => open(url, { http2: over })));
  for (const ws of sockets) refs.push(new WeakRef(ws));
  sockets.forEach((ws, i) => void (i % 2 === 0 ? ws.terminate() : ws.close()));
  await Promise.all(sockets.map(({ closed }) => closed));
  const controller = new AbortController();
  const { signal } = controller;
  const failing = ['/no', '/nobody', '/'].map((path) => open(url + path, { http2: over, signal }).catch(() => {}));
  controller.abort();
  await Promise.all([...failing, open(`${url}/no`, { http2: over }).catch(() => {})]);
}

function listenersOf(session: ClientHttp2Session): Record<string, number> {
  return Object.fromEntries(session.eventNames().map((name) => [String(name), session.listenerCount(name as 'close')]));
}
