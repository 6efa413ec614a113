/** What hostile input gets in the opening handshake, row by row: a server's first, then a client's. */
import { describe, expect, test } from 'vitest';
import { HandshakeError } from '../../../protocol/errors.ts';
import { ClientHandshake } from '../../../protocol/handshake/client.ts';
import { ServerHandshake } from '../../../protocol/handshake/server.ts';
import { FAILED, READING, REFUSED } from '../../../protocol/handshake/state.ts';
import { bytes, cuts, KEY, parseResponse, rawHeaders, request, response, text } from './support.ts';
import type { Fields } from './support.ts';

/** Sends a head in these chunks and rejects as the handshake asks to. */
function refusal(chunks: readonly Uint8Array[]) {
  const handshake = new ServerHandshake({});
  for (const chunk of chunks) {
    const next = handshake.receive(chunk, 0, chunk.length);
    if (handshake.state !== READING) break;
    if (next !== chunk.length) throw new Error('bytes of an incomplete head were left over');
  }
  expect(handshake.state).toBe(REFUSED);
  return handshake.reject(handshake.refusal!);
}

/** Sees that a head is refused with this status however it is cut, in a well-formed response. */
function expectRefusal(head: string, status: number): void {
  const whole = refusal([bytes(head)]);
  const { headers, body, ...line } = parseResponse(whole);
  expect(line.status).toBe(status);
  expect(headers['content-length']).toBe(String(body.length));
  expect(headers.connection).toMatch(/(^|, )close$/);
  expect(headers.allow).toBe(status === 405 ? 'GET' : undefined);
  expect(headers.upgrade).toBe(status === 426 ? 'websocket' : undefined);
  expect(headers['sec-websocket-version']).toBe(status === 426 ? '13' : undefined);
  expect(new Set(cuts(bytes(head)).map((chunks) => text(refusal(chunks))))).toEqual(new Set([text(whole)]));
}

/** What is wrong with a request's fields. */
const SERVER_FIELDS: [string, number, Fields][] = [
  ['Host missing', 400, { Host: undefined }],
  ['Host repeated', 400, { Host: ['example.com', 'example.com'] }],
  ['Host empty', 400, { Host: '' }],
  ['Host invalid', 400, { Host: 'a/b' }],
  ['Host with user info', 400, { Host: 'user@example.com' }],
  ['Host with a bad port', 400, { Host: 'example.com:http' }],
  ['Content-Length other than 0', 400, { 'Content-Length': '5' }],
  ['Content-Length that is no number', 400, { 'Content-Length': '+0' }],
  ['Content-Length repeated', 400, { 'Content-Length': ['0', '0'] }],
  ['Transfer-Encoding', 400, { 'Transfer-Encoding': 'chunked' }],
  ['Transfer-Encoding: identity', 400, { 'Transfer-Encoding': 'identity' }],
  ['Transfer-Encoding, empty', 400, { 'Transfer-Encoding': '' }],
  ['Upgrade missing', 426, { Upgrade: undefined }],
  ['Upgrade to something else', 426, { Upgrade: 'h2c' }],
  ['Upgrade with a version', 426, { Upgrade: 'websocket/13' }],
  ['Upgrade with a longer token', 426, { Upgrade: 'websockets' }],
  ['Connection missing', 400, { Connection: undefined }],
  ['Connection without upgrade', 400, { Connection: 'keep-alive' }],
  ['Connection with a longer token', 400, { Connection: 'upgrade-insecure' }],
  ['Sec-WebSocket-Key absent', 400, { 'Sec-WebSocket-Key': undefined }],
  ['Sec-WebSocket-Key empty', 400, { 'Sec-WebSocket-Key': '' }],
  ['Sec-WebSocket-Key repeated', 400, { 'Sec-WebSocket-Key': [KEY, KEY] }],
  ['Sec-WebSocket-Key repeated, once empty', 400, { 'Sec-WebSocket-Key': [KEY, ''] }],
  ['Sec-WebSocket-Key of 15 bytes', 400, { 'Sec-WebSocket-Key': Buffer.alloc(15).toString('base64') }],
  ['Sec-WebSocket-Key of 17 bytes', 400, { 'Sec-WebSocket-Key': Buffer.alloc(17).toString('base64') }],
  ['Sec-WebSocket-Key not base64', 400, { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }],
  ['Sec-WebSocket-Version absent', 426, { 'Sec-WebSocket-Version': undefined }],
  ['Sec-WebSocket-Version empty', 426, { 'Sec-WebSocket-Version': '' }],
  ['Sec-WebSocket-Version 8', 426, { 'Sec-WebSocket-Version': '8' }],
  ['Sec-WebSocket-Version 0xd', 426, { 'Sec-WebSocket-Version': '0xd' }],
  ['Sec-WebSocket-Version 1.3e1', 426, { 'Sec-WebSocket-Version': '1.3e1' }],
  ['Sec-WebSocket-Version 013', 426, { 'Sec-WebSocket-Version': '013' }],
  ['Sec-WebSocket-Version a list', 426, { 'Sec-WebSocket-Version': '13, 8' }],
  ['Sec-WebSocket-Version repeated', 426, { 'Sec-WebSocket-Version': ['13', '13'] }],
  ['Sec-WebSocket-Extensions empty', 400, { 'Sec-WebSocket-Extensions': '' }],
  ['Sec-WebSocket-Extensions malformed', 400, { 'Sec-WebSocket-Extensions': 'permessage-deflate; =' }],
  ['Sec-WebSocket-Extensions with a bad quoted string', 400, { 'Sec-WebSocket-Extensions': 'a; b="c d"' }],
  ['Sec-WebSocket-Extensions unterminated', 400, { 'Sec-WebSocket-Extensions': 'a; b="c' }],
  ['Sec-WebSocket-Protocol empty', 400, { 'Sec-WebSocket-Protocol': '' }],
  ['Sec-WebSocket-Protocol of empty elements alone', 400, { 'Sec-WebSocket-Protocol': ', ,' }],
  ['Sec-WebSocket-Protocol with a repeated value', 400, { 'Sec-WebSocket-Protocol': 'a, a' }],
  ['Sec-WebSocket-Protocol with a value repeated over fields', 400, { 'Sec-WebSocket-Protocol': ['a', 'a'] }],
  ['Sec-WebSocket-Protocol not a token', 400, { 'Sec-WebSocket-Protocol': 'a b' }],
  ['Sec-WebSocket-Protocol not ASCII', 400, { 'Sec-WebSocket-Protocol': '\xe9' }],
  ['Origin of another host', 403, { Origin: 'http://evil.example' }],
  ['Origin with the host as a prefix', 403, { Origin: 'http://example.com.evil.example' }],
  ['Origin with the host as a suffix', 403, { Origin: 'http://notexample.com' }],
  ['Origin null', 403, { Origin: 'null' }],
  ['Origin empty', 403, { Origin: '' }],
  ['Origin in upper case', 403, { Origin: 'HTTP://EXAMPLE.COM' }],
  ['Origin with a trailing dot', 403, { Origin: 'http://example.com.' }],
  ['Origin repeated', 403, { Origin: ['http://example.com', 'http://example.com'] }],
  ['Origin with a port that is no number', 403, { Origin: 'http://a:b' }],
  ['Origin with a path', 403, { Origin: 'http://example.com/' }],
];

