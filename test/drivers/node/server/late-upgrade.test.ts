/** `upgrade` that is called some time after 'upgrade': whatever came meanwhile is delivered in order, or the client is told. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import http2 from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { HandshakeError, InvalidStateError, listen, open, upgrade, type WebSocket } from '../../../../drivers/index.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';
import { BINARY, frame, KEY, TEXT } from '../../../support/frames.ts';
import { GOOD, parse } from '../hostile.ts';

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

const masked = (payload: string | Uint8Array): Uint8Array =>
  frame({ opcode: typeof payload === 'string' ? TEXT : BINARY, payload, key: KEY });

interface Late {
  readonly client: Socket;
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
}

/** A connection whose 'upgrade' has come, with `first` right behind the request. */
async function begun(secure: boolean, first: Uint8Array = new Uint8Array(0)): Promise<Late> {
  const server = secure ? (createTlsServer(tls) as HttpServer) : createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const upgraded = once(server, 'upgrade') as Promise<[IncomingMessage, Duplex, Buffer]>;
  const client = secure ? connectTls({ port, host: '127.0.0.1', ca: tls.cert }) : connect(port, '127.0.0.1');
  client.on('error', () => {});
  client.write(Buffer.concat([Buffer.from(`${GOOD}\r\n`), first]));
  const [request, stream, head] = await upgraded;
  onTestFinished(() => {
    client.destroy();
    stream.destroy();
    server.close();
  });
  return { client, request, stream, head };
}

/** Resolves when a stream that nobody reads has filled its buffer with this many bytes. */
async function filled(stream: Duplex, bytes: number): Promise<void> {
  await expect.poll(() => stream.readableLength).toBeGreaterThanOrEqual(bytes);
}

async function allOf(ws: WebSocket, count: number): Promise<(string | Uint8Array)[]> {
  const messages: (string | Uint8Array)[] = [];
  while (messages.length < count) messages.push(await ws.receive());
  return messages;
}

describe.each([
  ['node:http', false],
  ['node:https', true],
])('after an await, over %s', (_, secure) => {
  test('frames that came with the request, between, and after are delivered in order', async () => {
    const { client, request, stream, head } = await begun(secure, masked('with it'));
    const second = masked('between');
    // A frame that is cut in two by the call.
    client.write(Buffer.concat([second, masked('cut').subarray(0, 7)]));
    await filled(stream, second.length + 7);
    const ws = await upgrade(request, stream, head);
    client.write(Buffer.concat([masked('cut').subarray(7), masked('after')]));
    expect(await allOf(ws, 4)).toEqual(['with it', 'between', 'cut', 'after']);
    ws.terminate();
  });

  test('more than the stream buffers is delivered too', async () => {
    const { client, request, stream, head } = await begun(secure);
    const large = new Uint8Array(300_000).map((_, i) => i);
    client.write(Buffer.concat([masked(large), masked('behind it')]));
    await filled(stream, 16_384);
    const ws = await upgrade(request, stream, head);
    const [first, second] = await allOf(ws, 2);
    expect([Buffer.compare(first as Uint8Array, large), second]).toEqual([0, 'behind it']);
    ws.terminate();
  });

  test('so they are where the stream was paused, and where `head` was put back', async () => {
    const { client, request, stream, head } = await begun(secure, masked('with it'));
    stream.pause();
    stream.unshift(head);
    client.write(masked('between'));
    await filled(stream, head.length + 1);
    const ws = await upgrade(request, stream, new Uint8Array(0));
    client.write(masked('after'));
    expect(await allOf(ws, 3)).toEqual(['with it', 'between', 'after']);
    ws.terminate();
  });

  test('the end that came meanwhile is told behind what came before it', async () => {
    const { client, request, stream, head } = await begun(secure);
    client.end(masked('last words'));
    await filled(stream, 1);
    const ws = await upgrade(request, stream, head);
    expect(await ws.receive()).toBe('last words');
    expect(await ws.closed).toMatchObject({ code: 1006 });
  });

  test.each<[string, (stream: Duplex) => void]>([
    ['a listener to data', (stream) => void stream.on('data', () => {})],
    ['resume', (stream) => void stream.resume()],
  ])('it is refused where somebody else has read meanwhile: by %s', async (_name, read) => {
    const { client, request, stream, head } = await begun(secure);
    read(stream);
    client.write(masked('lost'));
    await expect.poll(() => stream.readableDidRead).toBe(true);
    const failure = upgrade(request, stream, head).catch((error: unknown) => error);
    let answer = '';
    client.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
    await once(client, 'close');
    expect(parse(answer).status).toBe(500);
    const error = (await failure) as HandshakeError;
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.cause).toBeInstanceOf(InvalidStateError);
    expect((error.cause as Error).message).toMatch(/^somebody else has read from the stream/);
  });

  test.each<[string, (stream: Duplex) => void]>([
    ['readable', (stream) => void stream.on('readable', () => {})],
    ['data, in this very turn', (stream) => void stream.on('data', () => {})],
  ])('a listener to %s: refused, or served with nothing lost', async (_name, listen) => {
    const { client, request, stream, head } = await begun(secure);
    listen(stream);
    client.write(masked('first'));
    // What listens to 'readable' keeps the stream from being read to its end: it has its deadline.
    await upgrade(request, stream, head, { closeTimeout: 300 }).then(
      async (ws) => {
        expect(await ws.receive()).toBe('first');
        ws.terminate();
      },
      (error: HandshakeError) => expect(error.cause).toBeInstanceOf(InvalidStateError),
    );
  });

  test('a client that is gone by then is told as lost, and nothing is opened', async () => {
    const { client, request, stream, head } = await begun(secure);
    stream.on('error', () => {});
    stream.resume();
    client.destroy();
    stream.destroy();
    await once(stream, 'close');
    await expect(upgrade(request, stream, head)).rejects.toThrow(HandshakeError);
  });
});

