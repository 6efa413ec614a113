import { describe, expect, test } from 'vitest';
import type { ExtensionElement } from '../../../protocol/handshake/types.ts';
import type { CompressOptions } from '../../../protocol/permessage-deflate/options.ts';
import {
  agreeToAnswer,
  agreeToOffer,
  makeAnswer,
  makeOffer,
} from '../../../protocol/permessage-deflate/negotiation.ts';
import { resolveCompressOptions } from '../../../protocol/permessage-deflate/options.ts';

const NOT_WINDOW_BITS = ['', '7', '16', '08', '0xf', '1e1', '+9', '9.0', ' 9', '-9', '010', '8 ', '１０', 'NaN', '115'];
const WINDOW_BITS = ['8', '9', '10', '11', '12', '13', '14', '15'];
const DEFAULT = { serverNoContextTakeover: false, clientNoContextTakeover: false, serverMaxWindowBits: 15 };

/** 'a; b=1' as the handshake gives it. */
function element(params: string): ExtensionElement {
  const pairs = params === '' ? [] : params.split('; ').map((one) => one.split('='));
  return { name: 'permessage-deflate', params: pairs.map(([name, value]) => [name, value]) };
}

/** A server's answer, or undefined. */
function answer(offer: string, options: CompressOptions = {}): string | undefined {
  const agreement = agreeToOffer(element(offer), resolveCompressOptions(options, true));
  return agreement && makeAnswer(agreement, element(offer)).replace(/^permessage-deflate(; )?/, '');
}

function agreedByServer(offer: string, options: CompressOptions = {}): unknown {
  return agreeToOffer(element(offer), resolveCompressOptions(options, true));
}

function agreedByClient(params: string, options: CompressOptions = {}): unknown {
  return agreeToAnswer(element(params), resolveCompressOptions(options, false));
}

function offer(options: CompressOptions): string {
  return makeOffer(resolveCompressOptions(options, false));
}

describe('a client offers', () => {
  test('client_max_window_bits without a value, so that the server may ask for a smaller window (§7.1.2.2)', () => {
    expect(offer({})).toBe('permessage-deflate; client_max_window_bits');
  });

  test.each([
    [{ serverNoContextTakeover: true }, '; server_no_context_takeover; client_max_window_bits'],
    [{ clientNoContextTakeover: true }, '; client_no_context_takeover; client_max_window_bits'],
    [{ shared: true }, '; client_no_context_takeover; client_max_window_bits'],
    [{ serverMaxWindowBits: 10 }, '; server_max_window_bits=10; client_max_window_bits'],
    [{ clientMaxWindowBits: 8 }, '; client_max_window_bits=8'],
    [{ serverMaxWindowBits: 15, clientMaxWindowBits: 15 }, '; client_max_window_bits'],
  ])('what the options %j ask for', (options, expected) => {
    expect(offer(options)).toBe(`permessage-deflate${expected}`);
  });
});

describe('a server answers', () => {
  test.each([
    ['', ''],
    ['client_max_window_bits', ''],
    ['client_max_window_bits=10', 'client_max_window_bits=10'],
    ['client_max_window_bits=15', ''],
    ['server_max_window_bits=15', 'server_max_window_bits=15'],
    ['server_max_window_bits=8', 'server_max_window_bits=8'],
    ['server_no_context_takeover', 'server_no_context_takeover'],
    ['client_no_context_takeover', 'client_no_context_takeover'],
    [
      'client_max_window_bits=9; server_max_window_bits=11; client_no_context_takeover; server_no_context_takeover',
      'server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11; client_max_window_bits=9',
    ],
  ])('the offer %j with %j, by default', (offered, expected) => {
    expect(answer(offered)).toBe(expected);
  });

  test.each([
    [{ serverNoContextTakeover: true }, 'server_no_context_takeover', 'server_no_context_takeover'],
    [{ clientNoContextTakeover: true }, '', 'client_no_context_takeover'],
    [{ shared: true }, 'server_no_context_takeover', 'server_no_context_takeover'],
    [{ serverMaxWindowBits: 10 }, 'server_max_window_bits=12', 'server_max_window_bits=10'],
    [{ serverMaxWindowBits: 10 }, 'server_max_window_bits=9', 'server_max_window_bits=9'],
    [{ clientMaxWindowBits: 10 }, 'client_max_window_bits', 'client_max_window_bits=10'],
    [{ clientMaxWindowBits: 10 }, 'client_max_window_bits=12', 'client_max_window_bits=10'],
    [{ clientMaxWindowBits: 10 }, 'client_max_window_bits=9', 'client_max_window_bits=9'],
  ])('with the options %j, the offer %j with %j', (options, offered, expected) => {
    expect(answer(offered, options)).toBe(expected);
  });

  test.each([
    [{ serverNoContextTakeover: true }, '', { serverNoContextTakeover: true }],
    [{ shared: true }, 'server_max_window_bits=15', { serverNoContextTakeover: true }],
    [{ serverMaxWindowBits: 10 }, 'server_no_context_takeover', { serverMaxWindowBits: 10 }],
  ])(
    'the options %j without a word where the offer, %j, has none of it, and holds itself to them',
    (options, offered, held) => {
      expect(answer(offered, options)).toBe(offered);
      expect(agreedByServer(offered, options)).toMatchObject(held);
    },
  );

  test('client_max_window_bits only to an offer that has it (§7.1.2.2)', () => {
    expect(answer('', { clientMaxWindowBits: 10 })).toBe('');
    expect(agreedByServer('', { clientMaxWindowBits: 10 })).toEqual({ ...DEFAULT, clientMaxWindowBits: 15 });
  });

  test('an offer of smaller windows with the smaller ones', () => {
    expect(agreedByServer('client_max_window_bits=9; server_max_window_bits=11')).toEqual({
      ...DEFAULT,
      serverMaxWindowBits: 11,
      clientMaxWindowBits: 9,
    });
  });
});

