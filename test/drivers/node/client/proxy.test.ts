/** Proxies: real ones (npm's proxy-chain for HTTP and HTTPS, Debian's microsocks for SOCKS5), and ones that misbehave. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { Server as ProxyServer } from 'proxy-chain';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { HandshakeError, open, TimeoutError } from '../../../../drivers/index.ts';
import type { NodeClientOptions } from '../../../../drivers/index.ts';
import { resolveProxy } from '../../../../drivers/node/client/proxy.ts';
import { parseTarget } from '../../../../drivers/node/client/target.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';
import { freePort } from '../../../support/free-port.ts';
import { echoServer, fieldOf, rawServer, silentServer, switching, type Script } from './support.ts';

let certificate: Certificate;
beforeAll(() => {
  certificate = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

afterEach(() => vi.unstubAllEnvs());

interface RealProxy {
  readonly port: number;
  /** Where it was asked to go. */
  readonly asked: string[];
}

/** proxy-chain that wants these credentials ("user:password"), or is open to all. */
async function httpProxy({ secure = false, credentials = '' } = {}): Promise<RealProxy> {
  const asked: string[] = [];
  const proxy = new ProxyServer({
    port: 0,
    host: '127.0.0.1',
    ...(secure
      ? { serverType: 'https' as const, httpsOptions: { key: certificate.key, cert: certificate.cert } }
      : { serverType: 'http' as const }),
    prepareRequestFunction: ({ hostname, port, username, password }) => {
      asked.push(`${hostname}:${port}`);
      return { requestAuthentication: credentials !== '' && `${username}:${password}` !== credentials };
    },
  });
  await proxy.listen();
  onTestFinished(() => proxy.close(true));
  return { port: proxy.port, asked };
}

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

describe('an HTTP proxy', () => {
  test.each([
    ['ws', 'http'],
    ['ws', 'https'],
    ['wss', 'http'],
    ['wss', 'https'],
  ])('carries %s, spoken to by %s', async (scheme, kind) => {
    const proxy = await httpProxy({ secure: kind === 'https' });
    const { port } = await echoServer(scheme === 'wss' ? { tls: certificate } : {});
    const ca = certificate.cert;
    const options = { proxy: `${kind}://localhost:${proxy.port}`, tls: { ca }, proxyTls: { ca } };
    await echoes(`${scheme}://localhost:${port}/`, options);
    expect(proxy.asked).toEqual([`localhost:${port}`]);
  });

  test('gets its credentials, percent-decoded, and nobody else does', async () => {
    const proxy = await httpProxy({ credentials: 'me:p@ss' });
    const server = await rawServer((socket, head) => socket.write(switching(head)));
    const ws = await open(`ws://u:w@127.0.0.1:${server.port}/`, {
      proxy: `http://me:p%40ss@127.0.0.1:${proxy.port}`,
    });
    ws.terminate();
    expect(fieldOf(server.heads[0], 'Proxy-Authorization')).toBeUndefined();
    expect(fieldOf(server.heads[0], 'Authorization')).toBe(`Basic ${Buffer.from('u:w').toString('base64')}`);
  });

  test.each(['', 'me:wrong@'])('with the credentials %j refuses with 407', async (userInfo) => {
    const proxy = await httpProxy({ credentials: 'me:secret' });
    const error = await failure('ws://127.0.0.1:1/', { proxy: `http://${userInfo}127.0.0.1:${proxy.port}` });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({
      message: expect.stringContaining('the proxy refused the tunnel with status 407'),
      isTemporary: false,
    });
    expect(error.response).toMatchObject({ status: 407, headers: { 'proxy-authenticate': expect.any(String) } });
  });

  test('that reaches nobody hangs up', async () => {
    const proxy = await httpProxy();
    const error = await failure('ws://127.0.0.1:1/', { proxy: `http://127.0.0.1:${proxy.port}` });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ message: expect.stringMatching('^the proxy '), isTemporary: true });
  });

  test('that is not there is one', async () => {
    const error = await failure('ws://127.0.0.1:2/', { proxy: 'http://127.0.0.1:1' });
    expect(error).toMatchObject({
      message: expect.stringContaining('could not connect to the proxy 127.0.0.1:1 (ECONNREFUSED)'),
      isTemporary: true,
    });
  });

  test('with a certificate that nobody vouches for is not spoken to', async () => {
    const proxy = await httpProxy({ secure: true });
    const options = {
      proxy: `https://localhost:${proxy.port}`,
      tls: { ca: certificate.cert, rejectUnauthorized: false },
    };
    const error = await failure('ws://127.0.0.1:1/', options);
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ isTemporary: false, cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
    expect(proxy.asked).toEqual([]);
  });
});

