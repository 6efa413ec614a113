import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocketError } from '../../../protocol/index.ts';
import {
  createListen,
  type ConnectionHandler,
  type ServeOptions,
  type WebSocket,
} from '../../../drivers/promise/index.ts';
import { FakeDriver, settled } from '../../support/fake-socket.ts';
import { rejection, stateOf } from './connected.ts';

async function listening(handler: ConnectionHandler, options: ServeOptions = {}) {
  const driver = new FakeDriver();
  const errors: [unknown, WebSocket | undefined][] = [];
  const onError = (error: unknown, webSocket: WebSocket | undefined) => void errors.push([error, webSocket]);
  const server = await createListen(driver)({ onError, ...options }, handler);
  return { driver, server, errors };
}

const untilClosed: ConnectionHandler = async (webSocket) => {
  for await (const _message of webSocket);
};

afterEach(() => vi.restoreAllMocks());

describe('listen', () => {
  test('resolves once it listens, to what tells where', async () => {
    const driver = new FakeDriver();
    const server = await createListen<any>(driver)(8080, untilClosed);
    expect(server.address).toEqual({ address: '127.0.0.1', family: 'IPv4', port: 8080 });
    expect([server.port, server.url]).toEqual([8080, 'ws://127.0.0.1:8080']);
    expect(driver.isListening).toBe(true);
  });

  test('rejects when it cannot', async () => {
    expect(await rejection(createListen<any>(new FakeDriver())(1, untilClosed))).toMatchObject({ message: 'EACCES' });
    expect(await rejection(listening(undefined as never))).toBeInstanceOf(TypeError);
    expect(await rejection(listening(untilClosed, { receiveQueue: -1 }))).toBeInstanceOf(RangeError);
  });

  test('runs the handler for each connection, and closes with 1000 when it returns', async () => {
    const { driver, errors } = await listening(async (webSocket) =>
      webSocket.send((await webSocket.receive()) as string),
    );
    const sockets = [driver.accept(), driver.accept()];
    sockets[0].arrive('one');
    sockets[1].arrive('two');
    await settled();
    expect(sockets[0].sent).toEqual([{ message: 'one' }, { close: 1000, reason: '' }]);
    expect(sockets[1].sent).toEqual([{ message: 'two' }, { close: 1000, reason: '' }]);
    expect(errors).toEqual([]);
  });

  test('knows the open connections', async () => {
    const { driver, server } = await listening(untilClosed);
    const sockets = [driver.accept(), driver.accept()];
    expect(server.connections.size).toBe(2);
    sockets[0].peerEnds();
    expect([...server.connections].map((webSocket) => webSocket.state)).toEqual(['open']);
    sockets[1].lose();
    expect(server.connections.size).toBe(0);
  });

  test('a connection that never opened is nobody’s business', async () => {
    const { driver, errors } = await listening(untilClosed);
    driver.refuse();
    await settled();
    expect(errors).toEqual([]);
  });
});

describe('a handler that fails', () => {
  const oops = new Error('oops');
  test.each([
    ['throws', () => { throw oops; }], // prettier-ignore
    ['rejects', () => Promise.reject(oops)],
    ['rejects later', async () => { await settled(); throw oops; }], // prettier-ignore
  ])(
    'one that %s closes its connection with 1011, is reported once, and leaves the others alone',
    async (_name, fail) => {
      let connections = 0;
      const { driver, errors, server } = await listening((webSocket) =>
        connections++ === 0 ? fail() : untilClosed(webSocket),
      );
      const [bad, good] = [driver.accept(), driver.accept()];
      await settled();
      await settled();
      expect(bad.sent).toEqual([{ close: 1011, reason: '' }]);
      expect(errors).toEqual([[oops, expect.anything()]]);
      expect(server.connections.has(errors[0][1]!)).toBe(true);
      expect(good.state).toBe('open');
      bad.peerEnds(1011);
      await settled();
      expect(errors).toHaveLength(1);
    },
  );

  test('a WebSocketError gives the code and the reason', async () => {
    const { driver, errors } = await listening(() => {
      throw new WebSocketError(4003, 'forbidden');
    });
    const socket = driver.accept();
    await settled();
    expect(socket.sent).toEqual([{ close: 4003, reason: 'forbidden' }]);
    expect(errors).toHaveLength(1);
  });

  test('receiving until it rejects is no failure when the end is a normal one', async () => {
    const { driver, errors } = await listening(async (webSocket) => {
      for (;;) await webSocket.receive();
    });
    const sockets = [driver.accept(), driver.accept()];
    sockets[0].peerEnds(1001);
    sockets[1].lose();
    await settled();
    expect(errors).toMatchObject([[{ code: 1006 }, {}]]);
  });

  test('a normal end of another connection is one', async () => {
    const { driver, errors } = await listening(() => {
      throw new WebSocketError(1000);
    });
    const socket = driver.accept();
    await settled();
    expect(errors).toHaveLength(1);
    expect(socket.sent).toEqual([{ close: 1000, reason: '' }]);
  });

  test('one that never settles holds nothing up when the peer goes', async () => {
    const { driver, server, errors } = await listening(() => new Promise(() => {}));
    const socket = driver.accept();
    socket.peerEnds();
    await settled();
    expect([server.connections.size, errors.length]).toEqual([0, 0]);
  });

  test('an onError that fails too hurts nobody', async () => {
    for (const onError of [
      () => {
        throw oops;
      },
      async () => {
        throw oops;
      },
    ]) {
      // prettier-ignore
      const { driver } = await listening(() => Promise.reject(oops), { onError });
      const socket = driver.accept();
      await settled();
      expect(socket.sent).toEqual([{ close: 1011, reason: '' }]);
    }
  });

  test('what the driver reports goes to onError', async () => {
    const { driver, errors } = await listening(untilClosed);
    const socket = driver.accept();
    driver.handlers.error!(oops);
    driver.handlers.error!(oops, socket.asSocket);
    expect(errors).toEqual([
      [oops, undefined],
      [oops, socket.data.webSocket],
    ]);
  });

  test('without an onError it is printed, unless it only tells of an end', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
    for (const error of [oops, new WebSocketError(4000)]) {
      const { driver } = await listening(() => Promise.reject(error), { onError: undefined });
      driver.accept();
      await settled();
    }
    expect(printed.mock.calls).toEqual([[expect.any(String), oops]]);
  });
});

