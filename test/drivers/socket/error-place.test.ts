import { describe, expect, test } from 'vitest';
import { ConnectionLostError, HandshakeError, Http2Pool, open, TimeoutError } from '../../../drivers/index.ts';
import { connect } from '../../../drivers/node/index.ts';
import { addPlace } from '../../../drivers/socket/error-place.ts';

const NOWHERE = 'ws://127.0.0.1:1';

describe('the place in an error of the opening handshake', () => {
  test('is that of its own connection, where many end with one error', async () => {
    const http2 = new Http2Pool();
    const paths = ['/alice', '/bob', '/carol'];
    const errors = await Promise.all(paths.map((path) => open(NOWHERE + path, { http2 }).catch((error) => error)));
    expect(errors.map(({ message }) => message)).toEqual(
      paths.map((path) => `could not connect to 127.0.0.1:1 (ECONNREFUSED): ${NOWHERE}${path}`),
    );
    for (const { stack, kind, isTemporary, cause } of errors) {
      expect(stack.match(/alice|bob|carol/g)).toHaveLength(1);
      expect([kind, isTemporary, cause.code]).toEqual(['connect', true, 'ECONNREFUSED']);
    }
  });

  test('is that of its own connection, where the caller ends many with one error', async () => {
    const error = new HandshakeError('not needed any more', { kind: 'gave-up' });
    const told = ['/alice', '/bob'].map(
      (path) =>
        new Promise<Error | undefined>((resolve) => {
          connect(NOWHERE + path, {}, { close: (_, info) => resolve(info.error) }).terminate(error);
        }),
    );
    const messages = (await Promise.all(told)).map((each) => each!.message);
    expect(messages).toEqual(['/alice', '/bob'].map((path) => `not needed any more: ${NOWHERE}${path}`));
  });

  test('is not added to what may not be changed, which is told all the same', async () => {
    const error = Object.freeze(new HandshakeError('frozen'));
    const info = await new Promise<unknown>((resolve) => {
      connect(NOWHERE, {}, { close: (_, info) => resolve(info.error) }).terminate(error);
    });
    expect(info).toBe(error);
  });

  test('is in errors of the opening handshake alone', () => {
    const error = new ConnectionLostError('terminated');
    expect(addPlace(error, 'ws://a/', 'TLS')).toBe(error);
    expect(error.message).toBe('terminated');
  });

  test('is a URL of at most 200 characters, and what was waited for where that is known', () => {
    const whole = `ws://a/${'b'.repeat(193)}`;
    const messages = [whole, `${whole}c`].map((url) => addPlace(new TimeoutError('too late'), url, undefined)!.message);
    expect(messages).toEqual([`too late: ${whole}`, `too late: ${whole}…`]);
  });

  test('leaves the rest of a TimeoutError as it is', () => {
    const timer = { option: 'handshakeTimeout', value: 5 } as const;
    const error = new TimeoutError('too late', { timer });
    expect(addPlace(error, 'ws://a/', 'TLS')).toBe(error);
    const other = addPlace(error, 'ws://b/?secret', 'TCP');
    expect(other).toMatchObject({ message: 'too late, waiting for TCP: ws://b/', timer, kind: 'open-timeout' });
    expect('cause' in other!).toBe(false);
    expect(error.message).toBe('too late, waiting for TLS: ws://a/');
  });
});