describe('a proxy that misbehaves', () => {
  async function by(script: Script, options: NodeClientOptions = {}): Promise<HandshakeError> {
    const proxy = await rawServer(script);
    const error = await failure('ws://target.test/', { ...options, proxy: `http://127.0.0.1:${proxy.port}` });
    await expect.poll(() => proxy.sockets.size).toBe(0);
    expect(proxy.heads).toEqual(['CONNECT target.test:80 HTTP/1.1\r\nHost: target.test:80\r\n\r\n']);
    return error;
  }

  test('and speaks something else', async () => {
    const error = await by((socket) => socket.write('SSH-2.0-x\r\n'));
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.message).not.toMatch('SSH');
  });

  test('and sends a head without end', async () => {
    const error = await by((socket) => {
      const timer = setInterval(() => socket.write(`${'a: b\r\n'.repeat(2000)}`), 1);
      socket.write('HTTP/1.1 200 OK\r\n');
      socket.on('close', () => clearInterval(timer));
    });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.message).toMatch('too many fields');
  });

  test('and talks in the server’s place', async () => {
    const error = await by((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 x\r\n\r\n'));
    expect(error).toMatchObject({
      message: expect.stringContaining('the proxy sent more than its answer'),
      isTemporary: false,
    });
  });

  test.each(['end', 'resetAndDestroy'] as const)('and hangs up: %s', async (how) => {
    const error = await by((socket) => socket[how]());
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.isTemporary).toBe(true);
  });

  test('and never answers: the one deadline', async () => {
    expect(await by(() => {}, { handshakeTimeout: 50 })).toBeInstanceOf(TimeoutError);
  });

  test.each(['https', 'socks5', 'socks5h'])('and never says a word, spoken to by %s', async (kind) => {
    const proxy = await silentServer();
    const error = await failure('ws://127.0.0.1:1/', {
      proxy: `${kind}://127.0.0.1:${proxy.port}`,
      handshakeTimeout: 100,
    });
    expect(error).toBeInstanceOf(TimeoutError);
    await expect.poll(() => proxy.sockets.size).toBe(0);
  });
});

describe("'env'", () => {
  beforeAll(() => {
    for (const name of ['ws', 'wss', 'http', 'https', 'all', 'no']) {
      delete process.env[`${name}_proxy`];
      delete process.env[`${name.toUpperCase()}_PROXY`];
    }
  });

  test.each([
    ['http_proxy', 'ws'],
    ['HTTP_PROXY', 'ws'],
    ['ws_proxy', 'ws'],
    ['all_proxy', 'ws'],
    ['https_proxy', 'wss'],
    ['wss_proxy', 'wss'],
    ['ALL_PROXY', 'wss'],
  ])('goes by %s for %s', async (name, scheme) => {
    const proxy = await httpProxy();
    const { port } = await echoServer(scheme === 'wss' ? { tls: certificate } : {});
    const url = `${scheme}://localhost:${port}/`;
    for (const value of [`http://127.0.0.1:${proxy.port}`, `127.0.0.1:${proxy.port}`]) {
      vi.stubEnv(name, value);
      await echoes(url, { proxy: 'env', tls: { ca: certificate.cert } });
    }
    expect(proxy.asked).toHaveLength(2);
  });

  test('goes direct for what no_proxy names, by name, suffix, port and star', async () => {
    const proxy = await httpProxy();
    const { port } = await echoServer();
    vi.stubEnv('http_proxy', `http://127.0.0.1:${proxy.port}`);
    for (const value of ['localhost', 'a, localhost', `localhost:${port}`, '.localhost,*host', '*']) {
      vi.stubEnv('NO_PROXY', value);
      await echoes(`ws://localhost:${port}/`, { proxy: 'env' });
    }
    expect(proxy.asked).toEqual([]);
    vi.stubEnv('NO_PROXY', 'localhost:1,otherhost');
    await echoes(`ws://localhost:${port}/`, { proxy: 'env' });
    expect(proxy.asked).toHaveLength(1);
  });

  test('no variable means anything unless it is asked for', async () => {
    vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
    const { url } = await echoServer();
    await echoes(url, {});
    expect(await failure(url, { proxy: 'env' })).toBeInstanceOf(HandshakeError);
  });

  test('a variable that makes no sense is told, without its password', async () => {
    vi.stubEnv('http_proxy', 'ftp://me:secret@proxy');
    const error = await failure('ws://127.0.0.1:1/', { proxy: 'env' });
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).not.toMatch('secret');
  });
});