/** What is wrong with its request line. */
const SERVER_LINES: [string, number, string][] = [
  ['the method POST', 405, 'POST /chat HTTP/1.1'],
  ['the method PUT', 405, 'PUT /chat HTTP/1.1'],
  ['the method get', 405, 'get /chat HTTP/1.1'],
  ['the method OPTIONS for all', 405, 'OPTIONS * HTTP/1.1'],
  ['the method CONNECT', 405, 'CONNECT example.com:80 HTTP/1.1'],
  ['HTTP/1.0', 505, 'GET /chat HTTP/1.0'],
  ['HTTP/1.2', 505, 'GET /chat HTTP/1.2'],
  ['HTTP/2.0', 505, 'GET /chat HTTP/2.0'],
  ['a target that names no resource', 400, 'GET chat HTTP/1.1'],
  ['an absolute target without a host', 400, 'GET http:///chat HTTP/1.1'],
  ['an absolute target with user info', 400, 'GET http://user@example.com/ HTTP/1.1'],
];

/** What is wrong with the bytes themselves, so that no other parser would hand it on. */
const SERVER_BYTES: [string, number, string][] = [
  ['a bare LF', 400, request().replaceAll('\r\n', '\n')],
  ['a bare LF in one line', 400, request().replace('example.com\r\n', 'example.com\n')],
  ['a bare CR', 400, request().replace('example.com\r\n', 'example.com\r')],
  ['obs-fold', 400, request({ 'X-Folded': 'a\r\n b' })],
  ['a space before the colon', 400, request().replace('Host:', 'Host :')],
  ['an empty name', 400, request({ '': 'a' })],
  ['NUL in a value', 400, request({ 'X-A': '\0' })],
  ['another CTL in a value', 400, request({ 'X-A': '\x08' })],
  ['a request line without a version', 400, request({}, 'GET /chat')],
  ['no HTTP at all', 400, '\x16\x03\x01\x00\xa5\x01'],
  ['a fragment in the target', 400, request({}, 'GET /chat#there HTTP/1.1')],
  ['more than 100 fields', 431, request({ 'X-A': Array.from({ length: 96 }, () => 'a') })],
];

/** Too large to cut at every point. */
const SERVER_SIZES: [string, number, string][] = [
  ['a head over 16 KiB', 431, request({ 'X-A': Array.from({ length: 5 }, () => 'a'.repeat(4000)) })],
  ['a field over 8 KiB', 431, request({ 'X-A': 'a'.repeat(8200) })],
  ['a request line over 8 KiB', 414, request({}, `GET /${'a'.repeat(8200)} HTTP/1.1`)],
];

