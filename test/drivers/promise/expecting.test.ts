import { describe, expect, test } from 'vitest';
import { WebSocketError } from '../../../protocol/index.ts';
import { connected, rejection } from './connected.ts';

describe('receiveText, receiveBytes and receiveJson', () => {
  test('give what they name', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive('text', new Uint8Array([1]), '{"a":[1]}', 'null');
    expect(await webSocket.receiveText()).toBe('text');
    expect(await webSocket.receiveBytes()).toEqual(Buffer.from([1]));
    expect(await webSocket.receiveJson()).toEqual({ a: [1] });
    expect(await webSocket.receiveJson((value) => [value])).toEqual([null]);
  });

  test('reject with what came in its place, which is consumed, and the connection goes on', async () => {
    const { webSocket, socket } = await connected();
    const bytes = new Uint8Array([1]);
    socket.arrive(bytes, 'text', bytes, '{', 'next');
    expect(await rejection(webSocket.receiveText())).toMatchObject({
      ...{ code: 1003, kind: 'unexpected', reason: 'expected text' },
      message: 'expected TEXT, and bytes came',
    });
    expect(await rejection(webSocket.receiveBytes())).toMatchObject({
      ...{ code: 1003, kind: 'unexpected', reason: 'expected bytes' },
      message: 'expected bytes, and TEXT came',
    });
    expect(await rejection(webSocket.receiveJson())).toMatchObject({ code: 1003, kind: 'unexpected' });
    const error = await rejection(webSocket.receiveJson());
    expect(error).toMatchObject({ code: 1007, kind: 'unexpected', reason: 'expected JSON' });
    expect(error.cause).toBeInstanceOf(SyntaxError);
    expect(webSocket.state).toBe('open');
    expect(await webSocket.receiveText()).toBe('next');
  });

  test('reject with 1008 for what validate throws, and with a WebSocketError of its own', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive('1', '2', '3');
    const validate = (error: unknown) => () => {
      throw error;
    };
    const cause = new RangeError('not a name');
    expect(await rejection(webSocket.receiveJson(validate(cause)))).toMatchObject({
      ...{ code: 1008, kind: 'unexpected', reason: 'message not valid', cause },
      message: 'a message that is not valid: not a name',
    });
    expect(await rejection(webSocket.receiveJson(validate('no')))).toMatchObject({
      ...{ code: 1008, cause: 'no' },
      message: 'a message that is not valid',
    });
    const own = new WebSocketError(4000, 'mine');
    expect(await rejection(webSocket.receiveJson(validate(own)))).toBe(own);
  });
});
