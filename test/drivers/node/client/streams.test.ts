/** What carries a client's connection: TLS, Unix sockets, several addresses, and streams of the caller's own. */
import { randomUUID } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, pipeline } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { HandshakeError, open, TimeoutError } from '../../../../drivers/index.ts';
import type { NodeClientOptions } from '../../../../drivers/index.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';
import { duplexPair } from './duplex-pair.ts';
import { echoServer, keepWitness, rawServer, switching } from './support.ts';

keepWitness();

let certificate: Certificate;
let stranger: Certificate;
beforeAll(() => {
  certificate = makeCertificate('DNS:localhost,IP:127.0.0.1');
  stranger = makeCertificate('DNS:stranger.test');
});

async function echoes(url: string, options: NodeClientOptions = {}): Promise<void> {
  await open(url, options, async (ws) => {
    await ws.send('through');
    expect(await ws.receive()).toBe('through');
  });
}

function failure(url: string, options: NodeClientOptions = {}): Promise<HandshakeError> {
  return open(url, options).then(
    () => Promise.reject(new Error('it opened')),
    (error) => error,
  );
}

/** A stream that is no socket, and leads to this port. */
function relayTo(port: number): Duplex {
  const [here, there] = duplexPair();
  const socket = connectTcp(port, '127.0.0.1');
  pipeline(there, socket, there, () => socket.destroy());
  return here;
}

describe('wss', () => {
  test('is opened with a certificate that is vouched for, by name and by address', async () => {
    const { port } = await echoServer({ tls: certificate });
    await echoes(`wss://localhost:${port}/`, { tls: { ca: certificate.cert } });
    await echoes(`wss://127.0.0.1:${port}/`, { tls: { ca: certificate.cert } });
  });

  test('names the server and the protocol', async () => {
    const seen: unknown[] = [];
    const server = await rawServer(
      (socket, head) => {
        const { servername, alpnProtocol } = socket as TLSSocket & { servername: string | false };
        seen.push([servername, alpnProtocol]);
        socket.write(switching(head));
      },
      { ...certificate, ALPNProtocols: ['h2', 'http/1.1'] },
    );
    for (const host of ['localhost', '127.0.0.1']) {
      const ws = await open(`wss://${host}:${server.port}/`, { tls: { ca: certificate.cert } });
      ws.terminate();
    }
    expect(seen).toEqual([
      ['localhost', 'http/1.1'],
      [false, 'http/1.1'],
    ]);
  });

  test('keeps the trailing dot of a host in Host, and out of the server name and the check of the certificate', async () => {
    const seen: unknown[] = [];
    const server = await rawServer(
      (socket, head) => {
        seen.push((socket as TLSSocket & { servername: string }).servername, /^Host: (.*)$/m.exec(head)?.[1].trim());
        socket.write(switching(head));
      },
      { ...certificate },
    );
    const checkServerIdentity = (name: string) => void seen.push(name);
    const lookup: NodeClientOptions['lookup'] = (name, options, callback) => {
      seen.push(name);
      if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    };
    const host = `localhost.:${server.port}`;
    const ws = await open(`wss://${host}/`, { tls: { ca: certificate.cert, checkServerIdentity }, lookup });
    ws.terminate();
    expect(seen).toEqual(['localhost.', 'localhost', 'localhost', host]);
  });

  test('says what is wrong with a URL that has the zone of an IPv6 address', async () => {
    for (const url of ['ws://[fe80::1%eth0]/', 'wss://[fe80::1%25eth0]:8443/a']) {
      await expect(open(url)).rejects.toThrow(
        new SyntaxError(
          'a URL has no place for the zone of an IPv6 address, which only means something on this machine',
        ),
      );
    }
  });

  test('takes the options of node:tls: a client certificate, a name, a version', async () => {
    const peers: unknown[] = [];
    const server = await rawServer(
      (socket, head) => {
        const tls = socket as TLSSocket;
        peers.push([tls.getPeerCertificate().subjectaltname, tls.getProtocol()]);
        socket.write(switching(head));
      },
      { ...stranger, requestCert: true, ca: certificate.cert },
    );
    const tls = { ...certificate, ca: stranger.cert, servername: 'stranger.test', maxVersion: 'TLSv1.2' as const };
    const ws = await open(`wss://127.0.0.1:${server.port}/`, { tls });
    ws.terminate();
    expect(peers).toEqual([[expect.stringMatching('localhost'), 'TLSv1.2']]);
  });

  test.each<[string, NodeClientOptions['tls'], string]>([
    ['that nobody vouches for', {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['for another name', { trusted: true } as never, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('is not opened with a certificate %s, whatever the environment says', async (_, options, code) => {
    const tls = options !== undefined && 'trusted' in options ? { ca: stranger.cert } : {};
    const { port } = await echoServer({ tls: stranger });
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
    });
    for (const rejectUnauthorized of [undefined, true, null as never, 0 as never]) {
      const error = await failure(`wss://localhost:${port}/`, { tls: { ...tls, rejectUnauthorized } });
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error).toMatchObject({
        message: expect.stringContaining(`the TLS handshake with localhost:${port} failed (${code})`),
        isTemporary: false,
        cause: { code },
      });
    }
  });

  test('goes unverified only when that is written out', async () => {
    const { port } = await echoServer({ tls: stranger });
    await echoes(`wss://localhost:${port}/`, { tls: { rejectUnauthorized: false } });
  });

  test('to a server without TLS fails, for good', async () => {
    const { port } = await echoServer();
    const error = await failure(`wss://localhost:${port}/`);
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.isTemporary).toBe(false);
  });

  test('options that node:tls does not take fail', async () => {
    const { port } = await echoServer({ tls: certificate });
    const error = await failure(`wss://localhost:${port}/`, { tls: { minVersion: 'TLSv9' as never } });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ isTemporary: false, cause: expect.any(TypeError) });
  });
});

