/**
 * A callback of a connection runs in the asynchronous context in which the connection was made, whatever timer, turn,
 * queue, pool or caller of another context leads to it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Duplex } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { open } from '../../../drivers/index.ts';
import {
  adopt,
  connect,
  Http2Pool,
  serve,
  type Handlers,
  type NodeListener,
  type Socket,
} from '../../../drivers/node/index.ts';
import {
  currentContext,
  currentContextOfMany,
  inSharedContext,
  works,
} from '../../../drivers/node/internals/async-context.ts';

const storage = new AsyncLocalStorage<string>();

/** Notes which tenant each callback shows. */
function noting(own: string, wrong: string[], then: Handlers): Handlers {
  const note = (kind: string) => {
    if (storage.getStore() !== own) wrong.push(`${kind} of ${own} in ${String(storage.getStore())}`);
  };
  const handlers: Record<string, (...given: any[]) => unknown> = {};
  for (const kind of ['open', 'message', 'ping', 'pong', 'drain', 'ending', 'closeFrame', 'close', 'error'] as const) {
    handlers[kind] = (...given: unknown[]) => {
      note(kind);
      return (then[kind] as ((...given: unknown[]) => unknown) | undefined)?.(...given);
    };
  }
  return handlers as Handlers;
}

async function echoServer(options: object = {}): Promise<NodeListener> {
  return serve({ host: '127.0.0.1', port: 0, ...options }, { message: (socket, data) => void socket.send(data) });
}

test('Node keeps contexts where they are looked for', () => {
  expect(works()).toBe(true);
});

test('up to Node 22 none is used to find that out: it would hook into promises, and all of them would be slower for good', () => {
  const run = vi.spyOn(AsyncLocalStorage.prototype, 'run');
  works();
  expect(run).toHaveBeenCalledTimes(Number(process.versions.node.split('.')[0]) < 24 ? 0 : 1);
  run.mockRestore();
});

test('where nobody uses an AsyncLocalStorage all connections share one context', () => {
  storage.exit(() => {
    expect(currentContext()).toBe(currentContext());
    expect(currentContextOfMany()).toBe(currentContext());
    expect(currentContext().isContextShared).toBe(true);
  });
  storage.run('x', () => {
    expect(currentContext()).not.toBe(currentContext());
    expect(currentContext().isContextShared).toBe(false);
    expect(currentContextOfMany().isContextShared).toBe(false);
  });
});

describe.each([
  ['clients over TCP', false, {}],
  ['clients that compress off the thread', false, { compress: { asyncAbove: 1000 } }],
  ['clients that share a session of HTTP/2', true, {}],
] as const)('%s', (_, http2, options) => {
  test('show their own context in every callback, whoever else sends, ends and pauses them', async () => {
    const server = await echoServer({ ...options, http2 });
    const pool = http2 ? new Http2Pool() : undefined;
    const wrong: string[] = [];
    const tenants = ['a', 'b', 'c', undefined];
    const ended: Promise<void>[] = [];
    const sockets = await Promise.all(
      tenants.map(
        (tenant) =>
          new Promise<Socket>((resolve) => {
            const make = () =>
              ended.push(
                new Promise((end) => {
                  connect(
                    server.url,
                    { ...options, sendHighWater: 1000, ...(pool === undefined ? {} : { http2: pool }) },
                    noting(tenant as string, wrong, {
                      open: (socket) => resolve(socket),
                      message: (_socket, data) => {
                        if (data === 'throw') throw new Error('of a handler');
                      },
                      close: () => end(),
                    }),
                  );
                }),
              );
            if (tenant === undefined) storage.exit(make);
            else storage.run(tenant, make);
          }),
      ),
    );
    // All in one turn, and in one context that is none of theirs.
    storage.run('other', () => {
      for (const socket of sockets) {
        socket.ping();
        socket.send('x'.repeat(100_000));
        socket.send('hello');
      }
    });
    await expect.poll(() => sockets.every(({ bufferedAmount }) => bufferedAmount === 0), { interval: 1 }).toBe(true);
    const [first, second, third, none] = sockets;
    storage.run('other', () => {
      first.terminate();
      second.close();
      third.send('throw');
      none.terminate();
    });
    await Promise.all(ended);
    expect(wrong).toEqual([]);
    await pool?.close();
    server.stopListening();
    await server.closed;
  });
});

