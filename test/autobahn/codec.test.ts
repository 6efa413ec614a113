import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { octets } from '../../autobahn/case.ts';
import { Deflate, accept, confirm, formatOffers } from '../../autobahn/deflate.ts';
import { FrameReader, encodeFrame, encodeHead } from '../../autobahn/frames.ts';
import type { FrameHead } from '../../autobahn/frames.ts';
import { faultOfRequest, faultOfResponse, parseExtensions, takeHead } from '../../autobahn/handshake.ts';
import { Utf8Validator } from '../../autobahn/utf8.ts';

const KEY = octets('37 fa 21 3d');

/** Every frame in these chunks. */
function read(chunks: Uint8Array[]): { head: FrameHead; payload: string }[] {
  const frames: { head: FrameHead; payload: string }[] = [];
  let payload = '';
  let head: FrameHead | undefined;
  const reader = new FrameReader({
    onHead: (it) => ((head = it), (payload = ''), true),
    onPayload: (bytes) => ((payload += Buffer.from(bytes).toString('latin1')), true),
    onFrameEnd: () => (frames.push({ head: head!, payload }), true),
  });
  for (const chunk of chunks) reader.push(chunk.slice());
  return frames;
}

describe('frames', () => {
  // RFC 6455 §5.7
  test.each([
    ['81 05 48 65 6c 6c 6f', { opcode: 1, fin: true, rsv: 0, length: 5, key: undefined }],
    ['81 85 37 fa 21 3d 7f 9f 4d 51 58', { opcode: 1, fin: true, rsv: 0, length: 5, key: KEY }],
    ['01 05 48 65 6c 6c 6f', { opcode: 1, fin: false, rsv: 0, length: 5, key: undefined }],
    ['89 05 48 65 6c 6c 6f', { opcode: 9, fin: true, rsv: 0, length: 5, key: undefined }],
    ['fa 05 48 65 6c 6c 6f', { opcode: 10, fin: true, rsv: 7, length: 5, key: undefined }],
  ])('%s is "Hello", written and read', (hex, head) => {
    expect(encodeFrame(head, Buffer.from('Hello'))).toEqual(octets(hex));
    const frames = [{ head: { ...head, shortest: true }, payload: 'Hello' }];
    expect(read([octets(hex)])).toEqual(frames);
    expect(read([...octets(hex)].map((octet) => Uint8Array.of(octet)))).toEqual(frames);
  });

  test.each([
    [125, 'length 7d', '82 7d'],
    [126, 'length 7e', '82 7e 00 7e'],
    [65535, 'length 7e', '82 7e ff ff'],
    [65536, 'length 7f', '82 7f 00 00 00 00 00 01 00 00'],
  ])('a length of %i takes its shortest form: %s', (length, _, hex) => {
    expect(encodeHead({ opcode: 2, fin: true, rsv: 0, length, key: undefined })).toEqual(octets(hex));
  });

  test('a length in a longer form than it needs is noticed', () => {
    for (const hex of ['82 7e 00 00', '82 7f 00 00 00 00 00 00 00 00']) {
      expect(read([octets(hex)])[0]!.head.shortest).toBe(false);
    }
  });
});

