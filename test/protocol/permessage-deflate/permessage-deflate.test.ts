import { describe, expect, test } from 'vitest';
import type { ExtensionElement } from '../../../protocol/handshake/types.ts';
import type { DeflateCodec, Deflater, Inflater } from '../../../protocol/permessage-deflate/codec.ts';
import type { CompressOptions } from '../../../protocol/permessage-deflate/options.ts';
import { PermessageDeflate } from '../../../protocol/permessage-deflate/permessage-deflate.ts';
import { createZlibCodec } from '../../../drivers/node/zlib/codec.ts';
import { concat, fromHex, randomBytes, words } from '../../support/deflate-codec-suite.ts';

const zlibCodec = createZlibCodec();
const MAX = 16 << 20;

/** What a codec was asked for, and what it has not been given back. */
interface Log {
  readonly calls: string[];
  live: number;
}

function recordingCodec(log: Log, later?: DeflateCodec['deflateLater']): DeflateCodec {
  return {
    createDeflater(params): Deflater {
      log.calls.push(`deflater ${JSON.stringify(params)}`);
      log.live++;
      const real = zlibCodec.createDeflater(params);
      return {
        // Copied, for the sake of tests that compare several: what a codec gives is lent.
        deflate: (bytes) => real.deflate(bytes).slice(),
        reset() {
          log.calls.push('deflater reset');
          real.reset();
        },
        release() {
          log.live--;
          real.release();
        },
      };
    },
    createInflater(params): Inflater {
      log.calls.push(`inflater ${JSON.stringify(params)}`);
      log.live++;
      const real = zlibCodec.createInflater(params);
      return {
        inflate(bytes, fin, maxLength) {
          const output = real.inflate(bytes, fin, maxLength);
          return typeof output === 'number' ? output : output.slice();
        },
        idle: () => real.idle?.(),
        reset() {
          log.calls.push('inflater reset');
          real.reset();
        },
        release() {
          log.live--;
          real.release();
        },
      };
    },
    ...(later && { deflateLater: later }),
  };
}

/** The offer or answer as the handshake would hand it over. */
function element(field: string): ExtensionElement {
  const [name, ...params] = field.split('; ');
  return { name, params: params.map((one) => one.split('=')).map(([key, value]) => [key, value]) };
}

interface Pair {
  client: PermessageDeflate;
  server: PermessageDeflate;
  clientLog: Log;
  serverLog: Log;
}

function pair(clientOptions: CompressOptions = {}, serverOptions: CompressOptions = {}): Pair {
  const clientLog = { calls: [], live: 0 };
  const serverLog = { calls: [], live: 0 };
  const client = new PermessageDeflate(false, clientOptions, recordingCodec(clientLog));
  const server = new PermessageDeflate(true, serverOptions, recordingCodec(serverLog));
  const answer = server.accept([element(client.offer())]);
  expect(client.confirm(element(answer!))).toBeUndefined();
  return { client, server, clientLog, serverLog };
}

function agreedServer(
  offer = 'permessage-deflate',
  options: CompressOptions = {},
  codec = zlibCodec,
): PermessageDeflate {
  const server = new PermessageDeflate(true, options, codec);
  server.accept([element(offer)]);
  return server;
}

describe('the negotiation', () => {
  test('agrees', () => {
    const { client, server } = pair();
    expect([client.name, client.agreed, server.agreed]).toEqual(['permessage-deflate', true, true]);
  });

  test('answers the first offer that can be accepted (§5)', () => {
    const server = new PermessageDeflate(true, {}, zlibCodec);
    const offers = ['permessage-deflate; foo', 'permessage-deflate; server_max_window_bits=10', 'permessage-deflate'];
    expect(server.accept(offers.map(element))).toBe('permessage-deflate; server_max_window_bits=10');
    expect(server.agreed).toBe(true);
  });

  test('declines when there is none', () => {
    const server = new PermessageDeflate(true, {}, zlibCodec);
    expect(server.accept([element('permessage-deflate; foo'), element('permessage-deflate; x=1')])).toBeUndefined();
    expect(server.agreed).toBe(false);
  });

  test('says what is wrong with an answer', () => {
    const client = new PermessageDeflate(false, {}, zlibCodec);
    expect(client.confirm(element('permessage-deflate; foo=1'))).toBe('permessage-deflate: unknown parameter');
    expect(client.agreed).toBe(false);
  });

  test('refuses options that are none', () => {
    expect(() => new PermessageDeflate(true, { level: 10 }, zlibCodec)).toThrow(RangeError);
  });
});