describe('after an await, over node:http2', () => {
  async function connected(first: Uint8Array): Promise<http2.Http2ServerRequest> {
    const server = http2.createServer({ settings: { enableConnectProtocol: true } }, (_, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const asked = once(server, 'connect') as Promise<[http2.Http2ServerRequest]>;
    const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      session.destroy();
      server.close();
    });
    await once(session, 'remoteSettings');
    const headers = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', 'sec-websocket-version': '13' };
    const stream = session.request(headers, { endStream: false });
    stream.on('error', () => {});
    stream.write(first);
    const [request] = await asked;
    return request;
  }

  test('frames that came between are delivered in order', async () => {
    const request = await connected(Buffer.concat([masked('one'), masked('two')]));
    await filled(request.stream, 1);
    const ws = await upgrade(request, request.stream, new Uint8Array(0));
    expect(await allOf(ws, 2)).toEqual(['one', 'two']);
    ws.terminate();
  });

  test('a client that is gone by then is told as lost', async () => {
    const request = await connected(masked('one'));
    request.stream.on('error', () => {});
    request.stream.close(http2.constants.NGHTTP2_CANCEL);
    request.stream.resume();
    await once(request.stream, 'close');
    await expect(upgrade(request, request.stream, new Uint8Array(0))).rejects.toThrow(HandshakeError);
  });
});

test('a witness is served throughout', async () => {
  await using server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  await open(server.url, async (ws) => {
    const { request, stream, head } = await begun(false);
    stream.resume();
    const failure = upgrade(request, stream, head).catch((error: unknown) => error);
    await ws.send('still here');
    expect(await ws.receive()).toBe('still here');
    stream.destroy();
    await failure;
  });
});

test.each(['maxConnections', 'maxHandshakes'])(
  '%s, which cannot hold over single calls, is refused, and the stream left as it is',
  async (name) => {
    const { client, request, stream, head } = await begun(false);
    const options = { [name]: 1 } as object;
    await expect(upgrade(request, stream, head, options)).rejects.toThrow(TypeError);
    await expect(upgrade(request, stream, head, options)).rejects.toThrow(name);
    const ws = await upgrade(request, stream, head);
    client.write(masked('served'));
    expect(await ws.receive()).toBe('served');
    ws.terminate();
  },
);