describe('UTF-8', () => {
  test('is judged as by TextDecoder, however it is cut', () => {
    const isValid = (bytes: Uint8Array): boolean => {
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    const interesting = fc.constantFrom(
      0x41,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc1,
      0xc2,
      0xe0,
      0xed,
      0xf0,
      0xf4,
      0xf5,
    );
    const bytes = fc.oneof(
      fc.array(interesting, { maxLength: 6 }).map((it) => Uint8Array.from(it)),
      fc.string({ unit: 'binary' }).map((it) => new TextEncoder().encode(it)),
    );
    fc.assert(
      fc.property(bytes, fc.nat(8), (whole, at) => {
        const validator = new Utf8Validator();
        const valid = validator.push(whole.subarray(0, at)) && validator.push(whole.subarray(at)) && validator.complete;
        return valid === isValid(whole);
      }),
      { numRuns: 1000 },
    );
  });

  test('is refused at the first octet that cannot be right', () => {
    const validator = new Utf8Validator();
    expect(validator.push(octets('ce ba f4'))).toBe(true);
    expect(validator.complete).toBe(false);
    expect(validator.push(octets('90'))).toBe(false);
  });
});

describe('permessage-deflate', () => {
  const parameters = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
  };
  const terms = {
    offers: [{ serverNoContextTakeover: true, serverMaxWindowBits: 9 }],
    accepts: [
      { clientNoContextTakeover: true, clientMaxWindowBits: 9 },
      { clientNoContextTakeover: false, clientMaxWindowBits: 0 },
    ],
  };

  // RFC 7692 §7.2.3.1, §7.2.3.2
  test('"Hello" is f2 48 cd c9 c9 07 00, and f2 00 11 00 00 the second time', () => {
    const deflate = new Deflate('server', parameters);
    const inflate = new Deflate('client', parameters);
    for (const hex of ['f2 48 cd c9 c9 07 00', 'f2 00 11 00 00']) {
      expect(Uint8Array.from(deflate.compress(Buffer.from('Hello')))).toEqual(octets(hex));
      expect(Buffer.from(inflate.decompress(octets(hex))).toString()).toBe('Hello');
    }
  });

  test('without context takeover it is the same each time, and a reference to an earlier message is an error', () => {
    const deflate = new Deflate('server', { ...parameters, serverNoContextTakeover: true });
    expect(deflate.compress(Buffer.from('Hello'))).toEqual(deflate.compress(Buffer.from('Hello')));
    const inflate = new Deflate('client', { ...parameters, serverNoContextTakeover: true });
    inflate.decompress(octets('f2 48 cd c9 c9 07 00'));
    expect(() => inflate.decompress(octets('f2 00 11 00 00'))).toThrow();
  });

  test('an offer says what it asks for', () => {
    expect(formatOffers(terms.offers)).toBe(
      'permessage-deflate; client_no_context_takeover; client_max_window_bits; ' +
        'server_no_context_takeover; server_max_window_bits=9',
    );
    expect(formatOffers([])).toBe('');
  });

  test('a server accepts what the case wants first, as far as an offer allows it', () => {
    const answer = (field: string): string | undefined => accept(parseExtensions(field), terms)?.element;
    expect(answer('permessage-deflate; client_max_window_bits')).toBe(
      'permessage-deflate; client_no_context_takeover; client_max_window_bits=9',
    );
    expect(answer('x-webkit-deflate-frame, permessage-deflate; server_max_window_bits="12"')).toBe(
      'permessage-deflate; server_max_window_bits=12',
    );
    expect(answer('')).toBeUndefined();
    expect(() => answer('permessage-deflate; server_max_window_bits=7')).toThrow();
  });

  test('a client takes an answer that keeps to an offer, and no other', () => {
    const settle = (field: string) => confirm(parseExtensions(field), terms);
    expect(settle('')).toBeUndefined();
    expect(settle('permessage-deflate; server_no_context_takeover; server_max_window_bits=8')).toEqual({
      ...parameters,
      serverNoContextTakeover: true,
      serverMaxWindowBits: 8,
    });
    for (const field of [
      'permessage-deflate',
      'permessage-deflate; server_no_context_takeover; server_max_window_bits=10',
      'permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits',
      'permessage-deflate; server_no_context_takeover; server_no_context_takeover; server_max_window_bits=9',
      'permessage-bzip2',
    ]) {
      expect(() => settle(field), field).toThrow();
    }
  });
});

describe('the opening handshake', () => {
  const request = [
    'GET /runCase?case=1 HTTP/1.1',
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: keep-alive, Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  const response = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  ];
  const head = (lines: string[]) => takeHead(Buffer.from(`${lines.join('\r\n')}\r\n\r\nrest`))!;

  test('a request and a response that are right have no fault, and what follows the head is kept', () => {
    expect(faultOfRequest(head(request))).toBeUndefined();
    expect(faultOfResponse(head(response), 'dGhlIHNhbXBsZSBub25jZQ==')).toBeUndefined();
    expect(Buffer.from(head(request).rest).toString()).toBe('rest');
    expect(takeHead(Buffer.from('GET / HTTP/1.1\r\n'))).toBeUndefined();
  });

  test.each([0, 1, 2, 3, 4, 5])('a request without its line %i has one', (i) => {
    expect(faultOfRequest(head(request.map((line, k) => (k === i ? 'X: y' : line))))).toBeDefined();
  });

  test.each([0, 1, 2, 3])('a response without its line %i has one', (i) => {
    const lines = response.map((line, k) => (k === i ? 'X: y' : line));
    expect(faultOfResponse(head(lines), 'dGhlIHNhbXBsZSBub25jZQ==')).toBeDefined();
  });
});
