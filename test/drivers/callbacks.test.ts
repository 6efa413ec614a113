/** What of the application's is called has nothing of ours as `this` but the options, or the handlers, that it was given in. */
import { expect, test } from 'vitest';
import { createNetwork } from '../../drivers/pipe/index.ts';
import { createTopics } from '../../drivers/topics/index.ts';

/** Wraps callbacks so that they note on what they are called. */
function noted() {
  const called = new Set<string>();
  const onOurs = new Set<string>();
  const note = <Result>(name: string, result: (...given: any[]) => Result) =>
    function (this: object | undefined, ...given: any[]): Result {
      called.add(name);
      // What is no class's has either.
      if (![undefined, Object].includes(this?.constructor as ObjectConstructor | undefined)) onOurs.add(name);
      return result(...given);
    };
  return { called, onOurs, note };
}

test('callbacks of a server, of a client that reconnects, of handlers and of sends', async () => {
  const { called, onOurs, note } = noted();
  const network = createNetwork();
  const options = {
    path: note('path', () => true),
    allowedOrigins: note('allowedOrigins', (origin: string) => origin !== 'http://no.example'),
    authorize: note('authorize', () => true as const),
    selectSubprotocol: note('selectSubprotocol', () => undefined),
    onRefused: note('onRefused', () => {}),
    onError: note('onError', () => {}),
  };
  const fail = note('handler', async (ws: { receive(): Promise<unknown> }): Promise<void> => {
    await ws.receive();
    throw new Error('on purpose');
  });
  const server = await network.listen({ host: 'a', ...options }, fail);
  await expect(network.open('ws://a/', { origin: 'http://no.example' })).rejects.toThrow('403');
  const ws = await network.open('ws://a/', { subprotocols: ['x'], requireSubprotocol: false, origin: 'http://a' });
  await ws.send('x');
  await ws.closed;
  const connections = network.open.reconnecting('ws://nobody/', {
    attempts: 2,
    isFatal: note('isFatal', () => false),
    onState: note('onState', () => {}),
  });
  const ended = connections.next().catch(() => {});
  await network.advance(60_000);
  await ended;
  const names = ['open', 'message', 'ping', 'pong', 'closeFrame', 'close'] as const;
  const handlers = Object.fromEntries(names.map((name) => [name, note(name, () => {})]));
  const listener = await network.serve({ host: 'b' }, handlers);
  const socket = network.connect('ws://b/', {}, handlers);
  await network.settle();
  socket.send('x', { onSent: note('onSent', () => {}) });
  socket.onceWritable(note('onceWritable', () => {}));
  socket.ping();
  await network.settle();
  await listener.broadcast('x', { onSent: note('onSent of a broadcast', () => {}) });
  socket.close();
  await network.advance(5000);
  await Promise.all([server.close(), listener.close()]);
  expect([...onOurs]).toEqual([]);
  const others = ['handler', 'isFatal', 'onState', 'onSent', 'onceWritable', 'onSent of a broadcast'];
  expect([...called].sort()).toEqual([...Object.keys(options), ...names, ...others].sort());
});

test('callbacks of topics', async () => {
  const { called, onOurs, note } = noted();
  const network = createNetwork();
  const hub = createTopics({
    clock: network.clock,
    random: note('random', () => 0.5),
    authorize: note('authorize', () => true as const),
    frame: note('frame', (_topic: string, message: unknown) => message as string),
    onError: note('onError', () => {}),
    observer: {
      onPublish: note('onPublish', () => {
        throw new Error('on purpose');
      }),
      onEngine: note('onEngine', () => {}),
    },
  });
  await hub.start();
  await network.listen({ host: 'a' }, async (ws) => {
    await hub.subscribe(ws, 'news');
    await hub.publish('news', 'x');
    hub.revoke(note('revoke', () => true));
    await ws.closed;
  });
  const ws = await network.open('ws://a/');
  expect(await ws.receive()).toBe('x');
  await network.settle();
  expect([...onOurs]).toEqual([]);
  const all = ['random', 'authorize', 'frame', 'onError', 'onPublish', 'onEngine', 'revoke'];
  expect([...called].sort()).toEqual(all.sort());
  await hub.close();
});
