import { describe, expect, test } from 'vitest';
import { collectFields } from '../../../protocol/handshake/fields.ts';
import { validateAgreement, validateResponse } from '../../../protocol/handshake/response.ts';
import type { UpgradeRequest } from '../../../protocol/handshake/types.ts';
import { ACCEPT, FakeExtension, KEY } from './support.ts';

/** What a response to an extended CONNECT agrees to. */
function agree(rawHeaders: string[], offered: string[] = [], extension?: FakeExtension) {
  const head = { status: 200, statusText: '', version: '2.0', headers: collectFields(rawHeaders), rawHeaders };
  return validateAgreement(head, offered, extension);
}

test('an agreement stands without Upgrade and Accept, for an extended CONNECT (RFC 8441 §5)', () => {
  expect(agree([])).toEqual({ subprotocol: '', extensions: '' });
  expect(agree(['sec-websocket-protocol', 'b'], ['a', 'b'])).toEqual({ subprotocol: 'b', extensions: '' });
  expect(agree(['sec-websocket-extensions', 'x-fake'], [], new FakeExtension())).toEqual({
    subprotocol: '',
    extensions: 'x-fake',
  });
});

test.each([
  ['the server selected a subprotocol that was not offered', ['sec-websocket-protocol', 'a']],
  ['the server selected an extension that was not offered', ['sec-websocket-extensions', 'x-fake']],
  ['Sec-WebSocket-Extensions is malformed', ['sec-websocket-extensions', ',']],
  [
    'Sec-WebSocket-Extensions is repeated',
    ['sec-websocket-extensions', 'x-fake', 'sec-websocket-extensions', 'x-fake'],
  ],
])('what is wrong is told: %s, for %j', (why, rawHeaders) => {
  expect(agree(rawHeaders)).toBe(why);
});

test('empty fields say that none was selected', () => {
  const fields = ['sec-websocket-protocol', '', 'sec-websocket-extensions', ''];
  expect(agree(fields, ['a'], new FakeExtension())).toEqual({ subprotocol: '', extensions: '' });
});

test('an extension may be selected once, and has its own say', () => {
  const fields = ['sec-websocket-extensions', 'x-fake, x-fake'];
  expect(agree(fields, [], new FakeExtension())).toBe('the server selected an extension twice');
  const problem = 'not like this';
  expect(agree(['sec-websocket-extensions', 'x-fake'], [], new FakeExtension({ problem }))).toBe(problem);
});

describe('a 101', () => {
  const FIELDS = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': ACCEPT };
  const request = { headers: { 'sec-websocket-key': KEY }, subprotocols: [] } as unknown as UpgradeRequest;

  function validate(fields: Record<string, string | undefined> = {}, version = '1.1') {
    const given = Object.entries({ ...FIELDS, ...fields }).filter(([, value]) => value !== undefined);
    const rawHeaders = given.flat() as string[];
    const head = { status: 101, statusText: '', version, headers: collectFields(rawHeaders), rawHeaders };
    return validateResponse(head, request, undefined);
  }

  test('that answers the request opens the connection (RFC 6455 §4.1)', () => {
    expect(validate()).toEqual({ subprotocol: '', extensions: '' });
    expect(validate({ Upgrade: 'WebSocket', Connection: 'x, UPGRADE' })).toEqual({ subprotocol: '', extensions: '' });
  });

  test.each<[string, Record<string, string | undefined>, string?]>([
    ['the 101 is not HTTP/1.1', {}, '1.0'],
    ['Upgrade is not websocket', { Upgrade: undefined }],
    ['Upgrade is not websocket', { Upgrade: 'h2c, websocket' }],
    ['Connection lacks the token upgrade', { Connection: undefined }],
    ['Connection lacks the token upgrade', { Connection: 'close' }],
    ['Sec-WebSocket-Accept does not answer the key', { 'Sec-WebSocket-Accept': undefined }],
    ['Sec-WebSocket-Accept does not answer the key', { 'Sec-WebSocket-Accept': KEY }],
  ])('does not when %s: %j', (why, fields, version) => {
    expect(validate(fields, version)).toBe(why);
  });
});