describe('a server refuses', () => {
  test.each(SERVER_FIELDS)('%s with %i', (_, status, fields) => {
    expectRefusal(request(fields), status);
  });

  test.each(SERVER_LINES)('%s with %i', (_, status, line) => {
    expectRefusal(request({}, line), status);
  });

  test.each(SERVER_BYTES)('%s with %i', (_, status, head) => {
    expectRefusal(head, status);
  });

  test.each(SERVER_SIZES)('%s with %i', (_, status, head) => {
    const wire = bytes(head);
    const whole = refusal([wire]);
    expect(parseResponse(whole).status).toBe(status);
    expect(refusal(Array.from(wire, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  test('without repeating what was sent', () => {
    const marked = [
      ...SERVER_FIELDS.map(([, , fields]) => request({ ...fields, 'X-A': 'MARK' })),
      request({ Host: 'MARK MARK' }),
      request({ Origin: 'http://MARK' }),
      request({ 'Sec-WebSocket-Version': 'MARK' }),
      request({ 'Sec-WebSocket-Protocol': 'MARK MARK' }),
      request({ 'Sec-WebSocket-Extensions': 'MARK MARK' }),
      request({}, 'MARK /MARK HTTP/1.1'),
      request({}, 'GET /MARK HTTP/1.0'),
      'MARK\nMARK',
    ];
    for (const head of marked) expect(text(refusal([bytes(head)]))).not.toContain('MARK');
  });
});

describe('a server that is given a parsed head refuses', () => {
  const receive = (fields: Fields, line = 'GET /chat HTTP/1.1') => {
    const [method, target, version] = line.split(' ');
    const handshake = new ServerHandshake({});
    handshake.receiveHead({ method, target, version: version.slice('HTTP/'.length), rawHeaders: rawHeaders(fields) });
    return handshake.refusal?.status;
  };

  test.each(SERVER_FIELDS)('%s with %i', (_, status, fields) => {
    expect(receive(fields)).toBe(status);
  });

  test.each(SERVER_LINES)('%s with %i', (_, status, line) => {
    expect(receive({}, line)).toBe(status);
  });
});

/** Sends a response in these chunks, and then the end of the connection. */
function failure(chunks: readonly Uint8Array[]): HandshakeError {
  const handshake = new ClientHandshake({ url: 'ws://example.com/chat' }, (nonce) =>
    nonce.set(bytes('the sample nonce')),
  );
  for (const chunk of chunks) handshake.receive(chunk, 0, chunk.length);
  handshake.receiveEof();
  expect(handshake.state).toBe(FAILED);
  return handshake.error!;
}

describe('a client fails with', () => {
  const endless = (line: string) =>
    `HTTP/1.1 101 Switching Protocols\r\n${line.repeat(Math.ceil(65_536 / line.length))}`;

  test.each([
    ['a status other than 101', 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno'],
    ['a chunked status other than 101', 'HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n'],
    ['an HTTP/1.0 101', response({}, 'HTTP/1.0 101 Switching Protocols')],
    ['a wrong Upgrade', response({ Upgrade: 'h2c' })],
    ['a wrong Connection', response({ Connection: 'close' })],
    ['a missing Accept', response({ 'Sec-WebSocket-Accept': undefined })],
    ['a wrong Accept', response({ 'Sec-WebSocket-Accept': KEY })],
    ['an extension that was not offered', response({ 'Sec-WebSocket-Extensions': 'permessage-deflate' })],
    ['a subprotocol that was not offered', response({ 'Sec-WebSocket-Protocol': 'chat' })],
    ['a bare LF', response().replaceAll('\r\n', '\n')],
    ['obs-fold', response({ 'X-Folded': 'a\r\n b' })],
    ['a space before the colon', response().replace('Upgrade:', 'Upgrade :')],
    ['NUL in a value', response({ 'X-A': '\0' })],
    ['no HTTP at all', '\x15\x03\x01\x00\x02\x02\x16'],
    ['nine 1xx', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(9) + response()],
    ['a head that ends early', response().slice(0, -1)],
  ])('%s, however it is cut', (_, wire) => {
    const whole = failure([bytes(wire)]);
    expect(whole).toBeInstanceOf(HandshakeError);
    const told = ({ message, response }: HandshakeError) => JSON.stringify([message, response]);
    expect(new Set(cuts(bytes(wire)).map((chunks) => told(failure(chunks))))).toEqual(new Set([told(whole)]));
  });

  test.each([
    ['a head over 64 KiB', endless(`X: ${'a'.repeat(1000)}\r\n`)],
    ['headers without an end', endless('a:\r\n')],
    ['a line without an end', endless('a')],
  ])('%s, without waiting for more', (_, wire) => {
    const handshake = new ClientHandshake({ url: 'ws://a' }, () => {});
    handshake.receive(bytes(wire), 0, wire.length);
    expect(handshake.error).toBeInstanceOf(HandshakeError);
  });
});
