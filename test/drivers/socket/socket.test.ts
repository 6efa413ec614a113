/** The ways to send of a socket of the event face, over the in-memory network. */
import { describe, expect, test } from 'vitest';
import { createZlibCodec } from '../../../drivers/node/zlib/codec.ts';
import { NetworkDriver } from '../../../drivers/pipe/network.ts';
import type { SendOptions } from '../../../drivers/socket/send-options.ts';
import type { Socket } from '../../../drivers/socket/socket.ts';
import { utf8 } from '../../support/frames.ts';
import { echo } from '../pipe/sessions.ts';

/** An open connection that compresses whatever may be, to a server that only listens. */
async function opened(limits: { sendLimit?: number; sendHighWater?: number | false } = {}) {
  const network = new NetworkDriver({ codec: createZlibCodec() });
  const options = { compress: { threshold: 0 }, pingInterval: 0, ...limits } as const;
  const { client, server, socket } = await echo(network, { client: options, server: options, onServer: {} });
  await client.until(() => client.log.length === 1);
  return { network, client, server, socket };
}

const TEXT = 'é'.repeat(500);
const BYTES = utf8(TEXT);

describe.each<[string, string | Uint8Array, (socket: Socket, options?: SendOptions) => boolean]>([
  ['send, of text', TEXT, (socket, options) => socket.send(TEXT, options)],
  ['send, of bytes', BYTES, (socket, options) => socket.send(BYTES, options)],
  ['sendText, of text', TEXT, (socket, options) => socket.sendText(TEXT, options)],
  ['sendText, of bytes', TEXT, (socket, options) => socket.sendText(BYTES, options)],
  ['sendPrepared', TEXT, (socket, options) => socket.sendPrepared(socket.prepare(TEXT), options)],
  [
    'sendPrepared, of bytes as text',
    TEXT,
    (socket, options) => socket.sendPrepared(socket.prepare(BYTES, true), options),
  ],
  ['sendFragment, of text', TEXT, (socket, options) => socket.sendFragment(TEXT, true, options)],
  ['sendFragment, of bytes', BYTES, (socket, options) => socket.sendFragment(BYTES, true, options)],
  [
    'sendFragment, of bytes as text',
    TEXT,
    (socket, options) => socket.sendFragment(BYTES, true, { ...options, text: true }),
  ],
])('%s', (_, message, send) => {
  test.each([
    ['', undefined, true],
    [', with options that say nothing of it', {}, true],
    [', with compress: true', { compress: true }, true],
    [', with compress: false', { compress: false }, false],
  ])('brings the message, compressed or not, and counts it%s', async (_how, options, isCompressed) => {
    const { network, server, socket } = await opened();
    const { bytesSent } = socket.traffic;
    expect(send(socket, options)).toBe(true);
    await network.settle();
    expect(server.messages).toEqual([message]);
    const { bytesSent: after, messagesSent } = socket.traffic;
    expect(messagesSent).toBe(1);
    expect(after - bytesSent < 500).toBe(isCompressed);
  });

  test('throws for an option that there is not', async () => {
    const { network, server, socket } = await opened();
    expect(() => send(socket, { compres: false } as SendOptions)).toThrow(TypeError);
    await network.settle();
    expect(server.messages).toEqual([]);
  });
});

test('a message in fragments counts once, when it is whole', async () => {
  const { socket } = await opened();
  socket.sendFragment('a', false);
  expect(socket.traffic.messagesSent).toBe(0);
  socket.sendFragment('b', true);
  expect(socket.traffic.messagesSent).toBe(1);
});

test('what is no message is told of, open or not', async () => {
  const { client, socket } = await opened();
  const sends = [
    (data: never) => socket.send(data),
    (data: never) => socket.sendText(data),
    (data: never) => socket.sendFragment(data, true),
  ];
  for (const send of sends) expect(() => send(5 as never)).toThrow(TypeError);
  socket.terminate();
  await client.until(() => client.infos.length === 1);
  for (const send of sends) {
    expect(() => send(5 as never)).toThrow(TypeError);
    expect(send('a' as never)).toBe(false);
  }
});

test.each([undefined, false, 500] as const)(
  'sendLimit is for what waits already: the largest message may follow as much, whatever sendHighWater is: %s',
  async (sendHighWater) => {
    const { client, socket } = await opened({ sendLimit: 1000, sendHighWater });
    const message = new Uint8Array(990);
    for (const state of ['open', 'open', 'closed']) {
      const goOn = socket.send(message, { compress: false });
      expect(socket.state).toBe(state);
      expect(goOn).toBe(state === 'open' && sendHighWater !== 500);
    }
    expect(client.infos).toMatchObject([
      { error: { kind: 'send-limit', message: 'more than sendLimit, 1000 bytes, wait to be sent' } },
    ]);
  },
);

test('to stop reading soon is to stop at the end of the turn', async () => {
  const { network, socket } = await opened();
  const flow: string[] = [];
  const { transportHandler } = socket;
  const transport = { write: () => true, bufferedAmount: 0, end() {}, abort() {} };
  socket.attach({ ...transport, pause: () => flow.push('pause'), resume: () => flow.push('resume') });
  socket.stopReadingSoon();
  expect(flow).toEqual([]);
  await network.settle();
  expect(flow).toEqual(['pause']);
  socket.stopReadingSoon();
  socket.resume();
  await network.settle();
  expect(flow).toEqual(['pause', 'resume']);
  transportHandler.onLost(undefined);
});
