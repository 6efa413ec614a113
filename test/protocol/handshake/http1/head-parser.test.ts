import { describe, expect, test, vi } from 'vitest';
import { HEAD_DONE, HEAD_FAILED, HEAD_READING, HeadParser } from '../../../../protocol/handshake/http1/head-parser.ts';
import type { HeadKind } from '../../../../protocol/handshake/http1/head-parser.ts';
import { REQUEST_HEAD } from '../../../../protocol/handshake/http1/request-line.ts';
import { RESPONSE_HEAD } from '../../../../protocol/handshake/http1/status-line.ts';
import { bytes, cuts } from '../support.ts';

/** What came of it, and how many bytes were consumed. They lie within memory that goes on with letters. */
function parse(chunks: readonly Uint8Array[], kind: HeadKind<unknown> = REQUEST_HEAD) {
  const parser = new HeadParser(kind);
  let consumed = 0;
  for (const chunk of chunks) {
    const lent = new Uint8Array(chunk.length + 10).fill('x'.charCodeAt(0));
    lent.set(chunk, 7);
    const next = parser.parse(lent, 7, 7 + chunk.length) - 7;
    lent.fill(0);
    consumed += next;
    if (parser.state !== HEAD_READING) break;
    expect(next).toBe(chunk.length);
  }
  const { state, start, rawHeaders, failure } = parser;
  return { state, start, rawHeaders, failure, consumed };
}

/** Parses a text whole, byte by byte and cut at every point, and sees that it is always the same. */
function parseAnyhow(text: string, kind?: HeadKind<unknown>) {
  const whole = parse([bytes(text)], kind);
  for (const chunks of cuts(bytes(text))) {
    const one = parse(chunks, kind);
    // A failure consumes the whole chunk, however long that is.
    if (whole.state === HEAD_FAILED) one.consumed = whole.consumed;
    expect(one).toEqual(whole);
  }
  return whole;
}

describe('a head', () => {
  test('is a start line and fields, up to the empty line', () => {
    const text = 'GET /a?b HTTP/1.1\r\nHost: example.com\r\nX-Empty:\r\nx:y\r\n\r\n';
    expect(parseAnyhow(`${text}rest`)).toEqual({
      state: HEAD_DONE,
      start: { method: 'GET', target: '/a?b', version: '1.1' },
      rawHeaders: ['Host', 'example.com', 'X-Empty', '', 'x', 'y'],
      failure: undefined,
      consumed: text.length,
    });
  });

  test('may have no fields', () => {
    expect(parseAnyhow('GET / HTTP/1.1\r\n\r\n')).toMatchObject({ state: HEAD_DONE, rawHeaders: [] });
  });

  test('has values without the white space around them', () => {
    const { rawHeaders } = parseAnyhow('GET / HTTP/1.1\r\na: \t b \t c\t \r\nd: \t\r\n\r\n');
    expect(rawHeaders).toEqual(['a', 'b \t c', 'd', '']);
  });

  test('has bytes above 0x7F as latin1', () => {
    expect(parseAnyhow('GET / HTTP/1.1\r\na: \x80\xff\r\n\r\n').rawHeaders).toEqual(['a', '\x80\xff']);
  });

  test('of a response may have a reason phrase in latin1', () => {
    const { start } = parseAnyhow('HTTP/1.1 101 \xdcber\r\n\r\n', RESPONSE_HEAD);
    expect(start).toEqual({ version: '1.1', status: 101, statusText: '\xdcber' });
  });

  test('of a request may come after one empty line (RFC 9112 §2.2)', () => {
    expect(parseAnyhow('\r\nGET / HTTP/1.1\r\n\r\n').state).toBe(HEAD_DONE);
    expect(parseAnyhow('\r\n\r\nGET / HTTP/1.1\r\n\r\n').state).toBe(HEAD_FAILED);
    expect(parseAnyhow('\r\nHTTP/1.1 101 x\r\n\r\n', RESPONSE_HEAD).state).toBe(HEAD_FAILED);
  });

  test('lies anywhere in a chunk', () => {
    const parser = new HeadParser(REQUEST_HEAD);
    const text = 'GET / HTTP/1.1\r\na: b\r\n\r\n';
    const chunk = bytes(`xx${text}yy`);
    expect(parser.parse(chunk, 2, chunk.length)).toBe(2 + text.length);
    expect(parser.rawHeaders).toEqual(['a', 'b']);
  });

  test('that is over consumes nothing more', () => {
    const done = new HeadParser(REQUEST_HEAD);
    done.parse(bytes('GET / HTTP/1.1\r\n\r\n'), 0, 18);
    expect(done.parse(bytes('more'), 1, 4)).toBe(1);
    const failed = new HeadParser(REQUEST_HEAD);
    failed.parse(bytes('\0'), 0, 1);
    expect(failed.parse(bytes('more'), 1, 4)).toBe(1);
  });

  test('is made a string by the decoder that was given, if it is ASCII', () => {
    const decode = vi.fn((part: Uint8Array, start: number, end: number) =>
      Buffer.from(part.buffer, part.byteOffset + start, end - start).toString('latin1'),
    );
    const parser = new HeadParser(REQUEST_HEAD, decode);
    parser.parse(bytes('GET / HTTP/1.1\r\na: b\r\n\r\n'), 0, 24);
    expect(parser.rawHeaders).toEqual(['a', 'b']);
    expect(decode).toHaveBeenCalledTimes(2);
    const other = new HeadParser(REQUEST_HEAD, decode);
    other.parse(bytes('GET / HTTP/1.1\r\na: \xe9\r\n\r\n'), 0, 24);
    expect(other.rawHeaders).toEqual(['a', '\xe9']);
    expect(decode).toHaveBeenCalledTimes(3);
    const cut = new HeadParser(REQUEST_HEAD, decode);
    cut.parse(bytes('GET / HTTP/1.1\r\na: \xe9'), 0, 20);
    cut.parse(bytes('\r\n\r\n'), 0, 4);
    expect(cut.rawHeaders).toEqual(['a', '\xe9']);
    expect(decode).toHaveBeenCalledTimes(4);
  });
});

