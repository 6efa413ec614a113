import { describe, expect, test } from 'vitest';
import { HandshakeError, TimeoutError, WebSocketError } from '../../../protocol/index.ts';
import { createOpen } from '../../../drivers/promise/index.ts';
import { FakeDriver, settled, type FakeSocket } from '../../support/fake-socket.ts';
import { rejection, stateOf } from './connected.ts';

function fake(): { open: ReturnType<typeof createOpen>; driver: FakeDriver; socket(): FakeSocket } {
  const driver = new FakeDriver();
  return { open: createOpen(driver), driver, socket: () => driver.sockets.at(-1)! };
}

describe('open', () => {
  test('resolves to the WebSocket once the connection is open, and hands its options to the driver', async () => {
    const { open, socket, driver } = fake();
    const options = { subprotocols: ['chat'], headers: { a: 'b' } };
    const opening = open('ws://fake/', options);
    expect(await stateOf(opening)).toBe('pending');
    socket().open();
    expect((await opening).state).toBe('open');
    expect(driver.options).toMatchObject(options);
  });

  test('what comes with the answer is not lost', async () => {
    const { open, socket } = fake();
    const opening = open(new URL('ws://fake/'));
    socket().open();
    socket().arrive('a', 'b');
    socket().peerEnds();
    const received: unknown[] = [];
    for await (const message of await opening) received.push(message);
    expect(received).toEqual(['a', 'b']);
  });

  test.each([
    ['a refusal', new HandshakeError('403')],
    ['the deadline', new TimeoutError('the opening handshake took too long')],
  ])('rejects with what it failed for: %s', async (_name, error) => {
    const { open, socket } = fake();
    const opening = open('ws://fake/');
    socket().lose(error);
    expect(await rejection(opening)).toBe(error);
  });

  test('rejects with the signal’s reason when that fires before it is open', async () => {
    const { open, socket } = fake();
    const controller = new AbortController();
    const opening = open('ws://fake/', { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await rejection(opening)).toBe(reason);
    expect(socket().state).toBe('closed');
  });

  test('the signal has no say afterwards', async () => {
    const { open, socket } = fake();
    const controller = new AbortController();
    const opening = open('ws://fake/', { signal: controller.signal });
    socket().open();
    controller.abort();
    expect((await opening).state).toBe('open');
  });

  test('a misuse rejects: a bad URL, a bad option, a handler that is none', async () => {
    const { open, driver } = fake();
    expect(await rejection(open('ws://fake/#fragment'))).toBeInstanceOf(SyntaxError);
    expect(await rejection(open('ws://fake/', { sendLimit: -1 }))).toBeInstanceOf(RangeError);
    expect(await rejection(open('ws://fake/', { maxMessageSize: NaN }))).toBeInstanceOf(RangeError);
    expect(await rejection(open('ws://fake/', {}, 'handler' as never))).toBeInstanceOf(TypeError);
    expect(driver.sockets).toHaveLength(0);
  });
});

describe('open with a handler', () => {
  test('runs it, closes with 1000, and resolves to what it returned when the closing handshake is over', async () => {
    for (const withOptions of [false, true]) {
      const { open, socket } = fake();
      const handler = async (webSocket: { send(message: string): Promise<void> }) => {
        await webSocket.send('hello');
        return 42;
      };
      const result = withOptions ? open('ws://fake/', {}, handler) : open('ws://fake/', handler);
      socket().open();
      await settled();
      expect(socket().sent).toEqual([{ message: 'hello' }, { close: 1000, reason: '' }]);
      expect(await stateOf(result)).toBe('pending');
      socket().peerEnds();
      expect(await result).toBe(42);
    }
  });

  test.each([
    ['an error', new Error('oops'), { close: 1011, reason: '' }],
    ['no error at all', undefined, { close: 1011, reason: '' }],
    ['a WebSocketError', new WebSocketError(4001, 'nope'), { close: 4001, reason: 'nope' }],
    ['one with a code that is never sent', new TimeoutError('late'), { close: 1011, reason: '' }],
    ['one with a reason too long for a frame', new WebSocketError(4001, 'x'.repeat(200)), { close: 1011, reason: '' }],
  ])('one that throws %s closes with its code or 1011, and that is thrown on', async (_name, error, frame) => {
    const { open, socket } = fake();
    const result = open('ws://fake/', () => {
      throw error;
    });
    socket().open();
    await settled();
    expect(socket().sent).toEqual([frame]);
    expect(await stateOf(result)).toBe('pending');
    socket().peerEnds(frame.close);
    expect(await rejection(result)).toBe(error);
  });

  test('one that is cut off by the end of the connection is told, and throws that on', async () => {
    const { open, socket } = fake();
    const result = open('ws://fake/', (webSocket) => webSocket.receive());
    socket().open();
    await settled();
    socket().peerEnds(1001);
    expect(await rejection(result)).toMatchObject({ code: 1001 });
    expect(socket().sent).toEqual([]);
  });

  test('is not run when the connection does not open', async () => {
    const { open, socket } = fake();
    let ran = false;
    const result = open('ws://fake/', () => (ran = true));
    socket().lose(new HandshakeError('no'));
    expect(await rejection(result)).toBeInstanceOf(HandshakeError);
    expect(ran).toBe(false);
  });
});