describe('server.close', () => {
  test('stops accepting and sends everyone 1001 at once', async () => {
    const { driver, server } = await listening(untilClosed);
    const sockets = [driver.accept(), driver.accept()];
    const closing = server.close();
    expect(driver.isListening).toBe(false);
    for (const socket of sockets) expect(socket.sent).toEqual([{ close: 1001, reason: '' }]);
    sockets[0].peerEnds(1001);
    expect(await stateOf(closing)).toBe('pending');
    sockets[1].peerEnds(1001);
    await closing;
    await server.closed;
    expect(driver.clock.timers).toBe(0);
  });

  test('takes another code and reason; those that may not be sent reject, and nothing has happened', async () => {
    const { driver, server } = await listening(untilClosed);
    expect(await rejection(server.close({ code: 1006 }))).toBeInstanceOf(RangeError);
    expect(await rejection(server.close({ timeout: -1 }))).toBeInstanceOf(RangeError);
    const socket = driver.accept();
    expect(await rejection(server.close({ code: 1006 }))).toBeInstanceOf(RangeError);
    expect(await rejection(server.close({ code: 1012, reason: 'x'.repeat(124) }))).toBeInstanceOf(RangeError);
    expect([driver.isListening, socket.state]).toEqual([true, 'open']);
    void server.close({ code: 1012, reason: 'restart' });
    expect(socket.sent).toEqual([{ close: 1012, reason: 'restart' }]);
  });

  test('waits for the handlers', async () => {
    let finish!: () => void;
    const { driver, server } = await listening(() => new Promise<void>((resolve) => (finish = resolve)));
    const socket = driver.accept();
    const closing = server.close();
    socket.peerEnds(1001);
    expect(await stateOf(closing)).toBe('pending');
    finish();
    await closing;
  });

  test('waits for all of them, whichever is the last', async () => {
    const finish: (() => void)[] = [];
    const { driver, server } = await listening(() => new Promise<void>((resolve) => finish.push(resolve)));
    const sockets = [driver.accept(), driver.accept(), driver.accept()];
    const closing = server.close();
    for (const socket of sockets) socket.peerEnds(1001);
    for (const i of [1, 0]) {
      finish[i]!();
      expect(await stateOf(closing)).toBe('pending');
    }
    finish[2]!();
    await closing;
    expect(driver.clock.timers).toBe(0);
  });

  test('ends what is left when the time is up, a handler that never settles included', async () => {
    const { driver, server } = await listening(() => new Promise(() => {}));
    const [silent, gone] = [driver.accept(), driver.accept()];
    const closing = server.close({ timeout: 500 });
    gone.peerEnds(1001);
    await driver.clock.advance(499);
    expect([silent.state, await stateOf(closing)]).toEqual(['closing', 'pending']);
    await driver.clock.advance(1);
    await closing;
    expect(silent.state).toBe('closed');
    expect(driver.clock.timers).toBe(0);
  });

  test('has 10 s by default; 0 ends everything now; false never does', async () => {
    const ends = async (timeout: number | false | undefined, after: number) => {
      const { driver, server } = await listening(untilClosed);
      const socket = driver.accept();
      const closing = server.close({ timeout });
      await driver.clock.advance(after);
      await settled();
      expect(socket.sent).toEqual([{ close: 1001, reason: '' }]);
      return await stateOf(closing);
    };
    expect(await ends(undefined, 9_999)).toBe('pending');
    expect(await ends(undefined, 10_000)).toBe('resolved');
    expect(await ends(0, 0)).toBe('resolved');
    expect(await ends(false, 1e9)).toBe('pending');
  });

  test('may be repeated, and then shortens the wait', async () => {
    const { driver, server } = await listening(untilClosed);
    driver.accept();
    const closings = [server.close({ timeout: false }), server.close({ timeout: 20 }), server.close({ timeout: 1000 })];
    await driver.clock.advance(20);
    await Promise.all(closings);
    await server.close();
  });

  test('a connection that opens while it closes is sent away, and its handler does not run', async () => {
    let ran = 0;
    const { driver, server } = await listening((webSocket) => (ran++, untilClosed(webSocket)));
    const first = driver.accept();
    const closing = server.close({ code: 1012 });
    const late = driver.accept();
    expect(late.sent).toEqual([{ close: 1012, reason: '' }]);
    expect([ran, server.connections.size]).toEqual([1, 1]);
    first.peerEnds(1012);
    expect(await stateOf(closing)).toBe('pending');
    late.peerEnds(1012);
    await closing;
  });

  test('with no connection it is over at once', async () => {
    const { server } = await listening(untilClosed);
    await server.close();
    await server.closed;
  });

  test('asyncDispose closes', async () => {
    const { driver, server } = await listening(untilClosed);
    const socket = driver.accept();
    const disposed = server[Symbol.asyncDispose]();
    expect(socket.sent).toEqual([{ close: 1001, reason: '' }]);
    socket.peerEnds(1001);
    await disposed;
  });
});
