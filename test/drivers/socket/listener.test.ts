/** What a listener of the event face can do: say goodbye, send to all of its connections, show itself. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { attach, connect, serve } from '../../../drivers/node/index.ts';
import { NetworkDriver } from '../../../drivers/pipe/network.ts';
import { Recorder } from '../pipe/sessions.ts';

/** A server with so many clients that are open. */
async function serving(count: number, options: { closeTimeout?: false } = {}) {
  const network = new NetworkDriver();
  const server = new Recorder();
  const listener = await network.serve({ host: 'server', ...options }, server.handlers);
  const clients: Recorder[] = [];
  for (let i = 0; i < count; i++) {
    const client = new Recorder();
    network.connect('ws://server/', options, client.handlers);
    clients.push(client);
    await client.until(() => client.sockets.length === 1);
  }
  return { network, listener, server, clients };
}

/** Whether it has settled by now. */
function watched(promise: Promise<unknown>): () => boolean {
  let isOver = false;
  void promise.then(() => (isOver = true));
  return () => isOver;
}

describe('close', () => {
  test('says 1001 to everyone, lets nobody in any more, and resolves when all are gone', async () => {
    const { network, listener, clients } = await serving(2);
    const late = new Recorder();
    const closing = listener.close();
    network.connect('ws://server/', {}, late.handlers);
    await network.settle();
    await closing;
    expect(clients.map(({ infos }) => infos)).toMatchObject(Array(2).fill([{ code: 1001, reason: '', clean: true }]));
    expect(late.infos).toMatchObject([{ code: 1006, error: { name: 'HandshakeError' } }]);
    expect(listener.connections.size).toBe(0);
    await listener.closed;
  });

  test('with a code and a reason of one’s own', async () => {
    const { listener, clients } = await serving(1);
    await listener.close({ code: 4001, reason: 'moving house' });
    expect(clients[0]!.infos).toMatchObject([{ code: 4001, reason: 'moving house', clean: true }]);
  });

  test('what was sent before it comes before the Close frame', async () => {
    const { listener, clients } = await serving(1);
    void listener.broadcast('last news');
    await listener.close();
    expect(clients[0]!.log).toEqual(['open', 'text last news', 'close 1001']);
  });

  test.each([
    ['after ten seconds by default', {}, 9_999],
    ['when its timeout is up', { timeout: 500 }, 499],
  ])('ends who does not answer: %s', async (_, options, before) => {
    const { network, listener, server, clients } = await serving(2, { closeTimeout: false });
    network.links[0]!.stall();
    const isOver = watched(listener.close(options));
    await network.advance(before);
    expect([isOver(), server.infos.length]).toEqual([false, 1]);
    await network.advance(1);
    await listener.closed;
    expect(server.infos).toMatchObject([{ code: 1001 }, { code: 1006, error: { kind: 'terminated' } }]);
    clients[0]!.sockets[0]!.terminate(); // it was never told
    expect(network.clock.timers).toBe(0);
  });

  test('with 0 at once, and with false never', async () => {
    const { listener, server } = await serving(1, { closeTimeout: false });
    const closed = listener.close({ timeout: 0 });
    expect(server.infos).toMatchObject([{ error: { kind: 'terminated' } }]);
    await closed;

    const patient = await serving(1, { closeTimeout: false });
    patient.network.links[0]!.stall();
    const isOver = watched(patient.listener.close({ timeout: false }));
    await patient.network.advance(3_600_000);
    expect(isOver()).toBe(false);
    patient.server.sockets[0]!.terminate();
    await patient.listener.closed;
  });

  test('another call can shorten the wait', async () => {
    const { network, listener, server } = await serving(1, { closeTimeout: false });
    network.links[0]!.stall();
    const first = listener.close();
    const second = listener.close({ timeout: 10, code: 4000 });
    await network.advance(10);
    await Promise.all([first, second]);
    expect(server.infos).toMatchObject([{ sent: { code: 1001 }, error: { kind: 'terminated' } }]);
  });

  test.each([
    [{ code: 1005 }, RangeError],
    [{ reason: 'x'.repeat(124) }, RangeError],
    [{ timeout: -1 }, RangeError],
    [{ timout: 1 } as never, TypeError],
  ])('with what is wrong (%o) it rejects, and nothing has happened', async (options, type) => {
    const { network, listener, clients } = await serving(1);
    await expect(listener.close(options)).rejects.toThrow(type);
    await network.settle();
    expect([clients[0]!.infos, listener.connections.size]).toEqual([[], 1]);
    await listener.close();
  });

  test('is what `await using` does', async () => {
    const { listener, clients } = await serving(1);
    await listener[Symbol.asyncDispose]();
    expect(clients[0]!.infos).toMatchObject([{ code: 1001, clean: true }]);
  });
});

test('broadcast goes to all of its connections, but for those that `except` names', async () => {
  const { network, listener, server, clients } = await serving(3);
  expect(await listener.broadcast('to all')).toBe(3);
  expect(await listener.broadcast('not the first', { except: server.sockets[0]! })).toBe(2);
  expect(listener.broadcast('only the last', { except: server.sockets.slice(0, 2), slow: 'skip' })).toBe(1);
  expect(() => listener.broadcast('x', { slow: 'drop' as never })).toThrow(TypeError);
  await network.settle();
  expect(clients.map(({ messages }) => messages)).toEqual([
    ['to all'],
    ['to all', 'not the first'],
    ['to all', 'not the first', 'only the last'],
  ]);
  await listener.close();
});

test('console.log and JSON.stringify say where it listens, and for how many', async () => {
  const { listener } = await serving(2);
  expect(inspect(listener)).toBe("Listener { url: 'ws://server:80', isListening: true, connections: 2 }");
  expect(JSON.parse(JSON.stringify(listener))).toEqual(listener.toJSON());
  await listener.close();
  expect(inspect(listener)).toBe("Listener { url: 'ws://server:80', isListening: false, connections: 0 }");
});

describe('over sockets', () => {
  async function client(url: string): Promise<Recorder> {
    const recorder = new Recorder();
    connect(url, {}, recorder.handlers);
    await recorder.until(() => recorder.sockets.length === 1);
    return recorder;
  }

  test('serve', async () => {
    const listener = await serve({ host: '127.0.0.1', port: 0 }, {});
    const { port, url } = listener;
    const guest = await client(url);
    await listener.close({ code: 1000, reason: 'bye' });
    await guest.until(() => guest.infos.length === 1);
    expect(guest.infos).toMatchObject([{ code: 1000, reason: 'bye', clean: true }]);
    expect(listener).toMatchObject({ address: null, port, url });
    expect(() => listener.setSecureContext({})).toThrow('this server has no TLS');
  });

  test('attach, which leaves the HTTP server as it is', async () => {
    const http = createServer((_, response) => response.end('still here'));
    const listener = attach(http, {}, {});
    expect(listener).toMatchObject({ address: null, port: 0 });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    expect(listener.port).toBe((http.address() as AddressInfo).port);
    const guest = await client(listener.url);
    await listener.close();
    await guest.until(() => guest.infos.length === 1);
    expect(guest.infos).toMatchObject([{ code: 1001, clean: true }]);
    expect(await (await fetch(listener.url.replace('ws', 'http'))).text()).toBe('still here');
    http.closeAllConnections();
    http.close();
  });
});
