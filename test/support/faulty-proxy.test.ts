import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { FaultyProxy, type Trouble } from './faulty-proxy.ts';

/** Sends 3,000 bytes through a proxy that has this trouble only, to a server that sends them back. */
async function exchange(trouble: Trouble, seed = 1) {
  const ends: string[] = [];
  const served: Socket[] = [];
  const server = createServer((socket) => {
    served.push(socket);
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code!)).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy = await FaultyProxy.listen({ port, seed, troubles: [trouble], within: 2000 });
  const socket = connect({ port: proxy.port, host: '127.0.0.1' });
  onTestFinished(async () => {
    socket.destroy();
    for (const one of served) one.destroy();
    server.close();
    await proxy.close();
  });
  const chunks: Buffer[] = [];
  const sent = Buffer.from(Array.from({ length: 3000 }, (_, i) => i & 0xff));
  socket.write(sent);
  const how = await new Promise<string>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (Buffer.concat(chunks).length === sent.length) resolve('whole');
    });
    socket.on('end', () => resolve('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
    if (trouble === 'stall') setTimeout(() => resolve('nothing'), 100);
  });
  const received = Buffer.concat(chunks);
  expect(received.equals(sent.subarray(0, received.length))).toBe(true);
  return {
    how,
    received: received.length,
    reads: chunks.length,
    injected: proxy.injected[trouble],
    faults: proxy.faults,
  };
}

test('without trouble everything arrives, and no fault is counted', async () => {
  expect(await exchange('none')).toMatchObject({ how: 'whole', injected: 1, faults: 0 });
});

test('sliced, it arrives in many pieces', async () => {
  const { how, reads, injected } = await exchange('slice');
  expect([how, injected]).toEqual(['whole', 1]);
  expect(reads).toBeGreaterThan(10);
});

test('delayed, it arrives', async () => {
  expect(await exchange('delay')).toMatchObject({ how: 'whole', injected: 1, faults: 1 });
});

test.each(['cut', 'half-close', 'reset', 'stall'] as const)('%s: a part arrives, and then no more', async (trouble) => {
  const { how, received, injected } = await exchange(trouble);
  expect(received).toBeLessThan(3000);
  expect(injected).toBe(1);
  const ways = { cut: ['end', 'ECONNRESET'], 'half-close': ['end'], reset: ['ECONNRESET'], stall: ['nothing'] };
  expect(ways[trouble]).toContain(how);
});

test('the same seed cuts at the same place, another seed elsewhere', async () => {
  const [first, again, other] = [
    await exchange('half-close', 4),
    await exchange('half-close', 4),
    await exchange('half-close', 5),
  ];
  expect(again.received).toBe(first.received);
  expect(other.received).not.toBe(first.received);
});
