/** Every function of every face that takes options knows them by name. */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { attach, broadcast, Http2Pool, listen, open, toDuplex, upgrade } from '../../drivers/index.ts';
import * as node from '../../drivers/node/index.ts';
import { createNetwork, VirtualClock } from '../../drivers/pipe/index.ts';
import { WebSocket, WebSocketStream } from '../../drivers/web/index.ts';

const wrong = { maxPaylod: 1 } as never;
const url = 'ws://127.0.0.1:9/';

test.each<[string, () => unknown]>([
  ['open', () => open(url, wrong)],
  ['open', () => open(url, wrong, async () => {})],
  ['open.reconnecting', () => open.reconnecting(url, wrong)],
  ['listen', () => listen(wrong, async () => {})],
  ['upgrade', () => upgrade({} as never, {} as never, new Uint8Array(), wrong)],
  ['attach', () => attach(createServer(), wrong, async () => {})],
  ['broadcast', () => broadcast([], 'x', wrong)],
  ['Http2Pool', () => new Http2Pool(wrong)],
  ['toDuplex', () => toDuplex({} as never, wrong)],
  ['connect', () => node.connect(url, wrong, {})],
  ['serve', () => node.serve(wrong, {})],
  ['attach', () => node.attach(createServer(), wrong, {})],
  ['acceptUpgrade', () => node.acceptUpgrade({} as never, {} as never, new Uint8Array(), wrong, {})],
  ['broadcast', () => node.broadcast([], 'x', wrong)],
  ['createNetwork', () => createNetwork(wrong)],
  ['VirtualClock', () => new VirtualClock(wrong)],
  ['open', () => createNetwork().open('ws://server/', wrong)],
  ['listen', () => createNetwork().listen(wrong, async () => {})],
  ['connect', () => createNetwork().connect('ws://server/', wrong)],
  ['connect: link', () => createNetwork().connect('ws://server/', { link: wrong })],
  ['serve', () => createNetwork().serve(wrong)],
  ['WebSocket', () => new WebSocket(url, [], wrong)],
  ['connect', () => new WebSocketStream(url, wrong)],
])('%s refuses an option that it does not have', async (of, call) => {
  const error: unknown = await new Promise((resolve) => resolve(call())).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(TypeError);
  expect((error as Error).message).toContain(`${of}: unknown option maxPaylod`);
});

test('receive, and closing a server, too', async () => {
  const network = createNetwork();
  const server = await network.listen(80, async (ws) => void (await ws.closed));
  const ws = await network.open('ws://server/');
  await expect(ws.receive({ timout: 5 } as never)).rejects.toThrow(
    'receive: unknown option timout: did you mean timeout?',
  );
  await expect(server.close({ codes: 1 } as never)).rejects.toThrow('close: unknown option codes: did you mean code?');
  await server.close();
});
