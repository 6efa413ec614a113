/** Ports that several listen on, and ports that nobody may. */
import { spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { connect, type NodeListener, type NodeServerOptions, serve, type Socket } from '../../../drivers/node/index.ts';
import { checkReusePort } from '../../../drivers/node/serve.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { collectGarbage } from '../../support/garbage.ts';
import { freshBuild } from '../../support/source.ts';

/** Whether this Node, on this system, can. */
const CAN = isKnown() && process.platform === 'linux';

function isKnown(): boolean {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

describe('nothing is kept of a client that hangs up', () => {
  const secret = makeCertificate('DNS:localhost,IP:127.0.0.1');

  test.each<[string, NodeServerOptions, string]>([
    ['before it has said anything', {}, ''],
    ['in the middle of its request', {}, 'GET / HT'],
    ['in the middle of its preface of HTTP/2', { http2: true }, 'PRI'],
    ['before its TLS handshake', { tls: secret }, ''],
    ['in the middle of its TLS handshake', { tls: secret, http2: true }, '\x16\x03\x01'],
    ['or speaks no TLS', { tls: secret }, 'GET / HTTP/1.1\r\n\r\n'],
  ])('%s', async (_, options, says) => {
    const server = await serve({ host: '127.0.0.1', ...options }, {});
    let ref: WeakRef<object> | undefined;
    const onSocket = (message: unknown): void => void (ref = new WeakRef((message as { socket: object }).socket));
    subscribe('net.server.socket', onSocket);
    const client = connectTcp(server.port, '127.0.0.1')
      .on('error', () => {})
      .resume();
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.write(Buffer.from(says, 'latin1'));
    await expect.poll(() => ref !== undefined).toBe(true);
    unsubscribe('net.server.socket', onSocket);
    client.end();
    await closed;
    expect(await collectGarbage(ref!)).toBe(true);
    await ended(server);
    // Where it was is known still.
    expect([server.address, server.port > 0]).toEqual([null, true]);
  });
});

describe('reusePort', () => {
  test.skipIf(!CAN)('two listen on one port, and both are given connections', async () => {
    const address = { host: '127.0.0.1', reusePort: true };
    const first = await serve(address, {});
    const second = await serve({ ...address, port: first.port }, {});
    // That the system gives so many to one of them alone would take 2^63 runs.
    const clients: Socket[] = [];
    for (let i = 0; i < 64; i++) {
      await new Promise<void>((resolve, reject) => {
        const close = (): void => reject(new Error('it was closed'));
        clients.push(connect(first.url, {}, { open: () => resolve(), close }));
      });
    }
    const counts = [first, second].map(({ connections }) => connections.size);
    expect(counts.every((count) => count > 0)).toBe(true);
    expect(counts[0]! + counts[1]!).toBe(64);
    for (const client of clients) client.terminate();
    await Promise.all([first, second].map((listener) => ended(listener)));
  });

  test.skipIf(!CAN)('one alone does not share its port', async () => {
    const first = await serve({ host: '127.0.0.1', reusePort: true }, {});
    await expect(serve({ host: '127.0.0.1', port: first.port }, {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await ended(first);
  });

  test.skipIf(isKnown())('on a Node that would ignore it, it is a TypeError that says from which on', async () => {
    await expect(serve({ host: '127.0.0.1', reusePort: true }, {})).rejects.toThrow(
      /^listen: reusePort takes Node 22.12/,
    );
  });

  test.each(['20.20.2', '22.11.0', '23.0.0'])('Node %s does not know it', (version) => {
    expect(() => checkReusePort({}, version)).toThrow(TypeError);
  });

  test.each(['22.12.0', '23.1.0', '24.0.0', '26.10.0'])('Node %s knows it', (version) => {
    expect(() => checkReusePort({}, version)).not.toThrow();
  });

  test('it is for ports alone, and a boolean', async () => {
    await expect(serve({ socketPath: '/nowhere.sock', reusePort: true }, {})).rejects.toThrow(/socketPath/);
    await expect(serve({ reusePort: 'yes' as never }, {})).rejects.toThrow(TypeError);
  });
});

async function ended(listener: NodeListener): Promise<void> {
  listener.stopListening();
  for (const socket of listener.connections) socket.terminate();
  await listener.closed;
}

describe('a process that Node keeps from the network', () => {
  const isKnownToNode = process.allowedNodeEnvironmentFlags.has('--allow-net');

  test.skipIf(!isKnownToNode).each([{}, { host: '127.0.0.1' }, { host: '::1' }, { host: 'localhost' }])(
    'is told so by listen, whatever the host: %j',
    (options) => {
      const script = `
        const { listen } = require(${JSON.stringify(join(freshBuild(), 'index.js'))});
        process.on('uncaughtException', ({ code }) => console.log('uncaught', code));
        listen({ port: 0, ...${JSON.stringify(options)} }, () => {}).catch(({ code }) => console.log('rejected', code));`;
      const args = ['--permission', '--allow-fs-read=*', '--no-warnings', '-e', script];
      const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
      expect(stdout).toBe('rejected ERR_ACCESS_DENIED\n');
    },
  );
});
