import { expect, describe, test } from 'vitest';
import { ConnectionLostError, HandshakeError, WaitTimeoutError, WebSocketError } from '../../../protocol/index.ts';
import type { WebSocket } from '../../../drivers/promise/index.ts';
import { rejection, stateOf } from './connected.ts';
import { echo, piped, URL } from './piped.ts';

const HOUR = 3_600_000;

describe('giving up', () => {
  test('a receive that timed out loses no message, over hours', async () => {
    const { network, open, listen } = piped();
    await listen(async (webSocket) => {
      for (let i = 0; i < 5; i++) {
        await rejection(webSocket.receive({ timeout: HOUR }));
        await webSocket.send(`${i}`);
      }
    });
    const webSocket = await open(URL);
    const received: unknown[] = [];
    let gaveUp = 0;
    const receiving = (async () => {
      while (received.length < 5) {
        try {
          received.push(await webSocket.receive({ timeout: 1000 }));
        } catch (error) {
          expect(error).toBeInstanceOf(WaitTimeoutError);
          gaveUp++;
        }
      }
    })();
    await network.advance(6 * HOUR);
    await receiving;
    expect(received).toEqual(['0', '1', '2', '3', '4']);
    // What comes at the very deadline is taken.
    expect(gaveUp).toBe(5 * 3600 - 5);
  });

  test('an opening that nobody answers ends at its deadline, or with its signal', async () => {
    const { network, open, listen } = piped();
    await listen(echo, { authorize: () => new Promise(() => {}) });
    const late = rejection(open(URL, { handshakeTimeout: 5000 }));
    const controller = new AbortController();
    const aborted = rejection(open(URL, { signal: controller.signal }));
    await network.advance(4999);
    expect(await stateOf(late)).toBe('pending');
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await aborted).toBe(reason);
    await network.advance(1);
    expect(await late).toBeInstanceOf(WebSocketError);
    await network.advance(HOUR);
    expect(network.clock.timers).toBe(0);
  });

  test('a refusal rejects open with the response', async () => {
    const { open, listen } = piped();
    await listen(echo, { authorize: () => ({ status: 401, headers: { 'x-why': 'because' }, body: 'no' }) });
    const error = await rejection(open(URL));
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.response).toMatchObject({ status: 401, headers: { 'x-why': 'because' } });
    expect(new TextDecoder().decode(error.response.body)).toBe('no');
  });
});

