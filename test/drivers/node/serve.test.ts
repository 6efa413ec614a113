/** Ports that several listen on, and ports that nobody may. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { connect, type NodeListener, serve, type Socket } from '../../../drivers/node/index.ts';
import { checkReusePort } from '../../../drivers/node/serve.ts';
import { freshBuild } from '../../support/source.ts';

/** Whether this Node, on this system, can. */
const CAN = isKnown() && process.platform === 'linux';

function isKnown(): boolean {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

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
