/** What errors say of themselves, in logs and to programs. */
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  Connection,
  HandshakeError,
  InvalidStateError,
  ProtocolError,
  TimeoutError,
  WaitTimeoutError,
  WebSocketError,
} from '../../protocol/index.ts';
import { ClientHandshake } from '../../protocol/handshake/client.ts';
import { FAILED } from '../../protocol/handshake/state.ts';

const response = { status: 503, statusText: 'x', headers: {}, rawHeaders: [], body: new Uint8Array(0) };
const json = (error: unknown) => JSON.parse(JSON.stringify(error)) as Record<string, unknown>;

describe('an error as JSON', () => {
  test('has what a log wants, and its cause in a line', () => {
    expect(json(new WebSocketError(1011, 'why'))).toMatchObject({ name: 'WebSocketError', code: 1011, reason: 'why' });
    expect(json(new WebSocketError(1011, '', { cause: new RangeError('deep') }))).toMatchObject({
      cause: 'RangeError: deep',
    });
    const foreign = runInNewContext(`new RangeError('of another realm')`) as Error;
    expect(json(new WebSocketError(1011, '', { cause: foreign }))).toMatchObject({
      cause: 'RangeError: of another realm',
    });
    expect(json(new WebSocketError(1011, '', { cause: 'a word' }))).toMatchObject({ cause: 'a word' });
    expect(json(new ProtocolError(1002, ''))).toMatchObject({ name: 'ProtocolError' });
  });

  test('of a handshake has the status, if there was an answer', () => {
    expect(json(new HandshakeError('refused', { response }))).toMatchObject({ status: 503, isTemporary: false });
    expect(json(new HandshakeError('refused'))).not.toHaveProperty('status');
  });
});

test('a deadline that passed says which timer it was, and to what it was set', () => {
  const timer = { option: 'pongTimeout', value: 20_000 } as const;
  expect(json(new TimeoutError('late', { kind: 'pong-timeout', timer }))).toMatchObject({
    kind: 'pong-timeout',
    timer,
  });
  expect(json(new TimeoutError('late'))).not.toHaveProperty('timer');
});

describe('the end of a connection says which timer it was', () => {
  const sink = {};
  const limits = { handshakeTimeout: 7, pongTimeout: 8, closeTimeout: 9, pingInterval: 1 };
  /** Lets every deadline pass. Returns how it ended. */
  function outwait(connection: Connection): unknown {
    while (connection.nextTimeout() < Infinity) connection.handleTimeout(connection.nextTimeout());
    return connection.closeInfo;
  }

  test.each(['server', 'client'] as const)('that of the opening handshake, for a %s', (role) => {
    const options = { ...limits, now: 0, sink };
    const connection =
      role === 'server' ? Connection.server(options) : Connection.client({ url: 'ws://a.example/' }, options);
    expect(outwait(connection)).toMatchObject({ code: 1006, timer: { option: 'handshakeTimeout', value: 7 } });
  });

  test('that of a pong', () => {
    const connection = Connection.established('server', { ...limits, now: 0, sink });
    expect(outwait(connection)).toMatchObject({ code: 1006, timer: { option: 'pongTimeout', value: 8 } });
  });

  test('that of the closing handshake; and no other end has one', () => {
    const connection = Connection.established('server', { ...limits, now: 0, sink });
    connection.close(1000, '', 0);
    expect(outwait(connection)).toMatchObject({ code: 1006, timer: { option: 'closeTimeout', value: 9 } });
    const lost = Connection.established('server', { ...limits, now: 0, sink });
    lost.transportLost(1);
    expect(lost.closeInfo).not.toHaveProperty('timer');
  });
});

test('a wait that ran out, and a call at the wrong time, say their kind', () => {
  const error = new WaitTimeoutError(5);
  expect([error.name, error.kind, error.timeout, error.message]).toEqual([
    'WaitTimeoutError',
    'wait-timeout',
    5,
    'no message came within 5 ms; the connection goes on',
  ]);
  expect(new WaitTimeoutError(5, 'no connection came')).toMatchObject({ timeout: 5, message: 'no connection came' });
  const misuse = new InvalidStateError('too late');
  expect([misuse.name, misuse.kind]).toEqual(['InvalidStateError', 'invalid-state']);
});

test('a sink that throws when it hears of a refusal is told of it by the connection', () => {
  const sink = {
    onRefused() {
      throw new Error('from the sink');
    },
  };
  const connection = Connection.server({ now: 0, sink: sink as never });
  expect(() => connection.receive(new TextEncoder().encode('POST / HTTP/1.1\r\nHost: a\r\n\r\n'), 1)).toThrow(
    'from the sink',
  );
});

test.each([
  ['/other', 'maxRedirects is 0, and its Location is ws://server/other'],
  [`wss://server/${'a'.repeat(300)}`, /^.*and its Location is wss:\/\/server\/a+…/],
  ['http://[', /maxRedirects is 0/],
])('a redirect that is not followed names where it leads: %s', (location, told) => {
  const handshake = new ClientHandshake({ url: 'ws://server/' }, (bytes) => bytes.fill(1), undefined);
  const head = new TextEncoder().encode(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
  handshake.receive(head, 0, head.length);
  expect(handshake.state).toBe(FAILED);
  expect(String((handshake as { error?: unknown }).error)).toMatch(told);
});
