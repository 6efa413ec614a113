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

  test('says which messages are to be deflated later', () => {
    const { codec } = laterCodec();
    const asked = (compress: CompressOptions | undefined, its = codec): boolean[] => {
      const deflate = compress && agreed(role, compress, its);
      const { connection } = openEndpoint(role, { deflate });
      return [999, 1000, Number.MAX_SAFE_INTEGER].map((length) => connection.deflatesLater(length));
    };
    expect(asked({ asyncAbove: 1000 })).toEqual([false, true, true]);
    expect(asked({ asyncAbove: 10, threshold: 1000 })).toEqual([false, true, true]);
    expect(asked({})).toEqual([false, false, false]);
    expect(asked({ asyncAbove: 1000 }, { ...codec, deflateLater: undefined })).toEqual([false, false, false]);
    expect(asked(undefined)).toEqual([false, false, false]);
  });

  test('sends what was deflated later among messages that refer to each other', () => {
    const later = laterCodec();
    const endpoint = openEndpoint(role, { deflate: agreed(role, { asyncAbove: 1000 }, later.codec) });
    const { connection } = endpoint;
    const read = reader(endpoint, agreed(peerRole, {}));
    const [small, large] = [text(200, 1), text(5000, 2)];
    const message = new PreparedMessage(large);
    let done = 0;
    connection.sendText(small);
    expect(connection.deflateLater(message, () => done++)).toBe(true);
    connection.sendText(small);
    expect([done, later.waiting()]).toEqual([0, 1]);
    later.finish();
    expect(done).toBe(1);
    connection.sendPrepared(message);
    connection.sendText(small);
    connection.sendText(large);
    expect(read()).toEqual([`*${small}`, `*${small}`, `*${large}`, `*${small}`, `*${large}`]);
  });

  test('shares what was deflated later with those that compress alike, and with no others', () => {
    const later = laterCodec();
    const bits = role === 'server' ? 'serverMaxWindowBits' : 'clientMaxWindowBits';
    const endpoints = [{}, {}, { [bits]: 9 }, { level: 1 }].map((options) =>
      openEndpoint(role, { deflate: agreed(role, { asyncAbove: 1000, ...options }, later.codec) }),
    );
    const large = text(5000, 2);
    const message = new PreparedMessage(large);
    let done = 0;
    for (const { connection } of endpoints) expect(connection.deflateLater(message, () => done++)).toBe(true);
    expect(later.waiting()).toBe(3);
    later.finish();
    expect(done).toBe(4);
    for (const endpoint of endpoints) {
      expect(endpoint.connection.deflateLater(message, () => done++)).toBe(false);
      endpoint.connection.sendPrepared(message);
      expect(reader(endpoint, agreed(peerRole, {}))()).toEqual([`*${large}`]);
    }
    expect([done, later.waiting()]).toEqual([4, 0]);
  });

  test('deflates on the spot what could not be deflated later', () => {
    const later = laterCodec();
    const endpoint = openEndpoint(role, { deflate: agreed(role, { asyncAbove: 1000 }, later.codec) });
    const large = Buffer.from(words(5000, 1)).toString('latin1');
    const message = new PreparedMessage(Buffer.from(large, 'latin1'));
    let done = 0;
    endpoint.connection.deflateLater(message, () => done++);
    later.fail();
    expect(done).toBe(1);
    endpoint.connection.sendPrepared(message);
    expect(reader(endpoint, agreed(peerRole, {}))()).toEqual([`*${large}`]);
    // And it may be tried again.
    expect(endpoint.connection.deflateLater(new PreparedMessage(large), () => done++)).toBe(true);
  });

  test('has nothing to wait for where compression was not agreed on', () => {
    const { connection } = openEndpoint(role);
    expect(connection.deflateLater(new PreparedMessage('x'), () => {})).toBe(false);
  });

  test('says beforehand what close would throw', () => {
    const { connection } = openEndpoint(role);
    expect(() => connection.checkClose(1006, '')).toThrow(RangeError);
    expect(() => connection.checkClose(1005, 'reason')).toThrow(RangeError);
    connection.checkClose(1005, '');
    connection.checkClose(4000, 'reason');
    expect(connection.phase).toBe(1);
  });
});

test('whoever waits for a message to be deflated is called, though another one throws at that', () => {
  const { codec, finish } = laterCodec();
  const message = new PreparedMessage('x'.repeat(100));
  const called: number[] = [];
  for (const one of [1, 2, 3]) {
    PreparedMessage.encodingsOf(message).deflateLater(agreed('server', {}, codec), () => {
      called.push(one);
      if (one === 1) throw new Error('of the first');
    });
  }
  expect(finish).toThrow('of the first');
  expect(called).toEqual([1, 2, 3]);
});