describe('what the option means', () => {
  const [ws, wss] = ['ws://far.test/', 'wss://far.test/'].map((url) => parseTarget(url));
  const none = undefined;

  test.each<[option: string, kind: string, host: string, port: number, credentials: object | undefined]>([
    ['http://p.test', 'http', 'p.test', 80, none],
    ['https://p.test', 'https', 'p.test', 443, none],
    ['socks5://[::1]', 'socks5', '::1', 1080, none],
    ['socks5h://p.test', 'socks5h', 'p.test', 1080, none],
    ['http://p.test:8080/', 'http', 'p.test', 8080, none],
    ['http://me@p.test', 'http', 'p.test', 80, { user: 'me', password: '' }],
    ['http://:pass@p.test', 'http', 'p.test', 80, { user: '', password: 'pass' }],
    ['http://m%20e:p%3Ass@p.test', 'http', 'p.test', 80, { user: 'm e', password: 'p:ss' }],
  ])('%s', (option, kind, host, port, credentials) => {
    expect(resolveProxy(option, ws)).toEqual({ kind, host, port, credentials });
    expect(resolveProxy(new URL(option), ws)).toEqual({ kind, host, port, credentials });
  });

  test.each([
    'p.test:80',
    'http://',
    'ftp://p.test',
    'tostring://p.test',
    'http://%zz@p.test',
    'http://a%3Ab:c@p.test',
  ])('%s is none', (option) => {
    expect(() => resolveProxy(option, ws)).toThrow(TypeError);
    expect(() => resolveProxy(option, ws)).not.toThrow('p.test');
  });

  test.each<[variables: Record<string, string>, target: typeof ws, proxy: object | undefined]>([
    [{ HTTPS_PROXY: 'https://p.test' }, wss, { kind: 'https', port: 443 }],
    [{ https_proxy: 'p.test:1' }, wss, { kind: 'http', port: 1 }],
    [{ WSS_PROXY: 'socks5://p.test', https_proxy: 'http://other.test' }, wss, { kind: 'socks5', port: 1080 }],
    [{ wss_proxy: '', HTTPS_PROXY: 'https://p.test' }, wss, { kind: 'https', port: 443 }],
    [{ ALL_PROXY: 'https://p.test' }, ws, { kind: 'https', port: 443 }],
    [{ ALL_PROXY: 'p.test' }, wss, { kind: 'http', port: 80 }],
    [{ ws_proxy: 'http://p.test', http_proxy: 'http://other.test' }, ws, { kind: 'http', port: 80 }],
    [{ https_proxy: 'http://p.test' }, ws, undefined],
    [{}, ws, undefined],
  ])("'env' with %o", (variables, target, proxy) => {
    for (const name of ['ws', 'wss', 'http', 'https', 'all', 'no']) {
      for (const one of [`${name}_proxy`, `${name}_proxy`.toUpperCase()]) vi.stubEnv(one, variables[one]);
    }
    const found = resolveProxy('env', target);
    if (proxy === undefined) expect(found).toBe(undefined);
    else expect(found).toMatchObject({ host: 'p.test', ...proxy });
  });
});

const hasMicrosocks = spawnSync('sh', ['-c', 'command -v microsocks']).status === 0;

describe.skipIf(!hasMicrosocks)('a SOCKS5 proxy: microsocks of Debian', () => {
  let free: number;
  let locked: number;
  const children: ChildProcess[] = [];

  async function start(...args: string[]): Promise<number> {
    const port = await freePort();
    children.push(spawn('microsocks', ['-i', '127.0.0.1', '-p', String(port), ...args], { stdio: 'ignore' }));
    await vi.waitUntil(() => reachable(port), { timeout: 5000 });
    return port;
  }

  beforeAll(async () => {
    free = await start();
    locked = await start('-u', 'me', '-P', 'p@ss');
  });
  afterAll(() => {
    for (const child of children) child.kill();
  });

  test.each([
    ['ws', 'socks5'],
    ['ws', 'socks5h'],
    ['wss', 'socks5'],
    ['wss', 'socks5h'],
  ])('carries %s, spoken to by %s', async (scheme, kind) => {
    const { port } = await echoServer(scheme === 'wss' ? { tls: certificate } : {});
    const tls = { ca: certificate.cert };
    await echoes(`${scheme}://localhost:${port}/`, { proxy: `${kind}://127.0.0.1:${free}`, tls, family: 4 });
    await echoes(`${scheme}://127.0.0.1:${port}/`, { proxy: `${kind}://me:p%40ss@127.0.0.1:${locked}`, tls });
  });

  test('socks5 resolves names here, socks5h leaves them to the proxy', async () => {
    const { port } = await echoServer();
    const asked: string[] = [];
    const lookup: NodeClientOptions['lookup'] = (name, _options, callback) => {
      asked.push(name);
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    await echoes(`ws://made-up.test:${port}/`, { proxy: `socks5://127.0.0.1:${free}`, lookup });
    expect(asked).toEqual(['made-up.test']);
    const error = await failure(`ws://made-up.test:${port}/`, { proxy: `socks5h://127.0.0.1:${free}`, lookup });
    expect(asked).toEqual(['made-up.test']);
    expect(error).toMatchObject({ message: expect.stringContaining('the SOCKS proxy did not connect') });
  });

  test('refuses who may not, for good, and its password is nowhere in the error', async () => {
    const error = await failure('ws://127.0.0.1:1/', { proxy: `socks5://me:secret@127.0.0.1:${locked}` });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.isTemporary).toBe(false);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error.cause)).not.toMatch('secret');
  });

  test('tells that nobody is there, which may pass', async () => {
    const error = await failure('ws://127.0.0.1:1/', { proxy: `socks5://127.0.0.1:${free}` });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ isTemporary: true, cause: { message: expect.stringMatching('ConnectionRefused') } });
  });
});

function reachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('connect', () => socket.destroy()).on('error', () => resolve(false));
  });
}
