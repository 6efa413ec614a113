import { expect, test } from 'vitest';
import { collectFields } from '../../../protocol/handshake/fields.ts';
import { validateAgreement } from '../../../protocol/handshake/response.ts';
import { FakeExtension } from './support.ts';

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
  [['sec-websocket-protocol', 'a']],
  [['sec-websocket-extensions', 'x-fake']],
  [['sec-websocket-extensions', '']],
  [['sec-websocket-extensions', 'x-fake', 'sec-websocket-extensions', 'x-fake']],
])('%j was not offered, and is told as a text', (rawHeaders) => {
  expect(agree(rawHeaders)).toBeTypeOf('string');
});
