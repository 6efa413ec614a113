/** Streams that others have given, and that fail at their own end. */
import { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { HandshakeError, Http2Pool, open } from '../../../../drivers/index.ts';
import { checkAlive, checkDuplex, failure, isRefusal } from '../../../../drivers/node/client/failure.ts';

/** A stream whose peer says something and hangs up, and whose `destroy` throws. */
function stubborn(says: string): Duplex {
  const stream = new Duplex({
    autoDestroy: false,
    read() {},
    write(_chunk, _encoding, callback) {
      callback();
      stream.push(Buffer.from(says));
      stream.push(null);
    },
  });
  stream.destroy = () => {
    throw new Error('it does not end');
  };
  return stream;
}

test.each([
  ['TLS fails over it', 'wss://a.test/', {}, { kind: 'tls' }],
  ['its peer hangs up', 'ws://a.test/', {}, { kind: 'lost' }],
  ['TLS fails over it, for a pool', 'wss://a.test/', { http2: true }, { kind: 'tls' }],
])('a stream whose destroy throws keeps nobody waiting when %s', async (_, url, options, expected) => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => {
    process.off('unhandledRejection', unhandled);
    complaints.mockRestore();
  });
  const createConnection = () => stubborn('this is no TLS, and no HTTP');
  const opening = open(url, { createConnection, handshakeTimeout: false, ...options });
  await expect(opening).rejects.toMatchObject({ name: 'HandshakeError', ...expected });
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).not.toHaveBeenCalled();
});

test('nor does one that comes when nobody waits for it any more', async () => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => complaints.mockRestore());
  let give!: (stream: Duplex) => void;
  const createConnection = () => new Promise<Duplex>((resolve) => (give = resolve));
  const pool = new Http2Pool();
  const opening = open('ws://a.test/', { createConnection, http2: pool, handshakeTimeout: false });
  opening.catch(() => {});
  await pool.close();
  give(stubborn(''));
  await expect(opening).rejects.toMatchObject({ name: 'HandshakeError' });
  expect(complaints.mock.calls.flat().at(-1)).toMatchObject({ message: 'it does not end' });
});

test.each(['write', 'resume', 'on', 'cork'] as const)(
  'a stream whose `%s` throws is ended, and its error told',
  async (name) => {
    const stream = new Duplex({ read() {}, write() {} });
    const broken = () =>
      Object.assign(stream, {
        [name]: () => {
          throw new Error('it is broken');
        },
      });
    const opening = open('ws://a.test/', { createConnection: broken, handshakeTimeout: false });
    await expect(opening).rejects.toMatchObject({ name: 'HandshakeError' });
    expect(stream.destroyed).toBe(true);
  },
);

describe('what an attempt fails with', () => {
  const error = (fields: object): Error => Object.assign(new Error('it'), fields);

  test.each<[cause: unknown, kind: string, isTemporary: boolean, message: string]>([
    [undefined, 'connect', true, 'could not'],
    [error({ code: 'ECONNREFUSED' }), 'connect', true, 'could not (ECONNREFUSED)'],
    [error({ code: 'ENOTFOUND', syscall: 'getaddrinfo' }), 'dns', true, 'could not (ENOTFOUND)'],
    [error({ code: 'EPROTO' }), 'connect', false, 'could not (EPROTO)'],
    [error({ code: 'EACCES' }), 'connect', false, 'could not (EACCES)'],
    [error({ code: 'CERT_HAS_EXPIRED' }), 'connect', false, 'could not (CERT_HAS_EXPIRED)'],
    [error({ code: 'ERR_E' }), 'connect', false, 'could not (ERR_E)'],
    [error({ code: 5 }), 'connect', false, 'could not'],
    ['a text', 'connect', false, 'could not'],
    ...['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'].map(
      (code): [Error, string, boolean, string] => [
        error({ code }),
        'connect',
        false,
        `could not: no TLS is spoken there, and a URL with ws: leads to a server without it (${code})`,
      ],
    ),
  ])('for %o says so, and whether it may pass', (cause, kind, isTemporary, message) => {
    const seen = failure({ text: 'could not', kind: 'connect' }, cause);
    expect(seen).toBeInstanceOf(HandshakeError);
    expect(seen).toMatchObject({ kind, isTemporary, message });
    expect([Object.hasOwn(seen, 'cause'), seen.cause]).toEqual([cause !== undefined, cause]);
  });

  test('a name that is not found counts as such for the server alone', () => {
    const cause = error({ code: 'ENOTFOUND', syscall: 'getaddrinfo' });
    expect(failure({ text: 'could not', kind: 'proxy' }, cause)).toMatchObject({ kind: 'proxy', isTemporary: true });
  });

  test('a stream that is gone, or that its peer has ended, is told with what took it', async () => {
    const alive = new Duplex({ read() {}, write() {} });
    checkAlive(alive);
    const broken = new Duplex({ read() {}, write() {} }).on('error', () => {});
    broken.destroy(new Error('cut'));
    expect(() => checkAlive(broken)).toThrow(
      expect.objectContaining({ kind: 'lost', isTemporary: false, cause: new Error('cut') }),
    );
    alive.push(null);
    await new Promise((resolve) => alive.resume().once('end', resolve));
    const told = expect.objectContaining({ kind: 'lost', isTemporary: true });
    expect(() => checkAlive(alive)).toThrow(told);
    expect(() => checkAlive(new Duplex({ read() {} }).destroy())).toThrow(told);
  });

  test('what is no Duplex is a TypeError', () => {
    for (const none of [null, undefined, 'a', {}, { pipe() {} }, { write() {} }]) {
      expect(() => checkDuplex(none as never)).toThrow(TypeError);
    }
  });
});

test.each([
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', true],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', true],
  ['ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC', false],
  ['ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR', false],
  ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', false],
  ['ERR_SSL_TLSV1_ALERT_USER_CANCELLED', false],
  ['ERR_SSL_WRONG_VERSION_NUMBER', false],
  ['MY_ERR_SSL_ALERT', false],
  [undefined, false],
])('the alert %s is one that another attempt would get as well: %s', (code, isIt) => {
  expect(isRefusal(code === undefined ? undefined : { code })).toBe(isIt);
});