describe('a server declines an offer with (§7.1)', () => {
  test.each([
    'foo',
    'foo=1',
    '__proto__',
    'constructor',
    'toString',
    'Server_max_window_bits=10',
    'client_max_window_bit',
  ])('an unknown parameter: %s', (params) => {
    expect(agreedByServer(params)).toBeUndefined();
  });

  test.each([
    'server_no_context_takeover; server_no_context_takeover',
    'client_no_context_takeover; client_no_context_takeover',
    'server_max_window_bits=10; server_max_window_bits=10',
    'client_max_window_bits=10; client_max_window_bits=11',
    'client_max_window_bits; client_max_window_bits',
    'client_max_window_bits; client_max_window_bits=11',
  ])('a repeated parameter: %s', (params) => {
    expect(agreedByServer(params)).toBeUndefined();
  });

  test.each([
    'server_no_context_takeover=1',
    'server_no_context_takeover=',
    'client_no_context_takeover=true',
    'server_max_window_bits',
    ...NOT_WINDOW_BITS.flatMap((value) => [`server_max_window_bits=${value}`, `client_max_window_bits=${value}`]),
  ])('an invalid value: %j', (params) => {
    expect(agreedByServer(params)).toBeUndefined();
  });

  test('but not with any of 8 to 15', () => {
    for (const bits of WINDOW_BITS) {
      expect(agreedByServer(`server_max_window_bits=${bits}`)).toMatchObject({ serverMaxWindowBits: Number(bits) });
      expect(agreedByServer(`client_max_window_bits=${bits}`)).toMatchObject({ clientMaxWindowBits: Number(bits) });
    }
  });
});

describe('a client accepts', () => {
  test.each([
    ['', {}],
    ['server_no_context_takeover', { serverNoContextTakeover: true }],
    ['client_no_context_takeover', { clientNoContextTakeover: true }],
    ['server_max_window_bits=8', { serverMaxWindowBits: 8 }],
    ['client_max_window_bits=8', { clientMaxWindowBits: 8 }],
    ['client_max_window_bits=15; server_max_window_bits=15', {}],
  ])('the answer %j, whether or not it had asked for it', (params, expected) => {
    expect(agreedByClient(params)).toEqual({ ...DEFAULT, clientMaxWindowBits: 15, ...expected });
  });

  test('less than it had asked for', () => {
    expect(
      agreedByClient('server_max_window_bits=9; client_max_window_bits=8', {
        serverMaxWindowBits: 10,
        clientMaxWindowBits: 10,
      }),
    ).toEqual({ ...DEFAULT, serverMaxWindowBits: 9, clientMaxWindowBits: 8 });
  });

  test('an answer that says nothing of what it has asked the server for, which may do as it likes then', () => {
    const expected = { ...DEFAULT, serverMaxWindowBits: 15, clientMaxWindowBits: 15 };
    expect(agreedByClient('', { serverNoContextTakeover: true, serverMaxWindowBits: 10 })).toEqual(expected);
  });

  test('an answer that says nothing of what it holds itself to, and holds to it', () => {
    expect(agreedByClient('', { clientNoContextTakeover: true, clientMaxWindowBits: 10 })).toEqual({
      ...DEFAULT,
      clientNoContextTakeover: true,
      clientMaxWindowBits: 10,
    });
  });
});

describe('a client refuses an answer with (§7.1)', () => {
  test.each([
    ['foo', 'unknown parameter'],
    ['__proto__', 'unknown parameter'],
    ['server_no_context_takeover; server_no_context_takeover', 'server_no_context_takeover is repeated'],
    ['client_no_context_takeover; client_no_context_takeover', 'client_no_context_takeover is repeated'],
    ['server_max_window_bits=10; server_max_window_bits=10', 'server_max_window_bits is repeated'],
    ['client_max_window_bits=10; client_max_window_bits=10', 'client_max_window_bits is repeated'],
    ['server_no_context_takeover=1', 'server_no_context_takeover has a value'],
    ['client_no_context_takeover=1', 'client_no_context_takeover has a value'],
    ['server_max_window_bits', 'server_max_window_bits is not an integer from 8 to 15'],
    ['client_max_window_bits', 'client_max_window_bits is not an integer from 8 to 15'],
    ...NOT_WINDOW_BITS.map((value) => [
      `server_max_window_bits=${value}`,
      'server_max_window_bits is not an integer from 8 to 15',
    ]),
    ...NOT_WINDOW_BITS.map((value) => [
      `client_max_window_bits=${value}`,
      'client_max_window_bits is not an integer from 8 to 15',
    ]),
  ])('%j: %s', (params, expected) => {
    expect(agreedByClient(params)).toBe(expected);
  });

  test.each([
    [
      { serverMaxWindowBits: 10 },
      'server_max_window_bits=11',
      'server_max_window_bits is greater than what was offered',
    ],
    [
      { clientMaxWindowBits: 10 },
      'client_max_window_bits=11',
      'client_max_window_bits is greater than what was offered',
    ],
  ])('something else than the options %j: %j', (options, params, expected) => {
    expect(agreedByClient(params, options)).toBe(expected);
  });
});
