import { describe, expect, test } from 'vitest';
import { BodyReader } from '../../../../protocol/handshake/http1/body.ts';
import { bytes, cuts, text } from '../support.ts';

type Headers = Record<string, string>;

function read(chunks: readonly Uint8Array[], headers: Headers, status = 403) {
  const reader = new BodyReader(status, headers);
  for (const chunk of chunks) {
    const lent = Uint8Array.of(0x47, ...chunk, 0x47);
    reader.receive(lent, 1, lent.length - 1);
    lent.fill(0);
  }
  return { body: text(reader.take()), isComplete: reader.isComplete };
}

/** Reads a body whole, byte by byte and cut at every point, and sees that it is always the same. */
function readAnyhow(wire: string, headers: Headers, status?: number) {
  const whole = read([bytes(wire)], headers, status);
  for (const chunks of cuts(bytes(wire))) expect(read(chunks, headers, status)).toEqual(whole);
  return whole;
}

const CHUNKED = { 'transfer-encoding': 'chunked' };

describe('the body of a response (RFC 9112 §6)', () => {
  test('is as long as Content-Length says', () => {
    expect(readAnyhow('body and more', { 'content-length': '4' })).toEqual({ body: 'body', isComplete: true });
    expect(readAnyhow('bod', { 'content-length': '4' })).toEqual({ body: 'bod', isComplete: false });
  });

  test('lasts until the end of the connection without one', () => {
    expect(readAnyhow('a body', {})).toEqual({ body: 'a body', isComplete: false });
    expect(readAnyhow('a body', { 'transfer-encoding': 'gzip' })).toEqual({ body: 'a body', isComplete: false });
  });

  test.each([
    [204, {}],
    [304, { 'content-length': '4' }],
    [403, { 'content-length': '0' }],
    [403, { 'content-length': 'x' }],
    [403, { 'content-length': '4, 4' }],
  ])('is empty with status %i and %j', (status, headers) => {
    expect(readAnyhow('more', headers as Headers, status)).toEqual({ body: '', isComplete: true });
  });
});

describe('chunks (RFC 9112 §7.1)', () => {
  test('are put together', () => {
    const wire = '4\r\nbody\r\n1;name="value"\r\n \r\n00000a \t;x\r\nin 3 parts\r\n0\r\nTrailer: x\r\n\r\n';
    expect(readAnyhow(wire, CHUNKED)).toEqual({ body: 'body in 3 parts', isComplete: true });
    expect(readAnyhow(`9\r\n${'x'.repeat(9)}\r\n0\r\n\r\n`, CHUNKED).body).toBe('x'.repeat(9));
    expect(readAnyhow(`C\r\n${'x'.repeat(12)}\r\n0;e\r\n\r\n`, CHUNKED).body).toBe('x'.repeat(12));
  });

  test('override Content-Length', () => {
    const headers = { 'transfer-encoding': 'gzip, Chunked', 'content-length': '1' };
    expect(readAnyhow('2\r\nab\r\n0\r\n\r\n', headers)).toEqual({ body: 'ab', isComplete: true });
  });

  test('may end early', () => {
    expect(readAnyhow('4\r\nbo', CHUNKED)).toEqual({ body: 'bo', isComplete: false });
    expect(readAnyhow('4\r\nbody\r\n', CHUNKED)).toEqual({ body: 'body', isComplete: false });
  });

  test.each([
    ['a size that is no number', '2\r\nab\r\nx\r\ncd'],
    ['no size', '2\r\nab\r\n\r\ncd'],
    ['more data than the size says', '2\r\nabc\r\n1\r\nd'],
    ['another character in the size', '2\r\nab\r\n1-\r\nd'],
    ['one that comes just before the letters', '2\r\nab\r\n1@\r\nd'],
    ['one that comes just behind the digits', '2\r\nab\r\n1:\r\nd'],
    ['one that comes just behind the letters', '2\r\nab\r\n1g\r\nd'],
    ['no size in the first line', '2\r\nab\r\n;\r\ncd'],
  ])('end with %s, and what came before is kept', (_, wire) => {
    expect(readAnyhow(wire, CHUNKED)).toEqual({ body: 'ab', isComplete: true });
  });
});

describe('at most 64 KiB', () => {
  test.each<[string, string, Headers]>([
    ['until the end', 'x'.repeat(65_537), {}],
    ['of a long one', 'x'.repeat(65_537), { 'content-length': '1000000' }],
    ['of an endless one', 'x'.repeat(65_537), { 'content-length': '9'.repeat(400) }],
    ['of chunks', '1000\r\n'.concat('x'.repeat(4096), '\r\n').repeat(17), CHUNKED],
    ['of one chunk', `fffffffffffffffffff\r\n${'x'.repeat(65_537)}`, CHUNKED],
  ])('are kept %s, and then nothing more is awaited', (_, wire, headers) => {
    const chunks = bytes(wire);
    const pieces = Array.from({ length: Math.ceil(chunks.length / 1000) }, (_, i) =>
      chunks.slice(i * 1000, i * 1000 + 1000),
    );
    const { body, isComplete } = read(pieces, headers);
    expect(isComplete).toBe(true);
    expect(body).toBe('x'.repeat(65_536));
    expect(read(pieces.slice(0, 60), headers).isComplete).toBe(false);
  });

  test('are not worth reading extensions of chunks without an end', () => {
    const reader = new BodyReader(403, CHUNKED);
    const wire = bytes(`.1;${'x'.repeat(998)}`);
    reader.receive(wire, 1, wire.length);
    wire.fill(0x78);
    let count = 1;
    for (; !reader.isComplete && count < 1000; count++) reader.receive(wire, 1, wire.length);
    expect(count).toBe(525); // of 1000 bytes, 524,288 in sum
    expect(reader.take()).toEqual(new Uint8Array(0));
  });
});
