/** permessage-deflate as something else has agreed on it. */
import { describe, expect, test } from 'vitest';
import { createZlibCodec } from '../../../drivers/node/zlib/codec.ts';
import type { DeflateCodec } from '../../../protocol/permessage-deflate/codec.ts';
import type { CompressOptions } from '../../../protocol/permessage-deflate/options.ts';
import { establishDeflate } from '../../../protocol/permessage-deflate/established.ts';

const zlibCodec = createZlibCodec();

/** What the codec is asked for, when a message goes each way. */
function asked(role: 'client' | 'server', extensions: string, options: CompressOptions = {}) {
  const params: unknown[] = [];
  const codec: DeflateCodec = {
    createDeflater: ({ windowBits, contextTakeover, ...rest }) => {
      params.push({ windowBits, contextTakeover });
      return zlibCodec.createDeflater({ windowBits, contextTakeover, ...rest });
    },
    createInflater: (given) => {
      params.push(given);
      return zlibCodec.createInflater(given);
    },
  };
  const deflate = establishDeflate(role, extensions, options, codec)!;
  expect(deflate.agreed).toBe(true);
  deflate.decompress(deflate.compress(Uint8Array.of(1, 2, 3), true).slice(), 100);
  return params;
}

test('without an extension there is none', () => {
  expect(establishDeflate('server', '', {}, zlibCodec)).toBeUndefined();
});

describe('either role takes what the response says', () => {
  const response =
    'permessage-deflate; server_no_context_takeover; client_max_window_bits=10; server_max_window_bits=12';
  const server = { windowBits: 12, contextTakeover: false };
  const client = { windowBits: 10, contextTakeover: true };

  test('a server compresses as a server is to', () => {
    expect(asked('server', response)).toEqual([server, client]);
  });

  test('a client compresses as a client is to', () => {
    expect(asked('client', response)).toEqual([client, server]);
  });

  test('what is not named is the largest window, with context takeover', () => {
    const options = { serverMaxWindowBits: 15 };
    const most = { windowBits: 15, contextTakeover: true };
    expect(asked('server', 'permessage-deflate', options)).toEqual([most, most]);
  });

  test('a side holds itself to its own options, whatever the response repeats', () => {
    const options = { clientNoContextTakeover: true, serverNoContextTakeover: true };
    expect(asked('client', 'permessage-deflate', options)).toMatchObject([
      { contextTakeover: false },
      { contextTakeover: true },
    ]);
    expect(asked('server', 'permessage-deflate', options)).toMatchObject([
      { contextTakeover: false },
      { contextTakeover: true },
    ]);
  });
});

test.each([
  ['x-webkit-deflate-frame', "these extensions can't have been agreed on: x-webkit-deflate-frame"],
  [
    'permessage-deflate, permessage-deflate',
    "these extensions can't have been agreed on: permessage-deflate, permessage-deflate",
  ],
  ['permessage-deflate;', "these extensions can't have been agreed on: permessage-deflate;"],
  [
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate: client_max_window_bits is not an integer from 8 to 15',
  ],
])('what no response says throws: %s', (extensions, message) => {
  expect(() => establishDeflate('client', extensions, {}, zlibCodec)).toThrow(new TypeError(message));
});
