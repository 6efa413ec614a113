/**
 * faults.md §6: what one connection, its handlers or its transport do wrong is the end of that connection, with its cause,
 * and of no other, in the same turn too; and the process lives, with nothing unhandled (vitest would tell).
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Http2Pool, open, upgrade, type WebSocket } from '../../drivers/index.ts';
import {
  attach,
  serve,
  type Handlers,
  type NodeClientOptions,
  type NodeListener,
  type NodeServerOptions,
} from '../../drivers/node/index.ts';
import { NetworkDriver } from '../../drivers/pipe/index.ts';
import { each, guard, NOBODY, report } from '../../drivers/socket/guard.ts';
import { Pump } from '../../drivers/socket/pump.ts';
import { SocketSetting } from '../../drivers/socket/socket-parts.ts';
import type { Transport } from '../../drivers/transport.ts';
import { answerUpgrade, Connection, Resources } from '../../protocol/index.ts';
import { makeCertificate } from '../support/certificates.ts';
import { frame, KEY } from '../support/frames.ts';
import { duplexPair } from './node/client/duplex-pair.ts';
import { GOOD } from './node/hostile.ts';

let witnessed: NodeListener;
let witness: WebSocket;

beforeAll(async () => {
  witnessed = await serve({ host: '127.0.0.1', port: 0 }, { message: (socket, data) => void socket.send(data) });
  witness = await open(witnessed.url);
});

afterEach(async () => {
  await witness.send('still here');
  expect(await witness.receive()).toBe('still here');
});

afterAll(async () => {
  await witness.close();
  witnessed.stopListening();
});

let complaints: unknown[][];
beforeEach(() => {
  complaints = [];
  vi.spyOn(console, 'error').mockImplementation((...args) => void complaints.push(args));
  return () => vi.restoreAllMocks();
});

describe('a guard', () => {
  test('tells its subject what a step threw, and comes back', () => {
    const told: unknown[] = [];
    guard({ failed: (error) => void told.push(error) }, () => {
      throw new Error('of the step');
    });
    expect(told).toMatchObject([{ message: 'of the step' }]);
    expect(complaints).toEqual([]);
  });

  test('comes back too when its subject fails at being told, and the console is told instead', () => {
    const subject = {
      failed() {
        throw new Error('of the subject');
      },
    };
    guard(subject, () => {
      throw new Error('of the step');
    });
    expect(complaints).toMatchObject([['sansocket:', { message: 'of the subject' }]]);
  });

  test('comes back even when the console fails', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {
      throw new Error('of the console');
    });
    guard(NOBODY, () => {
      throw new Error('of the step');
    });
  });

  test('each comes to every one', () => {
    const seen: number[] = [];
    each([1, 2, 3], (item) => {
      seen.push(item);
      if (item === 2) throw new Error('two');
    });
    expect(seen).toEqual([1, 2, 3]);
    expect(complaints).toMatchObject([['sansocket:', { message: 'two' }]]);
  });

  test('a report that fails, now or later, is told to the console with what it was to report', async () => {
    report(new Error('reported'), () => {
      throw new Error('now');
    });
    report(new Error('reported'), () => Promise.reject(new Error('later')));
    report(new Error('reported'), () => 'well');
    await Promise.resolve();
    expect(
      complaints.map(([, error]) => (error as AggregateError).errors.map(({ message }) => message as string)),
    ).toEqual([
      ['reported', 'now'],
      ['reported', 'later'],
    ]);
  });
});

/** A transport that throws in one of its methods, and notes what was written in the others. */
class Throwing implements Transport {
  bufferedAmount = 0;
  readonly calls: string[] = [];
  readonly #throws: string;

  constructor(throws: string) {
    this.#throws = throws;
  }

  write(): boolean {
    this.#call('write');
    return true;
  }
  end(): void {
    this.#call('end');
  }
  abort(): void {
    this.#call('abort');
  }
  pause(): void {
    this.#call('pause');
  }
  resume(): void {
    this.#call('resume');
  }
  #call(name: string): void {
    this.calls.push(name);
    if (name === this.#throws) throw new Error(`thrown by ${name}`);
  }
}