describe('closing', () => {
  test('both at once, with messages on their way, loses none and ends clean on both sides', async () => {
    const { network, open, listen } = piped({ latency: 10 });
    const ends: unknown[] = [];
    await listen(async (webSocket) => {
      await webSocket.receive();
      await webSocket.send('from the server');
      void webSocket.close(4001);
      ends.push(await webSocket.receive(), (await rejection(webSocket.receive())).code, await webSocket.closed);
    });
    const webSocket = await open(URL);
    await webSocket.send('go');
    await new Promise<void>((resolve) => network.clock.wakeAt(network.clock.now() + 10, resolve));
    void webSocket.send('from the client');
    void webSocket.close(4002);
    expect(await webSocket.receive()).toBe('from the server');
    expect((await rejection(webSocket.receive())).code).toBe(4001);
    expect(await webSocket.closed).toMatchObject({ code: 4001, clean: true, sent: { code: 4002 } });
    await network.settle();
    expect(ends).toMatchObject(['from the client', 4002, { code: 4002, clean: true, sent: { code: 4001 } }]);
  });

  test('a peer that never answers the Close is given up at the deadline', async () => {
    const { network, open, listen } = piped();
    await listen((webSocket) => webSocket.closed);
    const webSocket = await open(URL, { closeTimeout: 3000 });
    network.links[0].lose();
    const closing = webSocket.close();
    await network.advance(2999);
    expect(await stateOf(closing)).toBe('pending');
    await network.advance(1);
    expect(await closing).toMatchObject({ code: 1006, clean: false, error: { name: 'TimeoutError' } });
  });

  test('the surplus after a local close is discarded, so that the peer’s Close is reached', async () => {
    const { network, open, listen } = piped();
    let sent = 0;
    await listen(async (webSocket) => {
      for (; sent < 500; sent++) await webSocket.send(`${sent} `.repeat(1000));
    });
    const webSocket = await open(URL);
    await webSocket.receive();
    const closing = webSocket.close();
    // For so long somebody might take more, who has received before.
    await network.advance(1000);
    const { clean, dropped } = await closing;
    expect(clean).toBe(true);
    let received = 0;
    for await (const message of webSocket) {
      expect(message).toBe(`${1 + received} `.repeat(1000));
      received++;
    }
    expect(received).toBeGreaterThanOrEqual(16);
    // All that had left the server when it heard of the close (the send that was under way, too), but for what was received.
    expect(dropped).toBe(sent - received);
  });

  test('a reset loses nothing that was complete, and delivers nothing that was not', async () => {
    const { network, open, listen } = piped();
    await listen(async (webSocket) => {
      await webSocket.send('a');
      await webSocket.send('b');
      await webSocket.send(['half of ', 'it']);
      await webSocket.closed;
    });
    const webSocket = await open(URL, { link: { toClient: { cut: 1 } } });
    const [link] = network.links;
    // Up to the middle of the third message's second frame.
    link.toClient.plan({ after: link.toClient.delivered + 3 + 3 + 10 + 3, kind: 'reset' });
    await network.settle();
    expect([await webSocket.receive(), await webSocket.receive()]).toEqual(['a', 'b']);
    const error = await rejection(webSocket.receive());
    expect(error).toBeInstanceOf(ConnectionLostError);
    expect(error.cause).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a server', () => {
  test('a handler that throws harms its own connection only', async () => {
    const { open, listen, errors } = piped();
    const oops = new Error('oops');
    await listen(async (webSocket) => {
      for await (const message of webSocket) {
        if (message === 'throw') throw oops;
        if (message === 'refuse') throw new WebSocketError(4400, 'bad message');
        await webSocket.send(message);
      }
    });
    const [good, bad, refused] = await Promise.all([open(URL), open(URL), open(URL)]);
    await bad.send('throw');
    await refused.send('refuse');
    expect(await bad.closed).toMatchObject({ code: 1011, clean: true });
    expect(await refused.closed).toMatchObject({ code: 4400, reason: 'bad message', clean: true });
    await good.send('still here');
    expect(await good.receive()).toBe('still here');
    expect(errors).toEqual([oops, expect.any(WebSocketError)]);
    await good.close();
  });

  test('close says goodbye to everyone, waits for the handlers and leaves nothing behind', async () => {
    const { network, open, listen } = piped();
    let running = 0;
    const server = await listen(async (webSocket) => {
      running++;
      try {
        await echo(webSocket);
      } finally {
        running--;
      }
    });
    const clients = await Promise.all([open(URL), open(URL), open(URL)]);
    await server.close();
    expect(running).toBe(0);
    for (const client of clients) expect(await client.closed).toMatchObject({ code: 1001, clean: true });
    expect(await rejection(open(URL))).toBeInstanceOf(WebSocketError);
    expect(network.links).toEqual([]);
    expect(network.clock.timers).toBe(0);
  });

  test('close ends a client that does not answer when the time is up', async () => {
    const { network, open, listen } = piped();
    const server = await listen(echo);
    const client = await open(URL);
    network.links[0].toServer.stall();
    const closing = server.close({ timeout: 2000 });
    await network.advance(1999);
    expect(await stateOf(closing)).toBe('pending');
    await network.advance(1);
    await closing;
    expect(await client.closed).toMatchObject({ code: 1001 });
  });

  test('what a connection tells of itself', async () => {
    const { open, listen } = piped();
    let seen: WebSocket | undefined;
    const server = await listen((webSocket) => ((seen = webSocket), echo(webSocket)), {
      subprotocols: ['b', 'a'],
      authorize: (request) => ({ context: { user: request.query } }),
    });
    const client = await open('ws://server/path?me', { subprotocols: ['a', 'b'], localAddress: 'here' });
    expect(client).toMatchObject({ protocol: 'b', url: 'ws://server/path?me', state: 'open', remoteAddress: 'server' });
    expect(client.response).toMatchObject({ status: 101 });
    expect(seen).toMatchObject({
      protocol: 'b',
      url: 'ws://server/path?me',
      context: { user: 'me' },
      remoteAddress: 'here',
    });
    expect(seen!.request).toMatchObject({ path: '/path', query: 'me' });
    await client.close();
    expect(client).toMatchObject({ protocol: 'b', url: 'ws://server/path?me', state: 'closed' });
    await server.close();
  });
});
