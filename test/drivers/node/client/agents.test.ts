/** Agents: Node's own, those that stand on agent-base, and others, over real sockets. */
import { once } from 'node:events';
import { Agent as HttpAgent, createServer, get } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type AddressInfo, connect as connectTcp, Socket as NetSocket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { Agent as BaseAgent } from 'agent-base';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { attach, HandshakeError, Http2Pool, open } from '../../../../drivers/index.ts';
import type { NodeClientOptions } from '../../../../drivers/index.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';
import { echoServer, keepWitness, rawServer, switching } from './support.ts';

keepWitness();

let certificate: Certificate;
beforeAll(() => {
  certificate = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

async function echoes(url: string, options: NodeClientOptions): Promise<void> {
  await open(url, options, async (ws) => {
    await ws.send('through');
    expect(await ws.receive()).toBe('through');
  });
}

function failure(url: string, options: NodeClientOptions): Promise<HandshakeError> {
  return open(url, options).then(
    () => Promise.reject(new Error('it opened')),
    (error) => error,
  );
}

/** How many sockets an agent counts, and how many requests wait for one. */
function countsOf({ sockets, requests }: HttpAgent): [number, number] {
  const sum = (lists: NodeJS.ReadOnlyDict<unknown[]>) =>
    Object.values(lists).reduce((total, list) => total + list!.length, 0);
  return [sum(sockets), sum(requests)];
}

function tidy<A extends HttpAgent>(agent: A): A {
  onTestFinished(() => agent.destroy());
  return agent;
}

describe("an agent of Node's", () => {
  test('gives the socket for ws:, which is the connection’s once it is open', async () => {
    const { url } = await echoServer();
    const agent = tidy(new HttpAgent());
    const ws = await open(url, { agent });
    expect(countsOf(agent)).toEqual([0, 0]);
    agent.destroy();
    await ws.send('through');
    expect(await ws.receive()).toBe('through');
    expect((await ws.close()).clean).toBe(true);
  });

  test('gives the socket for wss:, with our options for TLS', async () => {
    const { port } = await echoServer({ tls: certificate });
    const tls = { ca: certificate.cert };
    await echoes(`wss://localhost:${port}/`, { agent: tidy(new HttpsAgent()), tls });
    await echoes(`wss://127.0.0.1:${port}/`, { agent: tidy(new HttpsAgent(tls)) });
  });

  test('takes no certificate that nobody vouches for', async () => {
    const { port } = await echoServer({ tls: certificate });
    const error = await failure(`wss://localhost:${port}/`, { agent: tidy(new HttpsAgent()) });
    expect(error).toMatchObject({
      message: expect.stringContaining(
        `could not connect to localhost:${port} by the agent (DEPTH_ZERO_SELF_SIGNED_CERT)`,
      ),
      isTemporary: false,
      kind: 'tls',
    });
  });

  test('without TLS has it spoken over its socket', async () => {
    const { port } = await echoServer({ tls: certificate });
    await echoes(`wss://localhost:${port}/`, { agent: tidy(new HttpAgent()), tls: { ca: certificate.cert } });
  });

  test('hands on a socket that a request of node:http has been done with', async () => {
    const http = createServer((_request, response) => response.end('here'));
    const server = attach(http, async (ws) => ws.send((await ws.receive()) as string));
    let connections = 0;
    http.on('connection', () => connections++);
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    onTestFinished(async () => {
      await server.close();
      http.close();
    });
    const { port } = http.address() as AddressInfo;
    const agent = tidy(new HttpAgent({ keepAlive: true }));
    const [response] = await once(get({ port, host: '127.0.0.1', agent }), 'response');
    response.resume();
    await once(agent, 'free');
    const ws = await open(`ws://127.0.0.1:${port}`, { agent });
    await ws.send('through');
    expect(await ws.receive()).toBe('through');
    await ws.closed;
    expect(connections).toBe(1);
  });

  test('is held to its limit until a handshake is over, however it ends', async () => {
    const answers: (() => void)[] = [];
    const server = await rawServer((socket, head) => {
      const answer = answers.length === 0 ? 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n' : switching(head);
      answers.push(() => socket.write(answer));
    });
    const url = `ws://127.0.0.1:${server.port}/`;
    const agent = tidy(new HttpAgent({ maxSockets: 1 }));
    const refused = failure(url, { agent });
    const second = open(url, { agent });
    const third = open(url, { agent });
    await expect.poll(() => answers.length).toBe(1);
    expect(countsOf(agent)).toEqual([1, 2]);
    answers[0]();
    expect((await refused).response).toMatchObject({ status: 403 });
    await expect.poll(() => answers.length).toBe(2);
    expect(countsOf(agent)).toEqual([1, 1]);
    answers[1]();
    (await second).terminate();
    await expect.poll(() => answers.length).toBe(3);
    answers[2]();
    (await third).terminate();
    expect(countsOf(agent)).toEqual([0, 0]);
    expect(server.heads.length).toBe(3);
  });

  test('gives the socket to the next where the one that waited has given up', async () => {
    const answers: (() => void)[] = [];
    const server = await rawServer((socket, head) => answers.push(() => socket.write(switching(head))));
    const url = `ws://127.0.0.1:${server.port}/`;
    const agent = tidy(new HttpAgent({ maxSockets: 1 }));
    const controller = new AbortController();
    const first = open(url, { agent });
    const given = failure(url, { agent, signal: controller.signal });
    const third = open(url, { agent });
    await expect.poll(() => countsOf(agent)).toEqual([1, 2]);
    controller.abort(new Error('enough'));
    expect((await given).message).toBe('enough');
    await expect.poll(() => answers.length).toBe(1);
    answers[0]();
    (await first).terminate();
    await expect.poll(() => answers.length).toBe(2);
    answers[1]();
    (await third).terminate();
    expect(countsOf(agent)).toEqual([0, 0]);
  });

  test('leaves nothing open where nobody waits any more', async () => {
    let answer: (() => void) | undefined;
    const server = await rawServer((socket, head) => (answer = () => socket.write(switching(head))));
    const url = `ws://127.0.0.1:${server.port}/`;
    const agent = tidy(new HttpAgent({ maxSockets: 1 }));
    const controller = new AbortController();
    const first = open(url, { agent });
    const given = failure(url, { agent, signal: controller.signal });
    await expect.poll(() => [countsOf(agent), answer !== undefined]).toEqual([[1, 1], true]);
    controller.abort();
    await given;
    answer!();
    (await first).terminate();
    await expect.poll(() => countsOf(agent)).toEqual([0, 0]);
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test('gives up a socket that is on its way', async () => {
    const server = await rawServer(() => {});
    const agent = tidy(new HttpAgent());
    const controller = new AbortController();
    const given = failure(`ws://127.0.0.1:${server.port}/`, { agent, signal: controller.signal });
    await expect.poll(() => server.heads.length).toBe(1);
    controller.abort();
    await given;
    await expect.poll(() => [countsOf(agent)[0], server.sockets.size]).toEqual([0, 0]);
  });

  test('that reaches nobody fails, and says where', async () => {
    const agent = tidy(new HttpAgent());
    expect(await failure('ws://127.0.0.1:1/', { agent })).toMatchObject({
      message: expect.stringContaining('could not connect to 127.0.0.1:1 by the agent (ECONNREFUSED)'),
      isTemporary: true,
      kind: 'connect',
    });
    await expect.poll(() => countsOf(agent)).toEqual([0, 0]);
  });

  test('resolves names by our lookup', async () => {
    const lookup: NodeClientOptions['lookup'] = (_host, _options, callback) =>
      callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' }), '', 0);
    const error = await failure('ws://nowhere.test/', { agent: tidy(new HttpAgent()), lookup });
    expect(error).toMatchObject({ kind: 'dns', message: expect.stringContaining('(ENOTFOUND)') });
  });

  test('goes along with redirects', async () => {
    const { url } = await echoServer();
    const from = await rawServer((socket) => {
      socket.end(`HTTP/1.1 307 Moved\r\nLocation: ${url}\r\nContent-Length: 0\r\n\r\n`);
    });
    const seen: number[] = [];
    class Noting extends HttpAgent {
      override createConnection(options: any, callback: any): any {
        seen.push(Number(options.port));
        return super.createConnection(options, callback);
      }
    }
    const agent = tidy(new Noting());
    await echoes(`ws://127.0.0.1:${from.port}/`, { agent, maxRedirects: 1 });
    expect(seen).toEqual([from.port, Number(new URL(url).port)]);
    await expect.poll(() => countsOf(agent)).toEqual([0, 0]);
  });

  test('has a timeout for its idle sockets that is none of the connection’s', async () => {
    const { url } = await echoServer();
    let socket: NetSocket | undefined;
    class Noting extends HttpAgent {
      override createConnection(options: any, callback: any): any {
        return (socket = super.createConnection(options, callback) as NetSocket);
      }
    }
    const ws = await open(url, { agent: tidy(new Noting({ timeout: 5000 })) });
    expect(socket!.timeout).toBe(0);
    expect(socket!.listenerCount('timeout')).toBe(0);
    ws.terminate();
  });
});

describe('an agent of another make', () => {
  /** An agent whose sockets come later, by a callback. */
  class Later extends HttpAgent {
    readonly #make: (port: number) => unknown;
    constructor(make: (port: number) => unknown) {
      super();
      this.#make = make;
    }
    override createConnection(options: any, callback: any): any {
      setImmediate(() => {
        try {
          callback(null, this.#make(Number(options.port)));
        } catch (error) {
          callback(error);
        }
      });
    }
  }

  test('may give its socket later, connected or not', async () => {
    const { url } = await echoServer();
    await echoes(url, { agent: tidy(new Later((port) => connectTcp(port, '127.0.0.1'))) });
  });

  test('may give what is no socket', async () => {
    const { url } = await echoServer();
    const agent = tidy(
      new Later((port) => {
        const socket = connectTcp(port, '127.0.0.1');
        return Duplex.from({ readable: socket, writable: socket });
      }),
    );
    await echoes(url, { agent });
  });

  test.each([
    [
      'tells an error',
      new Later(() => {
        throw Object.assign(new Error('x'), { code: 'ECONNRESET' });
      }),
      'the agent failed (ECONNRESET)',
      true,
    ],
    [
      'throws',
      {
        addRequest() {
          throw new Error('x');
        },
      },
      'the agent failed',
      false,
    ],
    [
      'has its request emit an error',
      { addRequest: (request: any) => void request.emit('error', new Error('x')) },
      'the agent failed',
      false,
    ],
    ['gives no stream', { addRequest: (request: any) => void request.onSocket({}) }, 'the agent failed', false],
    ['gives nothing', { addRequest: (request: any) => void request.onSocket(undefined) }, 'the agent failed', false],
  ])('that %s is told of', async (_what, agent, text, isTemporary) => {
    const error = await failure('ws://127.0.0.1:1/', { agent });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ message: expect.stringContaining(text), isTemporary, kind: 'connect' });
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('that gives a socket to somebody who has given up has it back', async () => {
    const controller = new AbortController();
    let request: any;
    const agent = { addRequest: (applicant: any) => void (request = applicant) };
    const given = failure('ws://127.0.0.1:1/', { agent, signal: controller.signal });
    await expect.poll(() => request).toBeDefined();
    controller.abort();
    await given;
    expect(request.destroyed).toBe(true);
    const [counted, own] = [new NetSocket(), new NetSocket()];
    const freed = once(counted, 'free');
    request.onSocket(counted);
    await freed;
    request.onSocket(own);
    expect([counted.destroyed, own.destroyed]).toEqual([false, true]);
  });
});

describe('an agent that stands on agent-base', () => {
  /** As https-proxy-agent does it. */
  class Own extends BaseAgent {
    asked: unknown[] = [];
    connect(request: any, options: any): NetSocket {
      this.asked.push([options.secureEndpoint, options.host, request.method, request.path]);
      const { port, servername, ca } = options;
      return options.secureEndpoint
        ? connectTls({ port, host: '127.0.0.1', servername, ca })
        : connectTcp({ port, host: '127.0.0.1' });
    }
  }

  test('gives sockets for ws: and wss:', async () => {
    const [plain, secure] = [await echoServer(), await echoServer({ tls: certificate })];
    const agent = tidy(new Own());
    await echoes(`ws://one.test:${plain.port}/a?b`, { agent });
    await echoes(`wss://localhost:${secure.port}/`, { agent, tls: { ca: certificate.cert } });
    expect(agent.asked).toEqual([
      [false, 'one.test', 'GET', '/a?b'],
      [true, 'localhost', 'GET', '/'],
    ]);
    expect(countsOf(agent)).toEqual([0, 0]);
  });

  test.each(['ws', 'wss'])('tells its proxy’s refusal of %s', async (scheme) => {
    // What https-proxy-agent gives when its CONNECT is answered with anything but 200.
    class Refused extends BaseAgent {
      connect(request: any): NetSocket {
        const stream = new NetSocket({ writable: false } as any);
        request.once('socket', (socket: NetSocket) => {
          expect(socket.listenerCount('data')).toBeGreaterThan(0);
          socket.push('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
          socket.push(null);
        });
        return stream;
      }
    }
    const error = await failure(`${scheme}://localhost:1/`, { agent: tidy(new Refused()) });
    expect(error).toMatchObject({
      message: expect.stringContaining('the proxy refused the tunnel with status 407'),
      response: { status: 407, headers: { 'proxy-authenticate': 'Basic' } },
      kind: 'proxy',
      isTemporary: false,
    });
  });

  test('and rewrites the request, for a proxy that opens no tunnel, is told of', async () => {
    const { port } = await echoServer();
    class Rewriting extends BaseAgent {
      connect(request: any): NetSocket {
        request.path = `http://one.test${request.path}`;
        return connectTcp({ port, host: '127.0.0.1' });
      }
    }
    const error = await failure('ws://one.test/', { agent: tidy(new Rewriting()) });
    expect(error).toMatchObject({ message: expect.stringContaining('the agent rewrites requests'), kind: 'proxy' });
  });
});

describe('an agent is refused', () => {
  const agent = new HttpAgent();
  test.each<[string, NodeClientOptions, string]>([
    ['with a proxy', { agent, proxy: 'http://127.0.0.1:1' }, 'an agent does not go together with a proxy'],
    ['with createConnection', { agent, createConnection: () => new NetSocket() }, 'together with createConnection'],
    ['with a Unix socket', { agent, socketPath: '/tmp/none' }, 'an agent does not go together with a Unix socket'],
    ['with HTTP/2', { agent, http2: true }, 'an agent does not go together with http2'],
    ['with a pool', { agent, http2: new Http2Pool() }, 'an agent does not go together with http2'],
    ['with a session', { agent, http2: { request() {} } as never }, 'an agent does not go together with http2'],
    ['for TLS where none is spoken', { agent: new HttpsAgent() }, 'an https.Agent is for wss:'],
    ['that has no addRequest', { agent: { dispatch() {} } as never }, 'an Agent of node:http or node:https'],
  ])('%s', async (_what, options, text) => {
    const error: unknown = await failure('ws://127.0.0.1:1/', options);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toContain(text);
  });

  test('not because the environment has a proxy', async () => {
    const { url } = await echoServer();
    await echoes(url, { agent: tidy(new HttpAgent()), proxy: 'env' });
  });
});
