import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { peerAddress } from '../../../../drivers/node/internals/peer-address.ts';

/** A server's side of a connection. */
async function accepted(): Promise<Socket & { _peername?: object }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return socket;
}

test('the address of a peer is told, and nothing is kept of it', async () => {
  const socket = await accepted();
  expect(peerAddress(socket)).toBe('127.0.0.1');
  expect(socket._peername).toBeUndefined();
  // Whoever asks later has it asked again.
  expect(socket.remoteAddress).toBe('127.0.0.1');
  expect(socket.remotePort).toBeGreaterThan(0);
});

test('what somebody else has had the socket keep is kept, after its end too', async () => {
  const socket = await accepted();
  const { remotePort } = socket;
  expect(peerAddress(socket)).toBe('127.0.0.1');
  expect(socket._peername).toBeDefined();
  socket.destroy();
  await once(socket, 'close');
  expect(socket.remotePort).toBe(remotePort);
});

test('a stream that has none has an empty one', () => {
  expect(peerAddress(new Duplex())).toBe('');
});
