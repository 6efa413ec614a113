/** Messages that are encoded once for many connections, and deflated off the thread where that is asked for. */
import { describe, expect, test } from 'vitest';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import type { CompressOptions, DeflateCodec } from '../../protocol/index.ts';
import { PreparedMessage } from '../../protocol/index.ts';
import { PermessageDeflate } from '../../protocol/internal.ts';
import { randomBytes, words } from '../support/deflate-codec-suite.ts';
import { type Endpoint, openEndpoint, type Role, ROLES } from '../support/endpoint.ts';
import { utf8 } from '../support/frames.ts';

const zlib = createZlibCodec();

/** What is deflated later is deflated when `finish` is called; `fail` has it come to nothing. */
function laterCodec(): { codec: DeflateCodec; finish: () => void; fail: () => void; waiting: () => number } {
  let jobs: ((fails: boolean) => void)[] = [];
  const run = (fails: boolean): void => {
    for (const job of jobs.splice(0)) job(fails);
  };
  return {
    codec: {
      createDeflater: (params) => zlib.createDeflater(params),
      createInflater: (params) => zlib.createInflater(params),
      deflateLater(bytes, params, done) {
        jobs.push((fails) => {
          const deflater = zlib.createDeflater(params);
          done(fails ? undefined : new Uint8Array(deflater.deflate(bytes)));
          deflater.release();
        });
      },
    },
    finish: () => run(false),
    fail: () => run(true),
    waiting: () => jobs.length,
  };
}

function agreed(role: Role, options: CompressOptions, codec: DeflateCodec = zlib): PermessageDeflate {
  const deflate = new PermessageDeflate(role === 'server', { threshold: 10, ...options }, codec);
  const element = { name: 'permessage-deflate', params: [] };
  if (role === 'server') deflate.accept([element]);
  else deflate.confirm(element);
  return deflate;
}

/** What an endpoint has sent, as its peer reads it: `*` marks what was compressed. */
function reader(endpoint: Endpoint, peer: PermessageDeflate): () => string[] {
  return () =>
    endpoint.sentFrames().map(({ rsv1, payload }) => {
      const bytes = rsv1 ? (peer.decompress(payload, Infinity) as Uint8Array) : payload;
      return `${rsv1 ? '*' : ''}${Buffer.from(bytes).toString('latin1')}`;
    });
}

test('a prepared message has the frame that a server sends', () => {
  const message = new PreparedMessage('hello');
  expect([...message.frame]).toEqual([0x81, 5, ...utf8('hello')]);
  expect(message.frame).toBe(message.frame);
  expect([...new PreparedMessage(Uint8Array.of(1, 2)).frame]).toEqual([0x82, 2, 1, 2]);
});

