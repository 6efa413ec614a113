import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { carry } from '../../../docs/examples/message-port.ts';
import { Connection, type CloseInfo, type EventQueue } from '../../../protocol/index.ts';
import { ROOT } from '../../support/source.ts';

const now = () => performance.now();
const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** How a connection ends whose peer takes what it is sent and never says a word. */
function endOf(connect: (sink: any) => Connection, onOpen?: (connection: Connection) => void): Promise<CloseInfo> {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  return new Promise((resolve) => {
    const after = carry(port1, connect as (sink: EventQueue) => Connection, (event) => {
      if (event.type === 'closed') resolve(event.info);
    });
    if (onOpen !== undefined) after(onOpen);
  });
}

test('it has fewer than 60 lines', () => {
  const lines = readFileSync(join(ROOT, 'docs/examples/message-port.ts'), 'utf8').trimEnd().split('\n');
  expect(lines.length).toBeLessThan(60);
});

test('keepalive: a peer that answers no ping is given up', async () => {
  const options = { pingInterval: 5, pongTimeout: 5 };
  const { error } = await endOf((sink) => Connection.established('client', { now: now(), sink, ...options }));
  expect(error).toMatchObject({ name: 'TimeoutError', code: 1006 });
});

test('the opening handshake has its deadline', async () => {
  const request = { url: 'ws://port.example/' };
  const { error } = await endOf((sink) => Connection.client(request, { now: now(), sink, handshakeTimeout: 5 }));
  expect(error).toMatchObject({ name: 'TimeoutError' });
});

test('the closing handshake has its deadline', async () => {
  const { error, sent } = await endOf(
    (sink) => Connection.established('server', { now: now(), sink, closeTimeout: 5 }),
    (connection) => connection.close(1000, 'bye', now()),
  );
  expect([error?.name, sent]).toEqual(['TimeoutError', { code: 1000, reason: 'bye' }]);
});
