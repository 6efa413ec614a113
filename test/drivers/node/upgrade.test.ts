/** What a stream says of itself, and what came before has set: the same by every door to a server. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import http2, { type Http2ServerRequest } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  acceptUpgrade,
  adopt,
  attach,
  type AttachOptions,
  createAcceptor,
  type Handlers,
  serve,
} from '../../../drivers/node/index.ts';
import { type Certificate, makeCertificate } from '../../support/certificates.ts';
import { GOOD } from './hostile.ts';

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

type Asked = IncomingMessage | Http2ServerRequest;
type OnUpgrade = (request: Asked, stream: Duplex, head: Buffer) => void;

function webServer(isSecure: boolean, isHttp2: boolean): Server {
  const settings = { enableConnectProtocol: true };
  if (isHttp2) return isSecure ? http2.createSecureServer({ ...tls, settings }) : http2.createServer({ settings });
  return isSecure ? createHttpsServer(tls) : createServer();
}

/** Begins to serve by this door. Gives the port. */
type Door = (isSecure: boolean, isHttp2: boolean, handlers: Handlers) => Promise<number>;

function door(open: (web: Server, handlers: Handlers) => OnUpgrade | void): Door {
  return async (isSecure, isHttp2, handlers) => {
    const web = webServer(isSecure, isHttp2);
    const onUpgrade = open(web, handlers);
    if (onUpgrade !== undefined) {
      web.on('upgrade', onUpgrade).on('connect', (request: Http2ServerRequest) => {
        onUpgrade(request, request.stream, Buffer.alloc(0));
      });
      if (isHttp2) web.on('request', () => {});
    }
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void web.close());
    return (web.address() as AddressInfo).port;
  };
}

const DOORS: [string, Door][] = [
  [
    'serve',
    async (isSecure, isHttp2, handlers) => {
      const tlsOptions = isSecure ? { tls } : {};
      const server = await serve({ host: '127.0.0.1', port: 0, http2: isHttp2, ...tlsOptions }, handlers);
      onTestFinished(() => server.close({ timeout: 1 }));
      return server.port;
    },
  ],
  ['attach', door((web, handlers) => void attach(web as never, {} as AttachOptions, handlers))],
  [
    'acceptUpgrade',
    door(
      (_, handlers) =>
        (...args) =>
          void acceptUpgrade(...args, {}, handlers),
    ),
  ],
  [
    'createAcceptor',
    door((_, handlers) => {
      const acceptor = createAcceptor({}, handlers);
      return (...args) => void acceptor.accept(...args);
    }),
  ],
];

/** The status that a page of this Origin gets. */
async function ask(port: number, isSecure: boolean, isHttp2: boolean, origin: string): Promise<number> {
  const place = { port, host: '127.0.0.1' };
  const socket = isSecure
    ? connectTls({ ...place, ca: tls.cert, ALPNProtocols: [isHttp2 ? 'h2' : 'http/1.1'] })
    : connect(place);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  if (isHttp2) {
    const session = http2.connect('http://far.test', { createConnection: () => socket }).on('error', () => {});
    onTestFinished(() => session.destroy());
    await once(session, 'remoteSettings');
    const fields = {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/',
      ':authority': 'far.test',
      'sec-websocket-version': '13',
      origin,
    };
    const stream = session.request({ ...fields, ':scheme': isSecure ? 'https' : 'http' }, { endStream: false });
    const [answer] = await once(
      stream.on('error', () => {}),
      'response',
    );
    return answer[':status'];
  }
  socket.write(`${GOOD.replace(/Host: .*/, 'Host: far.test')}Origin: ${origin}\r\n\r\n`);
  const [answer] = await once(socket, 'data');
  return Number(String(answer).split(' ', 2)[1]);
}

describe.each(DOORS)('by %s', (_, start) => {
  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])(
    'whether TLS ends here is known, to the check of the Origin too: %j, over HTTP/2: %j',
    async (isSecure, isHttp2) => {
      const urls: string[] = [];
      const port = await start(isSecure, isHttp2, {
        open: (socket) => void urls.push(socket.url),
      });
      const opened = isHttp2 ? 200 : 101;
      expect(await ask(port, isSecure, isHttp2, 'https://far.test')).toBe(opened);
      // A page that came without TLS is another site to a server with it.
      expect(await ask(port, isSecure, isHttp2, 'http://far.test')).toBe(isSecure ? 403 : opened);
      expect(await ask(port, isSecure, isHttp2, 'https://other.test')).toBe(403);
      expect(new Set(urls)).toEqual(new Set([isSecure ? 'wss://far.test/' : 'ws://far.test/']));
    },
  );
});

describe('what came before has set its own way', () => {
  test.each<[string, (request: IncomingMessage, stream: Duplex, head: Buffer) => void]>([
    ['acceptUpgrade', (...args) => void acceptUpgrade(...args, {}, {})],
    ['adopt', (_, stream, head) => void adopt(stream, head, { role: 'server' }, {}, {})],
  ])('is set anew by %s: no time that it may be idle, and no delay', async (_, take) => {
    const web = createServer();
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void web.close());
    const client = connect((web.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void client.destroy());
    client.write(`${GOOD}\r\n`);
    const [request, stream, head] = (await once(web, 'upgrade')) as [IncomingMessage, NetSocket, Buffer];
    stream.setTimeout(60_000);
    const setNoDelay = vi.spyOn(stream, 'setNoDelay');
    take(request, stream, head);
    expect([stream.timeout, setNoDelay.mock.calls]).toEqual([0, [[true]]]);
  });
});
