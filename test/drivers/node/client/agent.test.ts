/** What becomes of the sockets and streams of agents that no WebSocket can go over. */
import type { ClientRequest } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { type HandshakeError, type NodeClientOptions, open, TimeoutError } from '../../../../drivers/index.ts';
import { echoServer, keepWitness } from './support.ts';

keepWitness();

type Applicant = ClientRequest & { onSocket(socket: Duplex): void; path: string };

function failure(addRequest: (request: Applicant) => void, options: NodeClientOptions = {}): Promise<HandshakeError> {
  return open('ws://one.test/', { agent: { addRequest: addRequest as never }, ...options }).then(
    () => Promise.reject(new Error('it opened')),
    (error) => error,
  );
}

/** A stream that brings what it is told to, once it is the request's, and takes nothing. */
function refusing(request: Applicant, says: string): Duplex {
  const stream = new Duplex({ read() {}, write() {} }).end();
  request.once('socket', () => {
    if (says !== '') stream.push(says);
  });
  return stream;
}

test('a request that fails some time later is told', async () => {
  const error = await failure((request) => void setImmediate(() => request.emit('error', new Error('no sockets'))));
  expect(error).toMatchObject({ kind: 'connect', message: expect.stringContaining('the agent failed') });
  expect(error.cause).toEqual(new Error('no sockets'));
});

test('the socket of one that rewrites requests is ended', async () => {
  const { port } = await echoServer();
  let socket!: Socket;
  const error = await failure((request) => {
    request.path = `http://one.test${request.path}`;
    request.onSocket((socket = connectTcp({ port, host: '127.0.0.1' })));
  });
  expect([error.kind, socket.destroyed]).toEqual(['proxy', true]);
});

test.each([
  ['a refusal', 'HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n', {}, { kind: 'proxy', response: { status: 407 } }],
  ['that all is well', 'HTTP/1.1 200 Fine\r\n\r\n', {}, { kind: 'proxy', response: undefined }],
  ['nothing', '', { handshakeTimeout: 30 }, { message: expect.stringContaining('waiting for the proxy: ') }],
])('a stream that nothing can be written to, and that says %s, is ended', async (_, says, options, expected) => {
  let stream!: Duplex;
  const error = await failure((request) => request.onSocket((stream = refusing(request, says))), options);
  expect(error).toMatchObject(expected);
  expect([error instanceof TimeoutError, stream.destroyed]).toEqual([says === '', true]);
});
