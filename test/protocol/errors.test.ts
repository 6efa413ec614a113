import { describe, expect, test } from 'vitest';
import {
  closingTimedOut,
  connectionLost,
  ConnectionLostError,
  HandshakeError,
  InvalidStateError,
  openingLost,
  pongTimedOut,
  ProtocolError,
  systemCode,
  terminated,
  TimeoutError,
  WebSocketError,
} from '../../protocol/errors.ts';

describe('WebSocketError', () => {
  test('has a code, a reason and a text made of them', () => {
    const error = new WebSocketError(1001, 'bye');
    expect(error).toMatchObject({
      code: 1001,
      reason: 'bye',
      message: '1001 (going away): bye',
      name: 'WebSocketError',
    });
    expect(error).toBeInstanceOf(Error);
    expect('cause' in error).toBe(false);
  });

  test.each([
    [1000, '1000 (normal closure)'],
    [1001, '1001 (going away)'],
    [1002, '1002 (protocol error)'],
    [1003, '1003 (unsupported data)'],
    [1004, '1004 (unknown)'],
    [1005, '1005 (no status received)'],
    [1006, '1006 (abnormal closure)'],
    [1007, '1007 (invalid payload data)'],
    [1008, '1008 (policy violation)'],
    [1009, '1009 (message too big)'],
    [1010, '1010 (mandatory extension)'],
    [1011, '1011 (internal error)'],
    [1012, '1012 (service restart)'],
    [1013, '1013 (try again later)'],
    [1014, '1014 (bad gateway)'],
    [1015, '1015 (TLS handshake)'],
    [1016, '1016 (unknown)'],
    [2999, '2999 (unknown)'],
    [3000, '3000 (registered)'],
    [3999, '3999 (registered)'],
    [4000, '4000 (private use)'],
  ])('tells what %i means', (code, text) => {
    expect(new WebSocketError(code).message).toBe(text);
  });

  test('shows what would steer a log or a terminal as escapes, and leaves the reason as it is', () => {
    const reason = 'a\r\nb\x1b[2Jc\x9b\u2028\u202e\u2066 – Grüße 👩‍🚀';
    const error = new WebSocketError(4000, reason);
    expect(error.reason).toBe(reason);
    expect(error.message).toBe(
      '4000 (private use): a\\u000d\\u000ab\\u001b[2Jc\\u009b\\u2028\\u202e\\u2066 – Grüße 👩‍🚀',
    );
  });

  test('isOk for 1000, 1001 and 1005, and for no other', () => {
    const ok = Array.from({ length: 4000 }, (_, i) => 1000 + i).filter((code) => new WebSocketError(code).isOk);
    expect(ok).toEqual([1000, 1001, 1005]);
  });

  test('takes a text and a cause, undefined included', () => {
    const cause = new Error('behind');
    expect(new WebSocketError(1011, '', { message: 'text', cause })).toMatchObject({ message: 'text', cause });
    expect('cause' in new WebSocketError(1011, '', { cause: undefined })).toBe(true);
  });
});

test.each([
  ['ProtocolError', new ProtocolError(1002, 'x'), 1002, 'x'],
  ['HandshakeError', new HandshakeError('no'), 1006, ''],
  ['TimeoutError', new TimeoutError('late'), 1006, ''],
  ['ConnectionLostError', new ConnectionLostError('gone'), 1006, ''],
])('%s is a WebSocketError', (name, error, code, reason) => {
  expect(error).toBeInstanceOf(WebSocketError);
  expect(error).toMatchObject({ name, code, reason, isOk: false });
  expect(String(error)).toMatch(new RegExp(`^${name}: `));
});

test('each of them takes a cause', () => {
  const cause = new Error('behind');
  expect(new HandshakeError('x', { cause }).cause).toBe(cause);
  expect(new TimeoutError('x', { cause }).cause).toBe(cause);
  expect(new ConnectionLostError('x', { cause }).cause).toBe(cause);
});

test('HandshakeError carries the response, if there was one', () => {
  const response = { status: 403, statusText: 'Forbidden', headers: {}, rawHeaders: [], body: new Uint8Array(0) };
  expect(new HandshakeError('x', { response }).response).toBe(response);
  expect(new HandshakeError('x').response).toBeUndefined();
});

test('InvalidStateError is the caller’s mistake: a TypeError, and no WebSocketError', () => {
  const error = new InvalidStateError('not now');
  expect(error).toBeInstanceOf(TypeError);
  expect(error).not.toBeInstanceOf(WebSocketError);
  expect(String(error)).toBe('InvalidStateError: not now');
});

describe('the ends that a connection makes of itself', () => {
  test('have a kind each, and the timer that it was', () => {
    expect(pongTimedOut(5)).toMatchObject({ kind: 'pong-timeout', timer: { option: 'pongTimeout', value: 5 } });
    expect(closingTimedOut(5)).toMatchObject({ kind: 'close-timeout', timer: { option: 'closeTimeout', value: 5 } });
    expect(terminated()).toMatchObject({ kind: 'terminated', message: 'terminated' });
  });

  test('tell the cause where there is one, and of its words the code alone', () => {
    const cause = Object.assign(new Error('what the peer said'), { code: 'ECONNRESET' });
    for (const isTemporary of [true, false]) {
      const error = openingLost('it was lost', cause, isTemporary);
      const message = 'it was lost (ECONNRESET) before the connection was open';
      expect(error).toMatchObject({ kind: 'lost', message, isTemporary, cause });
    }
    expect(connectionLost('it was lost', cause)).toMatchObject({
      message: 'it was lost (ECONNRESET) without a Close frame',
      cause,
    });
    for (const error of [openingLost('it', undefined, true), connectionLost('it', undefined)]) {
      expect('cause' in error).toBe(false);
    }
  });

  test.each([undefined, null, 'EPIPE', {}, { code: 5 }, { code: ['EPIPE'] }, { code: 'E' }, { code: 'a b' }])(
    'have no code of %j',
    (cause) => {
      expect(systemCode(cause)).toBe('');
    },
  );
});
