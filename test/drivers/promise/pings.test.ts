import { describe, expect, test } from 'vitest';
import { ConnectionLostError } from '../../../protocol/index.ts';
import { settled } from '../../support/fake-socket.ts';
import { connected, rejection, stateOf } from './connected.ts';

describe('ping', () => {
  test('resolves at its pong, to the round trip in milliseconds', async () => {
    const { webSocket, socket } = await connected();
    const ping = webSocket.ping('é');
    expect(socket.sent).toEqual([{ ping: new Uint8Array([0xc3, 0xa9]) }]);
    expect(await stateOf(ping)).toBe('pending');
    socket.pongs(1, 12.5);
    expect(await ping).toBe(12.5);
  });

  test('a pong answers the pings before it too, and none after it (RFC 6455 §5.5.3)', async () => {
    const { webSocket, socket } = await connected();
    await socket.clock.advance(7);
    const pings = [webSocket.ping()];
    await socket.clock.advance(5);
    pings.push(webSocket.ping());
    await socket.clock.advance(5);
    pings.push(webSocket.ping());
    await socket.clock.advance(5);
    socket.pongs(2, 10);
    expect(await Promise.all(pings.slice(0, 2))).toEqual([15, 10]);
    expect(await stateOf(pings[2])).toBe('pending');
    socket.pongs(3, 5);
    expect(await pings[2]).toBe(5);
  });

  test('pongs for nothing, or for the keepalive’s pings, answer none that came after them', async () => {
    const { webSocket, socket } = await connected();
    expect(socket.ping()).toBe(1);
    const ping = webSocket.ping();
    socket.pongs(0, 0);
    socket.pongs(1, 3);
    expect(await stateOf(ping)).toBe('pending');
    socket.pongs(2, 4);
    expect(await ping).toBe(4);
    socket.pongs(2, 4);
  });

  test('rejects when the connection ends before that, or has ended', async () => {
    const { webSocket, socket } = await connected();
    const ping = webSocket.ping();
    const lost = new ConnectionLostError('reset');
    socket.lose(lost);
    expect(await rejection(ping)).toBe(lost);
    expect(await rejection(webSocket.ping())).toBe(lost);
  });

  test('rejects on a connection that has ended before the first of them', async () => {
    const { webSocket, socket } = await connected();
    socket.peerEnds(1001);
    expect(await rejection(webSocket.ping())).toMatchObject({ code: 1001 });
  });

  test('one that could not be sent any more is told of the end when that is known', async () => {
    const { webSocket, socket } = await connected();
    void webSocket.close();
    const ping = webSocket.ping();
    expect(await stateOf(ping)).toBe('pending');
    socket.peerEnds(1000);
    expect(await rejection(ping)).toMatchObject({ code: 1000, isOk: true });
  });

  test('rejects with a TypeError for what is no payload', async () => {
    const { webSocket, socket } = await connected();
    for (const data of [1, null, {}, [1]]) {
      expect(await rejection(webSocket.ping(data as never))).toBeInstanceOf(TypeError);
      expect(() => webSocket.pong(data as never)).toThrow(TypeError);
    }
    expect(socket.sent).toEqual([]);
  });

  test('a rejection that nobody awaits does no harm', async () => {
    const { webSocket, socket } = await connected();
    void webSocket.ping();
    socket.lose();
    void webSocket.ping();
    await settled();
  });
});

test('pong sends an unsolicited one, and nothing when the connection is not open', async () => {
  const { webSocket, socket } = await connected();
  webSocket.pong('b');
  webSocket.pong();
  expect(socket.sent).toEqual([{ pong: new Uint8Array([0x62]) }, { pong: undefined }]);
  socket.peerEnds();
  webSocket.pong('late');
  expect(socket.sent).toHaveLength(2);
});