test('a server’s connections are in its context, whatever one of them has entered for good', async () => {
  const shown: unknown[] = [];
  const server = await storage.run('server', () =>
    serve(
      { host: '127.0.0.1', port: 0 },
      {
        message: (socket, data) => {
          shown.push(storage.getStore());
          storage.enterWith('other');
          socket.send(data);
        },
        close: () => {
          shown.push(storage.getStore());
          storage.enterWith('other');
        },
      },
    ),
  );
  for (let i = 0; i < 2; i++) {
    await open(server.url, async (ws) => {
      await ws.send('hello');
      await ws.receive();
    });
  }
  server.stopListening();
  await server.closed;
  expect(shown).toEqual(['server', 'server', 'server', 'server']);
});

test('a server’s connections that are taken over within a context stay in it', async () => {
  const wrong: string[] = [];
  let made = 0;
  const server = await serve({ host: '127.0.0.1', port: 0 }, {});
  server.stopListening();
  const { createServer } = await import('node:http');
  const { acceptUpgrade } = await import('../../../drivers/node/index.ts');
  const http = createServer();
  const sockets: Socket[] = [];
  http.on('upgrade', (request, stream, head) => {
    const tenant = `tenant ${++made}`;
    storage.run(tenant, () => {
      sockets.push(
        acceptUpgrade(
          request,
          stream,
          head,
          {},
          noting(tenant, wrong, { message: (socket, data) => void socket.send(data) }),
        ),
      );
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as { port: number };
  const clients = await Promise.all([1, 2, 3].map(() => open(`ws://127.0.0.1:${port}`)));
  for (const client of clients) {
    await client.send('hello');
    expect(await client.receive()).toBe('hello');
  }
  storage.run('other', () => sockets.forEach((socket) => socket.close()));
  await Promise.all(clients.map(({ closed }) => closed));
  await expect.poll(() => sockets.every(({ state }) => state === 'closed'), { interval: 1 }).toBe(true);
  expect(wrong).toEqual([]);
  http.close();
});

describe('nobody’s connection over a stream of one’s own shows nobody', () => {
  /** A client's connection, made outside of every context, that notes what it shows. */
  async function nobodys(stream: Duplex): Promise<{ socket: Socket; shown: unknown[]; closed: Promise<void> }> {
    const shown: unknown[] = [];
    const note = () => void shown.push(storage.getStore());
    return storage.exit(
      () =>
        new Promise((resolve) => {
          const closed = new Promise<void>((end) => {
            const close = () => (note(), end());
            const open = (socket: Socket) => resolve({ socket, shown, closed });
            adopt(stream, new Uint8Array(0), { role: 'client' }, {}, { open, message: note, close });
          });
        }),
    );
  }

  test('when somebody pushes a message, and when somebody has it go on', async () => {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const { socket, shown, closed } = await nobodys(stream);
    const frame = Buffer.from([0x81, 1, 0x61]);
    storage.run('other', () => stream.push(frame));
    expect(shown).toEqual([undefined]);
    socket.pause();
    await new Promise(setImmediate);
    stream.push(frame);
    storage.run('other', () => socket.resume());
    await expect.poll(() => shown.length, { interval: 1 }).toBe(2);
    socket.terminate();
    await closed;
    expect(shown).toEqual([undefined, undefined, undefined]);
  });

  test('when another’s callback has entered a context for good', async () => {
    const [first, second] = [1, 2].map(() => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }));
    const entering = { message: () => storage.enterWith('other'), close: () => storage.enterWith('other') };
    const socket = storage.exit(() => adopt(first, new Uint8Array(0), { role: 'client' }, {}, entering));
    const { socket: witness, shown, closed } = await nobodys(second);
    const frame = Buffer.from([0x81, 1, 0x61]);
    for (const stream of [first, second]) stream.push(frame);
    socket.terminate();
    witness.terminate();
    await closed;
    expect(shown).toEqual([undefined, undefined]);
  });

  test('when it enters one again and again, of a storage made since', async () => {
    const late = new AsyncLocalStorage<string>();
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const shown: unknown[] = [];
    const message = () => {
      shown.push(late.getStore());
      late.enterWith('other');
      // What runs for others meanwhile takes nothing away.
      inSharedContext(() => {}, undefined, undefined);
      shown.push(late.getStore());
    };
    const socket = await new Promise<Socket>((open) => {
      storage.exit(() => adopt(stream, new Uint8Array(0), { role: 'client' }, {}, { open, message }));
    });
    for (let i = 0; i < 3; i++) stream.push(Buffer.from([0x81, 1, 0x61]));
    socket.terminate();
    expect(shown).toEqual(Array(3).fill([undefined, 'other']).flat());
  });

  test('when a write fails in the turn of somebody else', async () => {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(new Error('broken')) });
    const { socket, shown, closed } = await nobodys(stream);
    storage.run('other', () => socket.send('hello'));
    await closed;
    expect(shown).toEqual([undefined]);
  });
});
