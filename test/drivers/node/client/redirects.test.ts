import crypto from 'node:crypto';
import type { Socket } from 'node:net';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { HandshakeError, open, TimeoutError, type WebSocket } from '../../../../drivers/index.ts';
import type { NodeClientOptions } from '../../../../drivers/index.ts';
import { connect } from '../../../../drivers/node/index.ts';
import { WebSocket as WebWebSocket, WebSocketStream } from '../../../../drivers/web/index.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';
import { fieldOf, keepWitness, rawServer, switching } from './support.ts';

keepWitness();

let certificate: Certificate;
beforeAll(() => {
  certificate = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

function to(location: string, status = 302): (socket: Socket) => void {
  return (socket) => socket.write(`HTTP/1.1 ${status} Elsewhere\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
}

function accepting(): Promise<Awaited<ReturnType<typeof rawServer>>> {
  return rawServer((socket, head) => socket.write(switching(head)));
}

async function follow(url: string, options: NodeClientOptions = {}): Promise<WebSocket> {
  const ws = await open(url, { maxRedirects: 10, ...options });
  ws.terminate();
  await ws.closed;
  return ws;
}

function failure(url: string, options: NodeClientOptions = {}): Promise<HandshakeError> {
  return open(url, { maxRedirects: 10, ...options }).then(
    () => Promise.reject(new Error('it opened')),
    (error) => error,
  );
}

const secrets = {
  Authorization: 'Bearer secret',
  Cookie: 'secret=1',
  'Proxy-Authorization': 'secret',
  'X-Mine': 'kept',
};

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])(
    '%i is followed, with a fresh key, and the old transport is gone',
    async (status) => {
      const end = await accepting();
      const start = await rawServer(to(`ws://127.0.0.1:${end.port}/there?x`, status));
      const ws = await follow(`ws://127.0.0.1:${start.port}/here`);
      expect(ws.url).toBe(`ws://127.0.0.1:${end.port}/there?x`);
      expect(end.heads[0]).toMatch(`GET /there?x HTTP/1.1\r\nHost: 127.0.0.1:${end.port}\r\n`);
      expect(fieldOf(end.heads[0], 'Sec-WebSocket-Key')).not.toBe(fieldOf(start.heads[0], 'Sec-WebSocket-Key'));
      await expect.poll(() => start.sockets.size).toBe(0);
    },
  );

  test('to the same origin keeps credentials', async () => {
    const server = await rawServer((socket, head) =>
      head.startsWith('GET /here ') ? to('/there')(socket) : socket.write(switching(head)),
    );
    await follow(`ws://u:p@127.0.0.1:${server.port}/here`, { headers: { Cookie: 'a=b' } });
    expect(fieldOf(server.heads[1], 'Authorization')).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
    expect(fieldOf(server.heads[1], 'Cookie')).toBe('a=b');
  });

  test('to another origin shows none of them, on the way back neither', async () => {
    let second = 0;
    const first = await rawServer((socket, head) =>
      first.heads.length === 1 ? to(`ws://127.0.0.1:${second}/`)(socket) : socket.write(switching(head)),
    );
    const other = await rawServer((socket) => to(`http://127.0.0.1:${first.port}/back`)(socket));
    second = other.port;
    await follow(`ws://127.0.0.1:${first.port}/`, { headers: secrets });
    await follow(`ws://secret:secret@127.0.0.1:${first.port}/`).catch(() => {});
    expect(first.heads[0]).toMatch('secret');
    for (const head of [other.heads[0], first.heads[1]]) {
      expect(head).not.toMatch(/secret|Authorization/i);
      expect(fieldOf(head, 'X-Mine')).toBe('kept');
    }
  });

  test('of user info shows it to nobody else', async () => {
    const end = await accepting();
    const start = await rawServer(to(`ws://127.0.0.1:${end.port}/`));
    await follow(`ws://user:pass@127.0.0.1:${start.port}/`);
    expect(fieldOf(start.heads[0], 'Authorization')).toBeDefined();
    expect(fieldOf(end.heads[0], 'Authorization')).toBeUndefined();
  });

  test('from ws to wss is followed, and the certificate verified', async () => {
    const end = await rawServer((socket, head) => socket.write(switching(head)), certificate);
    const start = await rawServer(to(`https://localhost:${end.port}/`));
    const url = `ws://127.0.0.1:${start.port}/`;
    expect((await follow(url, { tls: { ca: certificate.cert } })).url).toBe(`wss://localhost:${end.port}/`);
    expect(await failure(url)).toMatchObject({ cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
    expect(end.heads).toHaveLength(1);
  });

  test('from wss to ws never is', async () => {
    const end = await accepting();
    for (const scheme of ['ws', 'http']) {
      const start = await rawServer(to(`${scheme}://127.0.0.1:${end.port}/`), certificate);
      const error = await failure(`wss://localhost:${start.port}/`, { tls: { ca: certificate.cert } });
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error.message).toMatch('it leads from wss to ws');
      expect(error.response!.status).toBe(302);
    }
    expect(end.heads).toEqual([]);
  });

  test('in a circle ends after as many as are allowed', async () => {
    const server = await rawServer(to('/again'));
    const error = await failure(`ws://127.0.0.1:${server.port}/`, { maxRedirects: 3 });
    expect(error.message).toMatch('there were 3 redirects before it');
    expect(server.heads).toHaveLength(4);
  });

  test('does not begin the deadline anew', async () => {
    const server = await rawServer((socket) => void setTimeout(() => to('/again')(socket), 40).unref());
    const error = await failure(`ws://127.0.0.1:${server.port}/`, { handshakeTimeout: 100 });
    expect(error).toBeInstanceOf(TimeoutError);
    expect(server.heads.length).toBeLessThanOrEqual(3);
  });

  test('under way is given up by the signal', async () => {
    const end = await rawServer(() => {});
    const start = await rawServer(to(`ws://127.0.0.1:${end.port}/`));
    const controller = new AbortController();
    const opening = failure(`ws://127.0.0.1:${start.port}/`, { signal: controller.signal });
    await expect.poll(() => end.heads.length).toBe(1);
    controller.abort(new Error('enough'));
    expect((await opening).message).toBe('enough');
    await expect.poll(() => end.sockets.size).toBe(0);
  });

  test('to where nobody is ends it', async () => {
    const start = await rawServer(to('ws://127.0.0.1:1/'));
    expect((await failure(`ws://127.0.0.1:${start.port}/`)).message).toMatch('ECONNREFUSED');
  });

  test.each(['ws://u:p@127.0.0.1/', 'ftp://127.0.0.1/', 'ws://[', 'ws://1.2.3.4.5.999999/'])(
    'to %j is no crash',
    async (location) => {
      const start = await rawServer(to(location));
      const error = await failure(`ws://127.0.0.1:${start.port}/`, { handshakeTimeout: 5000 });
      expect(error).toBeInstanceOf(HandshakeError);
    },
  );

  test('is one socket with one close for the event-style API', async () => {
    const end = await accepting();
    const start = await rawServer(to(`ws://127.0.0.1:${end.port}/`));
    const calls: string[] = [];
    await new Promise<void>((resolve) => {
      const socket = connect(
        `ws://127.0.0.1:${start.port}/`,
        { maxRedirects: 1 },
        {
          open(same) {
            calls.push('open');
            expect(same).toBe(socket);
            expect(same.remoteAddress).toBe('127.0.0.1');
            same.terminate();
          },
          close(same) {
            calls.push('close');
            expect(same).toBe(socket);
            resolve();
          },
        },
      );
      socket.data = 'mine';
    });
    expect(calls).toEqual(['open', 'close']);
  });

  test('asks for what was asked for first, whatever becomes of the list', async () => {
    const subprotocols = ['chat'];
    const server = await rawServer((socket, head) => {
      subprotocols.push('not a token');
      if (head.startsWith('GET /here ')) to('/there')(socket);
      else socket.write(switching(head, { 'Sec-WebSocket-Protocol': 'chat' }));
    });
    expect((await follow(`ws://127.0.0.1:${server.port}/here`, { subprotocols })).protocol).toBe('chat');
    expect(fieldOf(server.heads[1], 'Sec-WebSocket-Protocol')).toBe('chat');
  });
});

/** Each face's way to say why nothing was opened. */
const FACES: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  connect: (url) =>
    new Promise((resolve) => {
      const socket = connect(url, OPTIONS, { close: (_, info) => resolve([info.error, socket.state, socket.url]) });
    }).then(([error, ...rest]: any) => {
      expect(rest).toEqual(['closed', url]);
      return error;
    }),
  open: (url) => open(url, OPTIONS).catch((error: unknown) => error),
  reconnecting: (url) =>
    open
      .reconnecting(url, OPTIONS)
      .next()
      .catch((error: unknown) => error),
  WebSocket: async (url) => {
    const ws = new WebWebSocket(url, [], OPTIONS);
    const events: string[] = [];
    ws.onerror = () => events.push('error');
    await new Promise((resolve) => (ws.onclose = resolve));
    expect(events).toEqual(['error']);
  },
  WebSocketStream: async (url) => {
    const stream = new WebSocketStream(url, OPTIONS);
    await expect(stream.closed).rejects.toThrow();
    await expect(stream.opened).rejects.toThrow();
  },
};

const OPTIONS = { maxRedirects: 1, handshakeTimeout: false } as const;

describe('a redirect whose request can not be made', () => {
  test.each(Object.entries(FACES))('ends it, over %s', async (_, attempt) => {
    const cause = new Error('no randomness left');
    const server = await rawServer((socket) => {
      const spy = vi.spyOn(crypto, 'randomFillSync').mockImplementationOnce(() => {
        spy.mockRestore();
        throw cause;
      });
      to('/there')(socket);
    });
    const error = await attempt(`ws://127.0.0.1:${server.port}/here`);
    if (error !== undefined) {
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error).toMatchObject({ kind: 'internal', cause, isTemporary: false, response: { status: 302 } });
      expect((error as Error).message).toBe(`the redirect could not be followed: ws://127.0.0.1:${server.port}/here`);
    }
    expect(server.heads).toHaveLength(1);
    await expect.poll(() => server.sockets.size).toBe(0);
  });
});
