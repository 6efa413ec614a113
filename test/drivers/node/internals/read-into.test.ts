/** Reading into one buffer, and without it: docs/design/adr/0002-one-read-buffer.md. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { readInto } from '../../../../drivers/node/internals/read-into.ts';
import { NodeTransport } from '../../../../drivers/node/node-transport.ts';

/** A socket that reading into the buffer is not offered. */
class OtherSocket extends Socket {}

test.each([
  ['into one buffer', false],
  ["with 'data' events, where it is no plain net.Socket", true],
])('a transport reads the same bytes %s', async (_, other) => {
  const buffers = new Set<ArrayBufferLike>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (stream) => {
    if (other) Object.setPrototypeOf(stream, OtherSocket.prototype);
    const transport: NodeTransport = new NodeTransport(stream, {
      onData(bytes) {
        buffers.add(bytes.buffer);
        transport.write([bytes.slice()]);
      },
      onDrain() {},
      onEnd: () => transport.end(),
      onLost() {},
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const sent = Buffer.alloc(1_000_000, 'every read is 64 KiB at most ');
  const echoed: Buffer[] = [];
  client.on('data', (chunk: Buffer) => echoed.push(chunk));
  client.end(sent);
  await once(client, 'close');
  server.close();
  await once(server, 'close');

  expect(Buffer.concat(echoed).equals(sent)).toBe(true);
  // Node gives every read memory of its own, unless it is told otherwise.
  if (other) expect(buffers.size).toBeGreaterThan(1);
  else expect(buffers.size).toBe(1);
});

test('a socket that has no handle, or not any more, is left as it is', () => {
  const socket = new Socket();
  const before = Object.getOwnPropertySymbols(socket).map((symbol) => (socket as never)[symbol]);
  readInto(socket, () => {});
  expect(Object.getOwnPropertySymbols(socket).map((symbol) => (socket as never)[symbol])).toEqual(before);
});