describe.each(['server', 'client'] as const)('of three %ss in one turn, the second’s transport throws', (role) => {
  function threePumps(
    throws: string,
    then: (connection: Connection, pump: Pump) => void,
    onText: (text: string, pump: Pump) => void = () => {},
  ) {
    const deferred: (() => void)[] = [];
    const timers = new Set<object>();
    const clock = {
      now: () => 0,
      wakeAt: () => {
        const timer = { cancel: () => void timers.delete(timer) };
        timers.add(timer);
        return timer;
      },
      defer: (callback: () => void) => void deferred.push(callback),
    };
    const resources = new Resources();
    const failures: unknown[] = [];
    const sides = ['none', throws, 'none'].map((one) => {
      const infos: unknown[] = [];
      const connection = Connection.established(role, {
        sink: { onClosed: (info) => void infos.push(info), onText: (text) => onText(text, pump) },
        now: 0,
        resources,
      });
      const owner = {
        onWritable() {},
        onDeparted() {},
        within: (step: () => void) => step(),
        failed: (error: unknown) => void failures.push(error),
      };
      const parts = { handlers: {}, clock: clock as never, resources, sendHighWater: 1024, sendLimit: Infinity };
      const pump: Pump = new Pump({ connection, owner, setting: new SocketSetting(parts) });
      const transport = new Throwing(one);
      pump.attach(transport);
      return { connection, pump, transport, infos };
    });
    for (const { connection, pump } of sides) {
      then(connection, pump);
      pump.schedule();
    }
    for (const callback of deferred.splice(0)) callback();
    return { sides, failures, timers, nextTurn: () => deferred.splice(0).forEach((callback) => callback()) };
  }

  test('in write: the others’ bytes leave, and it ends with the cause', () => {
    const { sides, timers, nextTurn } = threePumps('write', (connection) => connection.sendText('hello'));
    expect(timers.size).toBe(2);
    expect(sides.map(({ transport }) => transport.calls)).toEqual([['write'], ['write', 'abort'], ['write']]);
    expect(sides[1].infos).toMatchObject([{ code: 1006, error: { cause: { message: 'thrown by write' } } }]);
    // And in the turns to come.
    for (const { connection, pump } of [sides[0], sides[2]]) {
      connection.sendText('again');
      pump.schedule();
    }
    nextTurn();
    expect(sides[0].transport.calls).toEqual(['write', 'write']);
    expect(sides[2].transport.calls).toEqual(['write', 'write']);
  });

  test('in write, of much that leaves at once: who sent it is not thrown at', () => {
    const { sides } = threePumps('write', (connection, pump) => {
      connection.sendBinary(new Uint8Array(100_000));
      pump.sent();
    });
    expect(sides.map(({ infos }) => infos.length)).toEqual([0, 1, 0]);
  });

  test('in write, within an event of its own: it ends when that is over', () => {
    const key = role === 'server' ? KEY : undefined;
    const told: string[] = [];
    const { sides, failures, nextTurn } = threePumps(
      'write',
      (connection, pump) => {
        connection.sendText('hello');
        pump.onData(
          new Uint8Array([...frame({ opcode: 1, key, payload: [97] }), ...frame({ opcode: 1, key, payload: [98] })]),
        );
      },
      (text, pump) => {
        pump.write();
        told.push(text);
      },
    );
    nextTurn();
    expect(told).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
    expect(sides.map(({ transport }) => transport.calls)).toEqual([['write'], ['write', 'abort'], ['write']]);
    expect(sides.map(({ infos }) => infos)).toMatchObject([
      [],
      [{ error: { cause: { message: 'thrown by write' } } }],
      [],
    ]);
    expect([failures, complaints]).toEqual([[], []]);
  });

  test('in pause', () => {
    const { sides } = threePumps('pause', (connection) => connection.pause());
    expect(sides.map(({ transport }) => transport.calls)).toEqual([['pause'], ['pause', 'abort'], ['pause']]);
    expect(sides[1].infos).toMatchObject([{ error: { cause: { message: 'thrown by pause' } } }]);
  });

  test('in abort, when it is over already: its owner is told', () => {
    const { sides, failures } = threePumps('abort', (connection) => connection.terminate());
    expect(sides.map(({ transport }) => transport.calls)).toEqual([['abort'], ['abort'], ['abort']]);
    expect(failures).toMatchObject([{ message: 'thrown by abort' }]);
    expect(complaints).toEqual([]);
  });

  test('in end', () => {
    const bye = frame({ opcode: 8, key: role === 'server' ? KEY : undefined, payload: [3, 232] });
    const { sides } = threePumps('end', (_, pump) => pump.onData(bye.slice()));
    if (role === 'client') return; // it is the server that ends the transport first
    expect(sides.map(({ transport }) => transport.calls)).toEqual([
      ['write', 'end'],
      ['write', 'end', 'abort'],
      ['write', 'end'],
    ]);
    expect(sides.map(({ infos }) => infos.length)).toEqual([0, 1, 0]);
  });
});