describe('a Unix socket', () => {
  function path(): string {
    return join(tmpdir(), `sansocket ${randomUUID()}.sock`);
  }

  test('is reached by socketPath and by ws+unix:', async () => {
    const socketPath = path();
    await echoServer({ socketPath });
    await echoes('ws://localhost/', { socketPath });
    await echoes(`ws+unix:${encodeURI(socketPath)}:/resource`);
    await echoes(`ws+unix:${encodeURI(socketPath)}`);
    await echoes(`ws+unix://${encodeURI(socketPath)}:`);
    const ws = await open(`ws+unix:${encodeURI(socketPath)}:/a/b?c=d`);
    expect(ws.request).toMatchObject({ target: '/a/b?c=d', host: 'localhost' });
    await ws.close();
  });

  test('carries wss, with the name of the URL', async () => {
    const socketPath = path();
    await echoServer({ socketPath, tls: certificate });
    await echoes('wss://localhost/', { socketPath, tls: { ca: certificate.cert } });
    const error = await failure('wss://other.test/', { socketPath, tls: { ca: certificate.cert } });
    expect(error).toMatchObject({ cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
  });

  test('that is not there', async () => {
    expect(await failure('ws://localhost/', { socketPath: path() })).toMatchObject({
      message: expect.stringContaining('could not connect to the Unix socket /'),
    });
  });
});

describe('a name', () => {
  test('with several addresses leads to the first that answers', async () => {
    const { port } = await echoServer();
    const lookup: NodeClientOptions['lookup'] = (_name, _options, callback) => {
      // RFC 6666: packets to the first lead nowhere.
      callback(null, [
        { address: '100::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]);
    };
    await echoes(`ws://several.test:${port}/`, { lookup, autoSelectFamilyAttemptTimeout: 20 });
  });

  test('that is none may be one tomorrow', async () => {
    const lookup: NodeClientOptions['lookup'] = (_name, _options, callback) => {
      callback(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), []);
    };
    const error = await failure('ws://nowhere.test/', { lookup });
    expect(error).toMatchObject({
      message: expect.stringContaining('could not connect to nowhere.test:80 (ENOTFOUND)'),
      isTemporary: true,
    });
  });
});

describe('createConnection', () => {
  test('gives a socket that connects, one that has, and a promise of one', async () => {
    const { port } = await echoServer();
    const url = `ws://target.test:${port}/`;
    await echoes(url, { createConnection: () => connectTcp(port, '127.0.0.1') });
    const connected = (): Promise<ReturnType<typeof connectTcp>> =>
      new Promise((resolve) => {
        const socket = connectTcp(port, '127.0.0.1', () => resolve(socket));
      });
    await echoes(url, { createConnection: connected });
    const socket = await connected();
    await echoes(url, { createConnection: () => socket });
  });

  test('is told where to', async () => {
    const { port } = await echoServer();
    const targets: unknown[] = [];
    await echoes(`ws://target.test:${port}/a`, {
      createConnection: (target) => {
        targets.push(target);
        return connectTcp(port, '127.0.0.1');
      },
    });
    const url = `ws://target.test:${port}/a`;
    expect(targets).toEqual([{ url, host: 'target.test', port, secure: false, signal: expect.any(AbortSignal) }]);
  });

  test('gives any Duplex, and TLS is spoken over it for wss', async () => {
    const { port } = await echoServer();
    await echoes('ws://target.test/', {
      createConnection: () => relayTo(port),
    });
    const secure = await echoServer({ tls: certificate });
    const createConnection = () => relayTo(secure.port);
    await echoes('wss://localhost/', { createConnection, tls: { ca: certificate.cert } });
    expect(await failure('wss://target.test/', { createConnection, tls: { ca: certificate.cert } })).toMatchObject({
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
  });

  test('may speak TLS itself', async () => {
    const { port } = await echoServer({ tls: certificate });
    const tls = { port, host: '127.0.0.1', servername: 'localhost', ca: certificate.cert };
    await echoes('wss://target.test/', { createConnection: () => connectTls(tls) });
  });

  test.each<[string, () => never]>([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects', () => Promise.reject(new Error('mine')) as never],
  ])('that %s fails the handshake, with what it threw as the cause', async (_, createConnection) => {
    const error = await failure('ws://target.test/', { createConnection });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({
      message: expect.stringContaining('createConnection failed'),
      cause: { message: expect.stringContaining('mine') },
    });
  });

  test('that gives something else fails it too', async () => {
    const error = await failure('ws://target.test/', { createConnection: () => ({}) as never });
    expect(error).toMatchObject({ cause: expect.any(TypeError) });
  });

  test('that gives a socket which is destroyed before it is connected fails it for now, with no cause', async () => {
    const error = await failure('ws://target.test/', {
      createConnection() {
        const socket = connectTcp({ host: 'target.test', port: 1, lookup: () => {} });
        setImmediate(() => socket.destroy());
        return socket;
      },
    });
    expect(error).toMatchObject({ message: expect.stringContaining('createConnection failed'), isTemporary: true });
    expect('cause' in error).toBe(false);
  });

  test('that never gives anything is given up, and what it gives later destroyed', async () => {
    let give: (stream: ReturnType<typeof duplexPair>[0]) => void = () => {};
    let signal: AbortSignal | undefined;
    const error = await failure('ws://target.test/', {
      handshakeTimeout: 30,
      createConnection: (target) => {
        signal = target.signal;
        return new Promise((resolve) => (give = resolve));
      },
    });
    expect(error).toBeInstanceOf(TimeoutError);
    expect(signal!.aborted).toBe(true);
    const [late] = duplexPair();
    give(late);
    await expect.poll(() => late.destroyed).toBe(true);
  });
});

test('a TLS server that hangs up in the handshake may not do so tomorrow', async () => {
  const server = createTlsServer(certificate);
  server.on('connection', (socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const error = await failure(`wss://127.0.0.1:${port}/`);
  expect(error).toBeInstanceOf(HandshakeError);
  expect(error.isTemporary).toBe(true);
});