describe('a malformed head is 400', () => {
  test.each([
    ['a bare LF after the start line', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
    ['a bare LF after a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n'],
    ['a bare LF for the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
    ['a bare LF in a name', 'GET / HTTP/1.1\r\nHo\nst: a\r\n\r\n'],
    ['a bare LF before a value', 'GET / HTTP/1.1\r\nHost: \na\r\n\r\n'],
    ['a bare CR in the start line', 'GET / HTTP/1.1\rHost: a\r\n\r\n'],
    ['a bare CR in a value', 'GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n'],
    ['a bare CR in the last line', 'GET / HTTP/1.1\r\nHost: a\r\n\ra'],
    ['a bare CR before the start line', '\rGET / HTTP/1.1\r\n\r\n'],
    ['a CR before a CRLF', 'GET / HTTP/1.1\r\nHost: a\r\r\n\r\n'],
    ['obs-fold with SP', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n'],
    ['obs-fold with HTAB', 'GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n'],
    ['a folded first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'],
    ['SP before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['HTAB before the colon', 'GET / HTTP/1.1\r\nHost\t: a\r\n\r\n'],
    ['an empty name', 'GET / HTTP/1.1\r\n: a\r\n\r\n'],
    ['a field without a colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
    ['a name that is not ASCII', 'GET / HTTP/1.1\r\nH\xf6st: a\r\n\r\n'],
    ['a name with a separator', 'GET / HTTP/1.1\r\nHo(st: a\r\n\r\n'],
    ['NUL in a name', 'GET / HTTP/1.1\r\nHo\0st: a\r\n\r\n'],
    ['NUL in a value', 'GET / HTTP/1.1\r\nHost: a\0\r\n\r\n'],
    ['ESC in a value', 'GET / HTTP/1.1\r\nHost: \x1b[2J\r\n\r\n'],
    ['DEL in a value', 'GET / HTTP/1.1\r\nHost: \x7f\r\n\r\n'],
    ['NUL in the start line', 'GET /\0 HTTP/1.1\r\n\r\n'],
    ['an empty start line', 'GET\r\n\r\n'],
    ['a TLS ClientHello', '\x16\x03\x01\x02\0\x01\0'],
  ])('with %s', (_, text) => {
    const { state, failure } = parseAnyhow(text);
    expect(state).toBe(HEAD_FAILED);
    expect(failure!.status).toBe(400);
  });

  test('as soon as the bad byte is there', () => {
    expect(parse([bytes('GET / HTTP/1.1\r\nHost: \0')]).state).toBe(HEAD_FAILED);
    expect(parse([bytes('what is this\r\n')]).state).toBe(HEAD_FAILED);
    expect(parse([bytes('+PONG\r\n')], RESPONSE_HEAD).state).toBe(HEAD_FAILED);
  });
});

describe('a head that is too large', () => {
  const kind = { ...REQUEST_HEAD, maxHead: 60, maxLine: 30, maxFields: 3 };
  const line = (length: number) => `GET /${'x'.repeat(length - 14)} HTTP/1.1`;
  const field = (length: number, space = '') => `a:${space}${'x'.repeat(length - 2 - space.length)}`;

  test('may be as large as the limit', () => {
    expect(parseAnyhow(`${line(30)}\r\n${field(24)}\r\n\r\n`, kind).state).toBe(HEAD_DONE);
    expect(parseAnyhow(`GET / HTTP/1.1\r\n${field(30)}\r\n\r\n`, kind).state).toBe(HEAD_DONE);
    expect(parseAnyhow('GET / HTTP/1.1\r\na:\r\na:\r\na:\r\n\r\n', kind).state).toBe(HEAD_DONE);
  });

  test.each([
    ['a request line that is too long', 414, line(31), 'a line is too long'],
    ['a field that is too long', 431, `GET / HTTP/1.1\r\n${field(31)}`, 'a line is too long'],
    ['a name that is too long', 431, `GET / HTTP/1.1\r\n${'x'.repeat(31)}`, 'a line is too long'],
    ['white space that is too long', 431, `GET / HTTP/1.1\r\n${field(31, ' '.repeat(29))}`, 'a line is too long'],
    ['too many fields', 431, 'GET / HTTP/1.1\r\na:\r\na:\r\na:\r\na', 'there are too many fields'],
    ['too many bytes', 431, `${line(30)}\r\n${field(26)}\r\n`, 'the head is too large'],
  ])('with %s is refused, without waiting for its end', (_, status, text, why) => {
    const { state, failure } = parseAnyhow(text, kind);
    expect(state).toBe(HEAD_FAILED);
    expect(failure).toEqual({ status, text: why, isTls: false });
    expect(parse([bytes(text.slice(0, -1))], kind).state).toBe(HEAD_READING);
  });

  test('by its request line alone is 414', () => {
    expect(parseAnyhow(line(60), { ...kind, maxLine: 100 }).failure!.status).toBe(414);
  });

  test('of a response is 431 in any line', () => {
    const limits = { ...RESPONSE_HEAD, maxHead: 60, maxLine: 30 };
    expect(parseAnyhow(`HTTP/1.1 200 ${'x'.repeat(18)}`, limits).failure!.status).toBe(431);
  });

  test('is judged by the limits of a server: 16 KiB, 100 fields, 8 KiB a line', () => {
    const start = 'GET / HTTP/1.1\r\n';
    const fields = (count: number) => 'a: b\r\n'.repeat(count);
    expect(parse([bytes(`${start}${fields(100)}\r\n`)]).state).toBe(HEAD_DONE);
    expect(parse([bytes(`${start}${fields(101)}\r\n`)]).failure!.status).toBe(431);
    expect(parse([bytes(`${line(8192)}\r\n\r\n`)]).state).toBe(HEAD_DONE);
    expect(parse([bytes(`${line(8193)}\r\n\r\n`)]).failure!.status).toBe(414);
    expect(parse([bytes(`${start}${field(8192)}\r\n\r\n`)]).state).toBe(HEAD_DONE);
    expect(parse([bytes(`${start}${field(8193)}\r\n\r\n`)]).failure!.status).toBe(431);
    const filled = (total: number) => `${start}${field(8190)}\r\n${field(total - 16 - 8192 - 4)}\r\n\r\n`;
    expect(filled(16_384).length).toBe(16_384);
    expect(parse([bytes(filled(16_384))]).state).toBe(HEAD_DONE);
    expect(parse([bytes(filled(16_385))]).failure!.status).toBe(431);
  });

  test('counts what came before, when it comes in two pieces', () => {
    const fields = bytes(`GET / HTTP/1.1\r\n${`a: ${'x'.repeat(97)}\r\n`.repeat(90)}`);
    const parser = new HeadParser({ ...REQUEST_HEAD, maxHead: 6000 });
    expect(parser.parse(fields, 0, 4000)).toBe(4000);
    expect(parser.parse(fields, 4000, 8000)).toBe(8000);
    expect(parser.failure).toEqual({ status: 431, text: 'the head is too large', isTls: false });
  });

  test('ends where the piece does, whatever lies behind it in memory', () => {
    const parser = new HeadParser(REQUEST_HEAD);
    const first = bytes('GET / HTTP/1.1\r\na: ');
    expect(parser.parse(bytes('GET / HTTP/1.1\r\na:      '), 0, first.length)).toBe(first.length);
    const second = bytes('b\r\n\r\n');
    expect(parser.parse(second, 0, second.length)).toBe(second.length);
    expect(parser.rawHeaders).toEqual(['a', 'b']);
  });

  test('is the same byte by byte, at the real limits', () => {
    const text = `GET / HTTP/1.1\r\n${`a: ${'x'.repeat(500)}\r\n`.repeat(40)}`;
    const oneByOne = parse(Array.from(bytes(text), (byte) => Uint8Array.of(byte)));
    expect(oneByOne).toMatchObject({ state: HEAD_FAILED, failure: { status: 431 }, consumed: 16_384 });
  });

  test('costs copies in proportion to its bytes, when they come one by one', () => {
    const wire = bytes(`GET / HTTP/1.1\r\n${`X: ${'a'.repeat(196)}\r\n`.repeat(80)}`);
    const set = vi.spyOn(Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array, 'set');
    const parser = new HeadParser(REQUEST_HEAD);
    for (let at = 0; at < wire.length; at++) parser.parse(wire, at, at + 1);
    const copied = set.mock.calls.reduce((sum, [source]) => sum + source.length, 0);
    set.mockRestore();
    expect(parser.state).toBe(HEAD_READING);
    expect(copied).toBeGreaterThanOrEqual(wire.length);
    expect(copied).toBeLessThan(3 * wire.length);
  });
});

test.each([
  ['GET / HTTP/1.1\rx', 'a CR stands without its LF'],
  ['\rx', 'a CR stands without its LF'],
  ['GET / HTTP/1.1\r\n\rx', 'a CR stands without its LF'],
  ['GET\r\n', 'the start line is malformed'],
  ['GET / HTTP/1.1\r\n a: b\r\n', 'a field is folded over lines'],
  ['GET / HTTP/1.1\r\na: b\r\n\tc\r\n', 'a field is folded over lines'],
  ['GET / HTTP/1.1\r\n: b\r\n', 'a field has no name'],
  ['GET / HTTP/1.1\r\na : b\r\n', 'white space stands before a colon'],
  ['GET / HTTP/1.1\r\na\r\n', 'a field has no colon'],
  ['GET / HTTP/1.1\r\na\n', 'a field has no colon'],
  ['GET / HTTP/1.1\r\na(: b\r\n', 'a field name is not a token'],
  ['GET / HTTP/1.1\r\na: b\n', 'a line ends with a bare LF'],
  ['GET / HTTP/1.1\r\na: b\0\r\n', 'a control character stands in the head'],
])('%j fails with 400: %s', (text, why) => {
  expect(parseAnyhow(text).failure).toEqual({ status: 400, text: why, isTls: false });
});

test.each([
  ['\x16\x03\x01', true],
  ['\x15\x03\x01', true],
  ['\x14\x03\x01', false],
  ['\x17\x03\x01', false],
  ['G\x16', false],
  ['\r\n\x16\x03', false],
])('%j is TLS: %s', (text, isTls) => {
  expect(parseAnyhow(text).failure).toMatchObject({ text: 'a control character stands in the head', isTls });
});
