/** What the core's options may be is `test/options.test.ts`'s; here is who is believed without a check. */
import { describe, expect, test } from 'vitest';
import {
  Connection,
  EventQueue,
  type Limits,
  PreparedMessage,
  type ServerConnectionOptions,
} from '../../protocol/index.ts';
import { resolveConduct, resolveLimits, ServerPolicy } from '../../protocol/internal.ts';
import { openEndpoint } from '../support/endpoint.ts';

const made = () => ({ now: 0, sink: new EventQueue() });

describe('the options of a driver that has resolved its limits', () => {
  const limits = resolveLimits({ maxMessageSize: 3 });

  test('are taken as they are, in every role', () => {
    expect(Connection.server({ ...made(), limits }).isServer).toBe(true);
    expect(Connection.client({ url: 'ws://a.example/' }, { ...made(), limits }).isServer).toBe(false);
    expect(Connection.established('client', { ...made(), limits }).isServer).toBe(false);
  });

  test('are none where somebody else has made the limits: what those lack would be without a bound', () => {
    const forged = [{ maxMessageSize: 3 }, { ...limits }, Object.create(limits)] as Limits[];
    const each = 'each limit is an option of its own: maxMessageSize, closeTimeout and others';
    for (const one of forged) {
      const given = { ...made(), limits: one };
      const text = (of: string) => new TypeError(`Connection.${of}: unknown option limits: ${each}`);
      expect(() => Connection.server(given)).toThrow(text('server'));
      expect(() => Connection.client({ url: 'ws://a.example/' }, given)).toThrow(text('client'));
      expect(() => Connection.established('server', given)).toThrow(text('established'));
    }
  });

  test.each(['conduct', 'policy'])('alone may have a %s that was resolved', (name) => {
    expect(() => Connection.server({ ...made(), [name]: {} })).toThrow(`unknown option ${name}`);
    expect(
      Connection.server({ ...made(), limits, conduct: resolveConduct({}), policy: new ServerPolicy({}) }).isServer,
    ).toBe(true);
  });

  test('are checked where the limits are not resolved, and where there are none', () => {
    expect(() => Connection.server({ ...made(), maxPayload: 1 } as ServerConnectionOptions)).toThrow(TypeError);
    expect(() => Connection.server(undefined as never)).toThrow(TypeError);
    const now = '0' as unknown as number;
    const text = 'Connection.server: now must be a number of milliseconds, not a string';
    expect(() => Connection.server({ ...made(), now })).toThrow(new TypeError(text));
  });
});

test('a request may name its host and path in place of a URL', () => {
  const connection = Connection.client({ host: 'a.example', path: '/chat', secure: false }, made());
  const [head] = connection.takeOutput();
  expect(new TextDecoder().decode(head)).toMatch(/^GET \/chat HTTP\/1\.1\r\nHost: a\.example\r\n/);
});

test('what is no PreparedMessage is a TypeError, whatever it inherits from', () => {
  const endpoint = openEndpoint('server');
  const fake = Object.create(PreparedMessage.prototype) as PreparedMessage;
  expect(() => endpoint.connection.sendPrepared(fake)).toThrow('expected a PreparedMessage');
  expect(new PreparedMessage('text').opcode).toBe(1);
});