describe.each(ROLES)('a %s', (role) => {
  const peerRole = role === 'server' ? 'client' : 'server';
  const text = (length: number, seed: number): string => Buffer.from(randomBytes(length, seed)).toString('hex');

  /** One that has messages deflated later, and goes on by itself when they are. */
  const laterEndpoint = (compress: CompressOptions | undefined, codec: DeflateCodec): Endpoint =>
    openEndpoint(role, {
      deflate: compress && agreed(role, compress, codec),
      on: (endpoint) => ({ onDeflated: () => endpoint.connection.handleDeflated(endpoint.now) }),
    });

  test('has those messages deflated later that are large enough', () => {
    const asked = (compress: CompressOptions | undefined, has = true): number[] => {
      const later = laterCodec();
      return [999, 1000, 100_000].map((length) => {
        const codec = has ? later.codec : { ...later.codec, deflateLater: undefined };
        laterEndpoint(compress, codec).connection.sendBinary(new Uint8Array(length));
        return later.waiting();
      });
    };
    expect(asked({ asyncAbove: 1000 })).toEqual([0, 1, 2]);
    expect(asked({ asyncAbove: 10, threshold: 1000 })).toEqual([0, 1, 2]);
    expect(asked({})).toEqual([0, 0, 0]);
    expect(asked({ asyncAbove: 1000 }, false)).toEqual([0, 0, 0]);
    expect(asked(undefined)).toEqual([0, 0, 0]);
  });

  test('has none deflated later when its sink would not hear of it', () => {
    const later = laterCodec();
    const { connection } = openEndpoint(role, { deflate: agreed(role, { asyncAbove: 1000 }, later.codec) });
    connection.sendBinary(new Uint8Array(5000));
    expect(later.waiting()).toBe(0);
    expect(connection.bufferedAmount).toBe(connection.outputSize);
    expect(connection.takeOutput().length).toBe(1);
    connection.handleDeflated(0);
    expect(connection.takeOutput()).toEqual([]);
  });

  test('sends what was deflated later among messages that refer to each other', () => {
    const later = laterCodec();
    const endpoint = laterEndpoint({ asyncAbove: 1000 }, later.codec);
    const { connection } = endpoint;
    const read = reader(endpoint, agreed(peerRole, {}));
    const [small, large] = [text(200, 1), text(5000, 2)];
    connection.sendText(small);
    connection.sendText(large);
    connection.sendText(small);
    expect(later.waiting()).toBe(1);
    expect(read()).toEqual([`*${small}`]);
    later.finish();
    connection.sendText(small);
    expect(read()).toEqual([`*${large}`, `*${small}`, `*${small}`]);
  });

  test('shares what was deflated later with those that compress alike, and with no others', () => {
    const later = laterCodec();
    const bits = role === 'server' ? 'serverMaxWindowBits' : 'clientMaxWindowBits';
    const endpoints = [{}, {}, { [bits]: 9 }, { level: 1 }].map((options) =>
      laterEndpoint({ asyncAbove: 1000, ...options }, later.codec),
    );
    const large = text(5000, 2);
    const message = new PreparedMessage(large);
    for (const { connection } of endpoints) connection.sendPrepared(message);
    expect(later.waiting()).toBe(3);
    for (const endpoint of endpoints) expect(endpoint.sentFrames()).toEqual([]);
    later.finish();
    for (const endpoint of endpoints) {
      const read = reader(endpoint, agreed(peerRole, {}));
      expect(read()).toEqual([`*${large}`]);
      endpoint.connection.sendPrepared(message);
      expect(read()).toEqual([`*${large}`]);
    }
    expect(later.waiting()).toBe(0);
  });

  test('deflates on the spot what could not be deflated later', () => {
    const later = laterCodec();
    const endpoint = laterEndpoint({ asyncAbove: 1000 }, later.codec);
    const large = Buffer.from(words(5000, 1)).toString('latin1');
    endpoint.connection.sendBinary(Buffer.from(large, 'latin1'));
    later.fail();
    expect(reader(endpoint, agreed(peerRole, {}))()).toEqual([`*${large}`]);
    // And it may be tried again.
    endpoint.connection.sendText(large);
    expect(later.waiting()).toBe(1);
  });

  test('throws for a Close frame that may not be sent before anything has changed', () => {
    const { connection } = openEndpoint(role);
    expect(() => connection.close(1006)).toThrow(RangeError);
    expect(() => connection.close(1005, 'reason')).toThrow(RangeError);
    expect([connection.phase, connection.outputSize]).toEqual([1, 0]);
  });
});

test.each([[[1]], [[1, 3]]])(
  'whoever waits for a message to be deflated is called, though others throw at that: %j',
  (throwing) => {
    const { codec, finish } = laterCodec();
    const message = new PreparedMessage('x'.repeat(100));
    const called: number[] = [];
    for (const one of [1, 2, 3]) {
      PreparedMessage.encodingsOf(message).deflateLater(agreed('server', {}, codec), () => {
        called.push(one);
        if (throwing.includes(one)) throw new Error(`of ${one}`);
      });
    }
    expect(finish).toThrow('of 1');
    expect(called).toEqual([1, 2, 3]);
  },
);

test('a message that could not be deflated may be tried again, and whoever asks is called', () => {
  const { codec, finish, fail } = laterCodec();
  const encodings = PreparedMessage.encodingsOf(new PreparedMessage('x'.repeat(100)));
  const called: string[] = [];
  const ask = (name: string) => encodings.deflateLater(agreed('server', {}, codec), () => called.push(name));
  expect(ask('first')).toBe(true);
  fail();
  expect(ask('second')).toBe(true);
  finish();
  expect(called).toEqual(['first', 'second']);
  expect(ask('third')).toBe(false);
});