describe('contexts', () => {
  test('are not made before they are used', () => {
    const { client, server, clientLog, serverLog } = pair();
    expect([clientLog.calls, serverLog.calls]).toEqual([[], []]);
    server.decompress(client.compress(words(100, 1), true), MAX);
    expect(clientLog.calls).toEqual(['deflater {"windowBits":13,"contextTakeover":true}']);
    expect(serverLog.calls).toEqual(['inflater {"windowBits":15,"contextTakeover":true}']);
  });

  test.each([
    [
      { serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
      { level: 1, memLevel: 3 },
    ],
    [
      { level: 1, memLevel: 3 },
      { serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
    ],
  ])(
    'have the parameters agreed on: client %j, server %j',
    (clientOptions: CompressOptions, serverOptions: CompressOptions) => {
      const { client, server, clientLog, serverLog } = pair(clientOptions, serverOptions);
      server.decompress(client.compress(words(100, 1), true), MAX);
      client.decompress(server.compress(words(100, 1), true), MAX);
      // A server's own smaller window goes without saying.
      const serverBits = clientOptions.serverMaxWindowBits ?? 15;
      const own = (options: CompressOptions): object => ({ level: options.level, memLevel: options.memLevel });
      expect(clientLog.calls).toEqual([
        `deflater ${JSON.stringify({ windowBits: 10, ...own(clientOptions), contextTakeover: true })}`,
        `inflater {"windowBits":${serverBits},"contextTakeover":true}`,
      ]);
      expect(serverLog.calls).toEqual([
        'inflater {"windowBits":10,"contextTakeover":true}',
        `deflater ${JSON.stringify({ windowBits: 9, ...own(serverOptions), contextTakeover: true })}`,
      ]);
      expect(server.params).toMatchObject({ windowBits: 9 });
    },
  );

  test('are taken over from message to message', () => {
    const { client, server, clientLog, serverLog } = pair();
    const message = randomBytes(1000, 1);
    expect(server.decompress(client.compress(message, true), MAX)).toEqual(message);
    const again = client.compress(message, true);
    expect(again.length).toBeLessThan(100);
    expect(server.decompress(again, MAX)).toEqual(message);
    expect([...clientLog.calls, ...serverLog.calls].filter((call) => call.endsWith('reset'))).toEqual([]);
  });

  test.each([
    ['client', { clientNoContextTakeover: true }, {}],
    ['client', {}, { clientNoContextTakeover: true }],
    ['client', { shared: true }, {}],
    ['server', { serverNoContextTakeover: true }, {}],
    ['server', {}, { serverNoContextTakeover: true }],
    ['server', {}, { shared: true }],
  ])(
    'are not taken over from the %s: client %j, server %j (§7.1.1)',
    (side, clientOptions: CompressOptions, serverOptions: CompressOptions) => {
      const { client, server, clientLog, serverLog } = pair(clientOptions, serverOptions);
      const [from, fromLog, to, toLog] =
        side === 'client' ? [client, clientLog, server, serverLog] : [server, serverLog, client, clientLog];
      const message = randomBytes(1000, 1);
      for (let i = 0; i < 2; i++) {
        const first = from.compress(message.subarray(0, 600), false);
        const payload = concat([first, from.compress(message.subarray(600), true)]);
        expect(payload.length).toBeGreaterThan(1000);
        expect(to.decompress(payload, MAX)).toEqual(message);
      }
      expect(fromLog.calls.slice(1)).toEqual(['deflater reset', 'deflater reset']);
      // What a server does of its own accord its client does not know.
      const isAgreed = side === 'client' || clientOptions.serverNoContextTakeover === true;
      expect(toLog.calls.slice(1)).toEqual(isAgreed ? ['inflater reset', 'inflater reset'] : []);
      // The other direction is not concerned.
      from.decompress(to.compress(message, true), MAX);
      expect(to.compress(message, true).length).toBeLessThan(100);
    },
  );

  test.each([
    ['client', {}, 13],
    ['client', { clientMaxWindowBits: 15 }, 15],
    ['client', { shared: true }, 15],
    ['client', { shared: true, clientMaxWindowBits: 12 }, 12],
    ['client', { serverMaxWindowBits: 15, clientMaxWindowBits: 14 }, 14],
    ['server', {}, 13],
    ['server', { serverMaxWindowBits: 15 }, 15],
    ['server', { serverNoContextTakeover: true }, 15],
    ['server', { serverMaxWindowBits: 8 }, 8],
  ])(
    'have a window of 2^13 bytes in the %s where they are taken over, or what %j says',
    (side, options, windowBits) => {
      const { client, server } = side === 'client' ? pair(options) : pair({}, options);
      expect((side === 'client' ? client : server).params.windowBits).toBe(windowBits);
    },
  );

  test('are given up when idle, as far as the next message can do without', () => {
    const { client, server, clientLog } = pair();
    const message = randomBytes(1000, 1);
    client.idle();
    expect(clientLog.calls).toEqual([]);
    for (let i = 0; i < 3; i++) {
      const payload = client.compress(message, true);
      expect(payload.length).toBeGreaterThan(1000);
      expect(server.decompress(payload, MAX)).toEqual(message);
      client.idle();
      client.idle();
      server.idle();
    }
    expect(clientLog.calls.slice(1)).toEqual(['deflater reset', 'deflater reset', 'deflater reset']);
    const parts = [client.compress(message, false), client.compress(message, true)];
    expect(server.decompressPart(parts[0], false, MAX)).toEqual(message);
    server.idle();
    expect(server.decompressPart(parts[1], true, MAX)).toEqual(message);
  });

  test('stay as they are in a codec that can give nothing up', () => {
    const log: Log = { calls: [], live: 0 };
    const codec = recordingCodec(log);
    const server = agreedServer(
      'permessage-deflate',
      {},
      {
        ...codec,
        createInflater: (params) => ({ ...codec.createInflater(params), idle: undefined }),
      },
    );
    const { client } = pair();
    for (let i = 0; i < 2; i++) {
      expect(server.decompress(client.compress(words(100, 1), true), MAX)).toEqual(words(100, 1));
      server.idle();
    }
    expect(log.live).toBe(1);
  });

  test('stay with a compressor that was used since the last time that it was asked', () => {
    const { client, clientLog } = pair();
    const message = randomBytes(1000, 1);
    client.compress(message, true);
    for (let i = 0; i < 3; i++) {
      client.idle();
      expect(client.compress(message, true).length).toBeLessThan(100);
    }
    expect(clientLog.calls.filter((call) => call === 'deflater reset')).toEqual([]);
  });

  test('are freed by release, which is safe to repeat', () => {
    const { client, server, clientLog, serverLog } = pair();
    server.decompress(client.compress(words(100, 1), true), MAX);
    client.decompress(server.compress(words(100, 1), true), MAX);
    expect([clientLog.live, serverLog.live]).toEqual([2, 2]);
    for (let i = 0; i < 2; i++) {
      client.release();
      server.release();
    }
    expect([clientLog.live, serverLog.live]).toEqual([0, 0]);
  });

  test('need not have been made', () => {
    const { client, clientLog } = pair();
    client.release();
    expect(clientLog.calls).toEqual([]);
  });

  test('are not made again after release, nor before an agreement', () => {
    const { client, server, clientLog, serverLog } = pair();
    const payload = server.compress(words(100, 1), true);
    client.release();
    server.release();
    expect(() => client.compress(words(100, 1), true)).toThrow(/outside of its connection/);
    expect(() => client.decompress(payload, MAX)).toThrow(/outside of its connection/);
    expect([clientLog.live, serverLog.live]).toEqual([0, 0]);
    const before = new PermessageDeflate(true, {}, zlibCodec);
    expect(() => before.compress(words(100, 1), true)).toThrow(/outside of its connection/);
    expect(() => before.decompress(payload, MAX)).toThrow(/outside of its connection/);
  });
});

describe('compress', () => {
  test('leaves 00 00 ff ff out at the end of a message (§7.2.1)', () => {
    const server = agreedServer();
    expect([...server.compress(fromHex('48656c6c6f'), true)]).toEqual([...fromHex('f248cdc9c90700')]);
    // §7.2.3.2: the second one refers to the first.
    expect([...server.compress(fromHex('48656c6c6f'), true)]).toEqual([...fromHex('f200110000')]);
    server.release();
  });

  test('sends an empty message as 00 (§7.2.3.6)', () => {
    const { client, server } = pair();
    expect(client.compress(new Uint8Array(0), true)).toEqual(Uint8Array.of(0));
    expect(server.decompress(Uint8Array.of(0), MAX)).toEqual(new Uint8Array(0));
    client.compress(new Uint8Array(0), true).fill(1);
    expect(client.compress(new Uint8Array(0), true)).toEqual(Uint8Array.of(0));
  });

  test('without context takeover too', () => {
    const { client, server } = pair({ clientNoContextTakeover: true });
    expect(server.decompress(client.compress(new Uint8Array(0), true), MAX)).toEqual(new Uint8Array(0));
    expect(server.decompress(client.compress(words(20, 1), true), MAX)).toEqual(words(20, 1));
    expect(server.decompress(client.compress(new Uint8Array(0), true), MAX)).toEqual(new Uint8Array(0));
  });

  test.each([[[5, 5]], [[0, 5]], [[5, 0]], [[0, 0]], [[1, 0, 0, 1, 0]], [[1000, 0, 3, 70_000, 1]]])(
    'compresses the fragments of a message as they come: %j bytes',
    (lengths) => {
      const { client, server } = pair();
      for (let round = 0; round < 3; round++) {
        const parts = lengths.map((length, i) => words(length, i));
        const payloads = parts.map((part, i) => client.compress(part, i === parts.length - 1));
        expect(server.decompress(concat(payloads), MAX)).toEqual(concat(parts));
      }
    },
  );

  test('is worth it from the threshold on', () => {
    const server = agreedServer('permessage-deflate', { threshold: 100 });
    expect([99, 100, 101].map((length) => server.shouldCompress(length))).toEqual([false, true, true]);
    expect(agreedServer('permessage-deflate', { threshold: 0 }).shouldCompress(0)).toBe(true);
  });
});

describe('compressLater', () => {
  const later: DeflateCodec['deflateLater'] = (bytes, params, done) => {
    const deflater = zlibCodec.createDeflater(params);
    done(deflater.deflate(bytes));
    deflater.release();
  };

  test('is for messages of asyncAbove bytes and more, where the codec can', () => {
    const able = recordingCodec({ calls: [], live: 0 }, later);
    const unable = recordingCodec({ calls: [], live: 0 });
    const lengths = [999, 1000, 1001];
    const asked = (codec: DeflateCodec, options: CompressOptions): boolean[] =>
      lengths.map((length) => agreedServer('permessage-deflate', options, codec).shouldCompressLater(length));
    expect(asked(able, { asyncAbove: 1000 })).toEqual([false, true, true]);
    expect(asked(able, {})).toEqual([false, false, false]);
    expect(asked(unable, { asyncAbove: 1000 })).toEqual([false, false, false]);
    expect(asked(able, { asyncAbove: 1, threshold: 1001 })).toEqual([false, false, true]);
  });

  test('gives a payload that takes its place among others after restart', () => {
    const log = { calls: [] as string[], live: 0 };
    const server = new PermessageDeflate(true, { asyncAbove: 1 }, recordingCodec(log, later));
    const client = new PermessageDeflate(false, {}, zlibCodec);
    expect(client.confirm(element(server.accept([element(client.offer())])!))).toBeUndefined();
    const [first, large, last] = [words(1000, 1), randomBytes(50_000, 1), words(1000, 1)];
    expect(client.decompress(server.compress(first, true), MAX)).toEqual(first);
    let payload: Uint8Array | undefined;
    server.compressLater(large, (result) => {
      payload = result;
    });
    server.restart();
    expect(client.decompress(payload!, MAX)).toEqual(large);
    expect(client.decompress(server.compress(last, true), MAX)).toEqual(last);
    client.release();
    server.release();
  });

  test('may fail', () => {
    const codec = recordingCodec({ calls: [], live: 0 }, (_bytes, _params, done) => done(undefined));
    const server = agreedServer('permessage-deflate', { asyncAbove: 1 }, codec);
    let results = 0;
    server.compressLater(words(10, 1), (result) => {
      expect(result).toBeUndefined();
      results++;
    });
    expect(results).toBe(1);
  });

  test('restart before any message does nothing', () => {
    const { client, clientLog } = pair();
    client.restart();
    expect(clientLog.calls).toEqual([]);
  });
});

describe('compressAlone', () => {
  test('makes a context of its own, with what was agreed on, and frees it', () => {
    const { client, server, serverLog } = pair({}, { level: 9, memLevel: 9, serverMaxWindowBits: 10 });
    const message = words(1000, 1);
    server.decompress(client.compress(message, true), MAX);
    const payload = server.compressAlone(message);
    expect(serverLog.calls.slice(1)).toEqual([
      'deflater {"windowBits":10,"level":9,"memLevel":9,"contextTakeover":false}',
    ]);
    expect(serverLog.live).toBe(1);
    expect(client.decompress(payload, MAX)).toEqual(message);
    expect(server.compressAlone(message)).toEqual(payload);
  });

  test('sends an empty message as 00 (§7.2.3.6)', () => {
    expect(agreedServer().compressAlone(new Uint8Array(0))).toEqual(Uint8Array.of(0));
  });

  test('frees its context when the codec throws', () => {
    let released = 0;
    const failing: Deflater = {
      deflate() {
        throw new Error('no memory');
      },
      reset: () => {},
      release: () => released++,
    };
    const server = agreedServer('permessage-deflate', {}, { ...zlibCodec, createDeflater: () => failing });
    expect(() => server.compressAlone(words(10, 1))).toThrow('no memory');
    expect(released).toBe(1);
  });
});

describe('decompress', () => {
  test('takes a message of no bytes for an empty one', () => {
    const { client, server } = pair();
    expect(server.decompress(new Uint8Array(0), MAX)).toEqual(new Uint8Array(0));
    expect(server.decompress(client.compress(words(20, 1), true), MAX)).toEqual(words(20, 1));
    expect(server.decompress(new Uint8Array(0), MAX)).toEqual(new Uint8Array(0));
  });

  test('takes a message in parts, empty ones among them', () => {
    const { client, server } = pair();
    for (let round = 0; round < 3; round++) {
      const payload = client.compress(words(3000, round), true);
      const parts = [[], [...payload.subarray(0, 10)], [], [...payload.subarray(10)], []].map((one) =>
        Uint8Array.from(one),
      );
      const outputs = parts.map((part, i) => server.decompressPart(part, i === parts.length - 1, MAX) as Uint8Array);
      expect(concat(outputs)).toEqual(words(3000, round));
    }
  });

  test('fails with 1007 for invalid data, frees the context at once and stays failed', () => {
    const { client, server, serverLog } = pair();
    const good = client.compress(words(100, 1), true);
    expect(server.decompress(good, MAX)).toEqual(words(100, 1));
    expect(server.decompress(fromHex('07'), MAX)).toBe(1007);
    expect(serverLog.live).toBe(0);
    expect(server.decompress(good, MAX)).toBe(1007);
    expect(server.decompressPart(new Uint8Array(0), true, MAX)).toBe(1007);
    // Sending still works: the Close frame is not the only thing that may be on its way.
    expect(client.decompress(server.compress(words(100, 2), true), MAX)).toEqual(words(100, 2));
    server.release();
    expect(serverLog.live).toBe(0);
    expect(server.decompress(good, MAX)).toBe(1007);
  });

  test('fails with 1009 for a message longer than may be', () => {
    const { client, server, serverLog } = pair();
    const payload = client.compress(words(1000, 1), true);
    expect(server.decompress(payload, 999)).toBe(1009);
    expect(serverLog.live).toBe(0);
    expect(server.decompress(payload, MAX)).toBe(1009);
  });

  test('fails with 1009 in the part that goes over the limit, and not at the end of the message', () => {
    const { client, server } = pair();
    const fragments = [0, 1, 2].map((seed) => client.compress(words(1000, seed), seed === 2));
    expect((server.decompressPart(fragments[0], false, 1500) as Uint8Array).length).toBe(1000);
    expect(server.decompressPart(fragments[1], false, 500)).toBe(1009);
  });

  test('fails with 1007 where the peer breaks its promise of no context takeover', () => {
    const { server } = pair({ clientNoContextTakeover: true });
    const rogue = pair().client;
    const message = randomBytes(500, 1);
    expect(server.mayLackContext).toBe(false);
    expect(server.decompress(rogue.compress(message, true), MAX)).toEqual(message);
    expect(server.decompress(rogue.compress(message, true), MAX)).toBe(1007);
    expect(server.mayLackContext).toBe(true);
  });

  test('does not blame a lack of context for the first message, however much of it was inflated', () => {
    const { client, server } = pair({ clientNoContextTakeover: true });
    const part = client.compress(words(100, 1), false);
    expect(server.decompressPart(part, false, MAX)).toEqual(words(100, 1));
    expect(server.decompressPart(fromHex('07'), true, MAX)).toBe(1007);
    expect(server.mayLackContext).toBe(false);
  });

  test('fails with 1007 where the peer breaks its promise of a smaller window', () => {
    const { server } = pair({ clientMaxWindowBits: 9 });
    const rogue = pair().client;
    const message = randomBytes(3000, 1);
    expect(server.decompress(rogue.compress(message, true), MAX)).toEqual(message);
    expect(server.decompress(rogue.compress(message, true), MAX)).toBe(1007);
    expect(server.mayLackContext).toBe(false);
  });
});