/** A stream whose method throws from its nth call on. */
function throwing(
  stream: Duplex,
  method: 'write' | 'end' | 'destroy' | 'pause' | 'resume' | 'on',
  from: number,
): Duplex {
  let calls = 0;
  const own = stream[method].bind(stream) as (...args: any[]) => any;
  (stream as any)[method] = (...args: unknown[]) => {
    if (++calls >= from) throw new Error(`thrown by ${method}`);
    return own(...args);
  };
  return stream;
}

const METHODS = ['write', 'end', 'destroy', 'pause', 'resume', 'on'] as const;
const cases = METHODS.flatMap((method) => [1, 2, 3].map((from) => [method, from] as const));

describe('a foreign stream that throws', () => {
  test.each(cases)('in %s, from call %d on, given to a server by upgrade', async (method, from) => {
    const [near, far] = duplexPair();
    far.resume();
    far.on('error', () => {});
    near.on('error', () => {});
    const http = createServer();
    const done = new Promise<void>((resolve) => {
      http.on('upgrade', (request, _stream, head) => {
        upgrade(request, throwing(near, method, from), head)
          .then(async (ws) => {
            await Promise.allSettled([ws.send('hello'), ws.send(new Uint8Array(100_000))]);
            await ws.send('more').catch(() => {});
            if (method === 'write' && from <= 3)
              expect((await ws.closed).error).toMatchObject({ cause: { message: 'thrown by write' } });
            ws.terminate();
            await ws.closed;
          })
          .catch((error: unknown) => expect(error).toBeInstanceOf(Error))
          .then(resolve);
      });
    });
    const [raw, rawFar] = duplexPair();
    http.emit('connection', raw);
    rawFar.write(`${GOOD}\r\n`);
    await done;
    raw.destroy();
  });

  test.each(cases)('in %s, from call %d on, given to a client by createConnection', async (method, from) => {
    const [near, far] = duplexPair();
    near.on('error', () => {});
    far.on('error', () => {});
    void once(far, 'data').then(([chunk]) => {
      const lines = String(chunk).split('\r\n');
      const rawHeaders = lines.slice(1, -2).flatMap((line) => line.split(/: (.*)/s, 2));
      const answer = answerUpgrade({ method: 'GET', target: '/', version: '1.1', rawHeaders });
      far.write(answer.output);
      far.resume();
    });
    const opening = open('ws://server/', {
      createConnection: () => throwing(near, method, from),
      handshakeTimeout: 300,
    });
    const ws = await opening.catch((error: unknown) => {
      expect(error).toBeInstanceOf(Error);
    });
    if (ws === undefined) return;
    await Promise.allSettled([ws.send('hello'), ws.send(new Uint8Array(100_000))]);
    ws.terminate();
    await ws.closed;
  });
});

const KINDS = [
  'open',
  'message',
  'messageStart',
  'messageChunk',
  'messageEnd',
  'ping',
  'pong',
  'drain',
  'ending',
  'closeFrame',
  'close',
] as const;

