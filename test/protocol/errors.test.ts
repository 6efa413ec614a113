import { describe, expect, test } from 'vitest';
import {
  ConnectionLostError,
  HandshakeError,
  InvalidStateError,
  ProtocolError,
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
    [1006, '1006 (abnormal closure)'],
    [1014, '1014 (bad gateway)'],
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
