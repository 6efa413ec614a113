import { describe, expect, test } from 'vitest';
import { ConnectionLostError, ProtocolError, TimeoutError, type CloseInfo } from '../../../protocol/index.ts';
import { WebSocket } from '../../../drivers/promise/index.ts';
import { settled } from '../../support/fake-socket.ts';
import { connected, rejection, stateOf } from './connected.ts';

describe('close', () => {
  test('sends 1000 and no reason by default, and resolves to the CloseInfo when it is over', async () => {
    const { webSocket, socket } = await connected();
    const closing = webSocket.close();
    expect(socket.sent).toEqual([{ close: 1000, reason: '' }]);
    expect(webSocket.state).toBe('closing');
    socket.peerCloses(1000);
    expect(await stateOf(closing)).toBe('pending');
    socket.lose();
    expect(await closing).toMatchObject({ code: 1000, clean: true, sent: { code: 1000 }, received: { code: 1000 } });
    expect(await webSocket.closed).toBe(await closing);
    expect(webSocket.state).toBe('closed');
  });

  test('may be repeated: the first code and reason count', async () => {
    const { webSocket, socket } = await connected();
    const closings = [webSocket.close(4000, 'one'), webSocket.close(4001, 'two')];
    socket.peerEnds(4000);
    const infos = await Promise.all([...closings, webSocket.close()]);
    expect(new Set(infos).size).toBe(1);
    expect(socket.sent).toEqual([{ close: 4000, reason: 'one' }]);
    expect(await rejection(webSocket.receive())).toMatchObject({ code: 4000 });
  });

  test.each([
    ['a code that may not be sent', 1006, '', RangeError],
    ['a code that does not exist', 5000, '', RangeError],
    ['a reason that is too long', 1000, 'x'.repeat(124), RangeError],
    ['a reason that is no string', 1000, 1, TypeError],
  ])('rejects %s, and nothing has happened', async (_name, code, reason, kind) => {
    const { webSocket, socket } = await connected();
    expect(await rejection(webSocket.close(code, reason as string))).toBeInstanceOf(kind);
    expect([webSocket.state, socket.sent.length]).toEqual(['open', 0]);
    await webSocket.send('a');
    socket.arrive('b');
    expect(await webSocket.receive()).toBe('b');
    expect(socket.paused).toBe(false);
  });

  test('asyncDispose closes and waits', async () => {
    const { webSocket, socket } = await connected();
    const disposed = webSocket[Symbol.asyncDispose]();
    expect(socket.sent).toEqual([{ close: 1000, reason: '' }]);
    expect(await stateOf(disposed)).toBe('pending');
    socket.peerEnds();
    expect(await disposed).toBeUndefined();
  });
});

test('terminate ends the transport now', async () => {
  const { webSocket, socket } = await connected();
  webSocket.terminate();
  webSocket.terminate();
  expect(await webSocket.closed).toMatchObject({ code: 1006, clean: false });
  expect(socket.sent).toEqual([]);
});

describe('closed', () => {
  test('is one promise, asked for before the end or after it, and never rejects', async () => {
    const { webSocket, socket } = await connected();
    const { closed } = webSocket;
    expect(webSocket.closed).toBe(closed);
    socket.lose(new ConnectionLostError('reset'));
    expect(await closed).toMatchObject({ code: 1006, clean: false, error: { name: 'ConnectionLostError' } });
    const late = await connected();
    late.socket.lose();
    expect(await late.webSocket.closed).toBe(late.socket.closeInfo);
    await settled();
  });
});

describe('what the others are told of the end', () => {
  const base = { reason: '', clean: false, sent: undefined, first: undefined };
  const lost = new ConnectionLostError('reset');
  const timeout = new TimeoutError('no answer');
  const protocol = new ProtocolError(1002, '');
  const normal = { code: 1000, reason: '' };
  const cases: [string, CloseInfo, unknown][] = [
    ['a loss', { ...base, code: 1006, received: undefined, error: lost }, lost],
    ['a missed pong', { ...base, code: 1006, received: undefined, error: timeout }, timeout],
    ['a broken protocol', { ...base, code: 1006, received: undefined, error: protocol }, protocol],
    ['a broken protocol, answered', { ...base, code: 1000, received: normal, error: protocol }, protocol],
    [
      'a goodbye whose answer was lost',
      { ...base, code: 1000, received: normal, error: lost },
      { code: 1000, cause: lost },
    ],
    ['a goodbye', { ...base, code: 1000, clean: true, received: normal, error: undefined }, { code: 1000, isOk: true }],
  ];
  test.each(cases)('%s', async (_name, info, expected) => {
    const { webSocket, socket } = await connected();
    socket.end(info);
    const error = await rejection(webSocket.receive());
    if (expected instanceof Error) expect(error).toBe(expected);
    else expect(error).toMatchObject(expected as object);
    const ofSend = await rejection(webSocket.send('a'));
    if (error.isOk)
      expect(ofSend).toMatchObject({
        code: error.code,
        message: `not sent, for the connection is closed: ${error.code} (normal closure)`,
      });
    else expect(ofSend).toBe(error);
    expect(await rejection(webSocket.ping())).toBe(error);
    expect(await webSocket.closed).toBe(info);
  });
});

test('what can be read can be read at any time', async () => {
  const { webSocket, socket } = await connected();
  socket.context = { user: 1 };
  socket.latency = 7;
  const read = () => ({
    url: webSocket.url,
    protocol: webSocket.protocol,
    extensions: webSocket.extensions,
    request: webSocket.request,
    response: webSocket.response,
    remoteAddress: webSocket.remoteAddress,
    bufferedAmount: webSocket.bufferedAmount,
    latency: webSocket.latency,
    context: webSocket.context,
  });
  const before = read();
  expect(before).toMatchObject({ url: 'ws://fake/', protocol: 'chat', remoteAddress: '192.0.2.1', latency: 7 });
  expect(before.context).toEqual({ user: 1 });
  expect(before.request).toMatchObject({ path: '/' });
  expect(before.response).toMatchObject({ status: 101 });
  expect(webSocket.state).toBe('open');
  socket.peerEnds();
  expect(read()).toEqual(before);
  expect(webSocket.state).toBe('closed');
});

test('a WebSocket is one, and is made by nobody else', async () => {
  const { webSocket } = await connected();
  expect(webSocket).toBeInstanceOf(WebSocket);
  expect(() => new (WebSocket as any)()).toThrow(TypeError);
});
