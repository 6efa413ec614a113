import { spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, test } from 'vitest';
import { listen, open } from '../../../drivers/index.ts';

const subscriptions: [string, (message: unknown) => void][] = [];
afterEach(() => {
  for (const [name, listener] of subscriptions.splice(0)) unsubscribe(name, listener);
});

function record(names: readonly string[]): [string, Record<string, unknown>][] {
  const seen: [string, Record<string, unknown>][] = [];
  for (const name of names) {
    const listener = (message: unknown) => seen.push([name, message as Record<string, unknown>]);
    subscribe(name, listener);
    subscriptions.push([name, listener]);
  }
  return seen;
}

describe('node:diagnostics_channel', () => {
  test('a server’s connections are published from the handshake to the close, with sizes and no messages', async () => {
    const seen = record([
      'sansocket:handshake',
      'sansocket:open',
      'sansocket:message:received',
      'sansocket:message:sent',
      'sansocket:close',
    ]);
    const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
      await ws.send((await ws.receive()) as string);
      await ws.receive().catch(() => {});
    });
    await open(server.url, async (ws) => {
      await ws.send('naïve');
      await ws.receive();
    });
    await server.close();

    const ofServer = seen.filter(([, { socket }]) => (socket as { isServer: boolean }).isServer);
    expect(ofServer.map(([name]) => name)).toEqual([
      'sansocket:handshake',
      'sansocket:open',
      'sansocket:message:received',
      'sansocket:message:sent',
      'sansocket:close',
    ]);
    expect(ofServer[2][1]).toMatchObject({ kind: 'text', size: 6 });
    expect(Object.keys(ofServer[2][1]).sort()).toEqual(['kind', 'size', 'socket']);
    expect(ofServer[4][1]).toMatchObject({ info: { code: 1000, clean: true } });
  });

  test('what a handler throws is published', async () => {
    const seen = record(['sansocket:error']);
    const server = await listen({ host: '127.0.0.1', port: 0, onError: () => {} }, async (ws) => {
      await ws.receive();
    });
    const { serve, connect } = await import('../../../drivers/node/index.ts');
    const events = await serve(
      { host: '127.0.0.1', port: 0 },
      {
        message: () => {
          throw new Error('of mine');
        },
      },
    );
    const closed = new Promise((resolve) =>
      connect(events.url, {}, { open: (socket) => void socket.send('x'), close: (_, info) => resolve(info.code) }),
    );
    expect(await closed).toBe(1011);
    expect(seen.map(([, { error }]) => (error as Error).message)).toEqual(['of mine']);
    events.stopListening();
    await events.closed;
    await server.close();
  });
});

describe('NODE_DEBUG=sansocket', () => {
  test('frames are traced by kind and length, never by payload', () => {
    const script = `
      import { listen, open } from './drivers/index.ts';
      const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
        for await (const message of ws) await ws.send(message);
      });
      await open(server.url, async (ws) => { await ws.send('a secret'); await ws.receive(); });
      await server.close();
    `;
    const { stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env: { ...process.env, NODE_DEBUG: 'sansocket' },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/server \d < TEXT FIN 8\n[^]*server \d > TEXT FIN 8\n[^]*CLOSE FIN 2/),
    ]);
    expect(stderr).not.toContain('secret');
  });
});