describe.each<[string, (error: Error) => () => unknown]>([
  ['async and rejects', (error: Error) => () => Promise.reject(error)],
  ['async and rejects late', (error: Error) => () => new Promise<never>((_, reject) => setImmediate(reject, error))],
  [
    'one that throws',
    (error: Error) => () => {
      throw error;
    },
  ],
  [
    'a thenable that throws',
    (error: Error) => () => ({
      then() {
        throw error;
      },
    }),
  ],
  [
    'what is no promise, and throws when it is looked at',
    (error: Error) => () => ({
      get then() {
        throw error;
      },
    }),
  ],
])('a handler that is %s', (_, make) => {
  test.each(KINDS)('%s: it is reported once, and the others are served', async (kind) => {
    const network = new NetworkDriver();
    const thrown = new Error(`of ${kind}`);
    const reported: unknown[] = [];
    const hostile = { [kind]: make(thrown) } as Handlers;
    const stream = kind.startsWith('message') && kind !== 'message';
    await network.serve(
      { host: 'server', sendHighWater: 100 },
      {
        open: (socket) => {
          if (stream) socket.streamNext();
          if (kind === 'drain') socket.send('x'.repeat(1000));
          return hostile.open?.(socket);
        },
        ...(kind === 'open' ? {} : hostile),
        error: (error) => void reported.push(error),
      },
    );
    const info = await new Promise((resolve) => {
      network.connect(
        'ws://server/',
        {},
        {
          open: (socket) => {
            socket.ping();
            socket.send('hello');
            socket.pong();
            socket.send('and goodbye');
            setImmediate(() => socket.close(4000));
          },
          message: () => {},
          close: (__, end) => resolve(end),
        },
      );
    });
    expect(info).toBeDefined();
    await expect.poll(() => reported.length, { interval: 1 }).toBeGreaterThan(0);
    expect(new Set(reported)).toEqual(new Set([thrown]));
    expect(complaints).toEqual([]);
  });

  test('error: the console is told what it was to report and what it threw', async () => {
    const network = new NetworkDriver();
    const thrown = new Error('of error');
    const first = new Error('of message');
    await network.serve(
      { host: 'server' },
      {
        message: () => {
          throw first;
        },
        error: make(thrown) as never,
      },
    );
    const closed = await new Promise((resolve) => {
      network.connect(
        'ws://server/',
        {},
        { open: (socket) => void socket.send('hello'), close: (__, info) => resolve(info) },
      );
    });
    expect(closed).toMatchObject({ code: 1011 });
    await expect.poll(() => complaints.length, { interval: 1 }).toBe(1);
    expect((complaints[0][1] as AggregateError).errors).toEqual([first, thrown]);
  });
});

describe('a connection that can not be made', () => {
  const cause = new Error('no memory left');
  const failOnce = () =>
    vi.spyOn(Connection, 'server').mockImplementationOnce(() => {
      throw cause;
    });

  /** Has one fail, and sees that another is served. */
  async function oneFails(url: string, told: unknown[], options: NodeClientOptions = {}): Promise<void> {
    const spy = failOnce();
    await expect(open(url, { handshakeTimeout: 5000, ...options })).rejects.toMatchObject({ name: 'HandshakeError' });
    spy.mockRestore();
    expect(told).toEqual([cause]);
    const ws = await open(url, options);
    await ws.send('hello');
    expect(await ws.receive()).toBe('hello');
    await ws.close();
  }

  const echo = (told: unknown[]): Handlers => ({
    message: (socket, data) => void socket.send(data),
    error: (error) => void told.push(error),
  });

  test.each([
    ['a server', {}, {}],
    ['a server with TLS', { tls: makeCertificate('DNS:localhost') }, { tls: { rejectUnauthorized: false } }],
    ['a server that takes HTTP/2', { http2: true }, {}],
    ['a server that takes HTTP/2, over that', { http2: true }, { http2: true }],
  ] as [string, NodeServerOptions, NodeClientOptions][])('costs itself alone: %s', async (_, options, client) => {
    const told: unknown[] = [];
    const listener = await serve({ host: '127.0.0.1', port: 0, ...options }, echo(told));
    await oneFails(listener.url, told, client);
    listener.stopListening();
  });

  test('costs itself alone: an attached server', async () => {
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const told: unknown[] = [];
    attach(http, {}, echo(told));
    await oneFails(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, told);
    http.close();
  });

  test('costs itself alone: an attached server of HTTP/2', async () => {
    const http2 = createHttp2Server().listen(0, '127.0.0.1');
    await once(http2, 'listening');
    const told: unknown[] = [];
    attach(http2, {}, echo(told));
    const pool = new Http2Pool();
    await oneFails(`ws://127.0.0.1:${(http2.address() as AddressInfo).port}`, told, { http2: pool });
    await pool.close();
    http2.close();
  });
});
