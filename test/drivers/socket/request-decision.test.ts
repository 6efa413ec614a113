/** What becomes of a request once it is decided on, over the in-memory network. */
import { describe, expect, test } from 'vitest';
import { NetworkDriver } from '../../../drivers/pipe/network.ts';
import type { PipeServerOptions } from '../../../drivers/pipe/options.ts';
import { Recorder } from '../pipe/sessions.ts';

describe('a client that was turned away and stays', () => {
  test.each<[string, PipeServerOptions]>([
    ['by false', { authorize: () => false }],
    ['with a response', { authorize: () => ({ status: 404 }) }],
    ['later', { authorize: async () => false }],
    [
      'by what authorize throws',
      {
        authorize: () => {
          throw new Error('mine');
        },
      },
    ],
    ['by what rejects', { authorize: () => Promise.reject(new Error('mine')) }],
    ['by what is no decision', { authorize: () => 'yes' as never }],
  ])('is decided on, and nobody else is kept out for it: %s', async (_, options) => {
    const network = new NetworkDriver();
    const server = new Recorder();
    const signals: AbortSignal[] = [];
    const { authorize } = options;
    await network.serve(
      {
        host: 'server',
        maxHandshakes: 1,
        closeTimeout: false,
        authorize: (request, peer) => {
          if (signals.push(peer.signal) > 1) return true;
          // It will never hear of it, and nobody will hear of it.
          network.links[0]!.stall();
          return authorize!(request, peer);
        },
      },
      server.handlers,
    );
    network.connect('ws://server/', { handshakeTimeout: false }, {});
    await network.settle();
    const client = new Recorder();
    network.connect('ws://server/', {}, client.handlers);
    await client.until(() => client.log.length > 0);
    expect(client.log).toEqual(['open']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  });
});

test('a decision that fails later is answered at once, and told once', async () => {
  const network = new NetworkDriver();
  const server = new Recorder();
  let fail!: (error: Error) => void;
  const decision = new Promise<boolean>((_, reject) => (fail = reject));
  await network.serve({ host: 'server', authorize: () => decision }, server.handlers);
  const client = new Recorder();
  network.connect('ws://server/', {}, client.handlers);
  await network.settle();
  fail(new Error('mine'));
  await client.until(() => client.infos.length === 1);
  expect(client.infos).toMatchObject([{ error: { response: { status: 500 } } }]);
  expect(network.clock.now()).toBeLessThan(1000);
  expect(server.log.filter((line) => line.startsWith('error'))).toEqual(['error Error: mine']);
});

test('a decision that fails when the client has gone is told, and that is all', async () => {
  const network = new NetworkDriver();
  const server = new Recorder();
  let fail!: (error: Error) => void;
  const decision = new Promise<boolean>((_, reject) => (fail = reject));
  await network.serve({ host: 'server', authorize: () => decision }, server.handlers);
  const socket = network.connect('ws://server/', {}, {});
  await network.settle();
  socket.terminate();
  await server.until(() => server.infos.length === 1);
  fail(new Error('mine'));
  await server.until(() => server.log.length > 1);
  expect(server.log).toEqual(['close 1006', 'error Error: mine']);
});
