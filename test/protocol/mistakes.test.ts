/** Calls of the core that are held wrong, as plain JavaScript can hold them: each is told at once, and nothing has changed. */
import { describe, expect, test } from 'vitest';
import {
  acceptKey,
  answerUpgrade,
  Connection,
  establishDeflate,
  InvalidStateError,
  Phase,
  ProtocolError,
  Resources,
} from '../../protocol/index.ts';

const open = (): any => Connection.established('server', { now: 5, sink: {} });
const head = {
  method: 'GET',
  target: '/',
  version: '1.1',
  rawHeaders: [
    ...['Host', 'a', 'Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Version', '13'],
    ...['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
  ],
};
const asked = (): any => {
  const connection = Connection.server({ now: 5, sink: { onRequest() {} } });
  connection.receiveHead(head, 5);
  return connection;
};

describe('a time that is none', () => {
  const bytes = new Uint8Array([0x81, 0x80, 0, 0, 0, 0]);
  const calls: [string, () => any, (connection: any, now: unknown) => void][] = [
    ['receive', open, (connection, now) => connection.receive(bytes.slice(), now)],
    ['receiveFrom', open, (connection, now) => connection.receiveFrom(bytes.slice(), 6, now)],
    ['receiveEof', open, (connection, now) => connection.receiveEof(now)],
    ['transportLost', open, (connection, now) => connection.transportLost(now)],
    ['outputLost', open, (connection, now) => connection.outputLost(now)],
    ['handleTimeout', open, (connection, now) => connection.handleTimeout(now)],
    ['resume', open, (connection, now) => connection.resume(now)],
    ['ping', open, (connection, now) => connection.ping(undefined, now)],
    ['close', open, (connection, now) => connection.close(1000, '', now)],
    ['conclude', open, (connection, now) => connection.conclude(now)],
    ['terminate', open, (connection, now) => connection.terminate(now)],
    [
      'receiveHead',
      () => Connection.server({ now: 5, sink: {} }),
      (connection, now) => connection.receiveHead(head, now),
    ],
    [
      'receiveFields',
      () => Connection.server({ now: 5, sink: {} }),
      (connection, now) => connection.receiveFields([], false, now),
    ],
    ['accept', asked, (connection, now) => connection.accept({}, now)],
    ['reject', asked, (connection, now) => connection.reject({ status: 403 }, now)],
  ];

  test.each(calls)('%s says so, and changes nothing', (_name, make, call) => {
    const error = new Error('the write failed');
    for (const [now, text] of [
      [NaN, ', not NaN'],
      [Infinity, ', not Infinity'],
      [null, ', not null'],
      ['5', ', not a string'],
      [5n, ', not a bigint'],
      [error, ', not an Error'],
    ] as const) {
      const connection = make();
      const before = [connection.state, connection.nextTimeout()];
      expect(() => call(connection, now)).toThrow(new TypeError(`now must be a number of milliseconds${text}`));
      expect([connection.state, connection.nextTimeout()]).toEqual(before);
      expect(connection.takeOutput()).toEqual([]);
    }
  });

  test('every call that takes a time is one of those above', () => {
    const members = Object.getOwnPropertyDescriptors(Connection.prototype);
    const timed = Object.keys(members).filter((name) => /^\w+\([^)]*\bnow\b/.test(String(members[name].value)));
    // The last does nothing, whatever it is given, where nothing is being deflated.
    expect(timed.sort()).toEqual([...calls.map(([name]) => name), 'handleDeflated'].sort());
  });

  test('one that was left out of what must have it', () => {
    for (const name of ['receiveEof', 'transportLost', 'outputLost', 'handleTimeout']) {
      expect(() => open()[name]()).toThrow(new TypeError('now must be a number of milliseconds'));
    }
    expect(() => open().receive(bytes.slice())).toThrow(new TypeError('now must be a number of milliseconds'));
  });

  test('one that a connection is to begin with', () => {
    for (const now of [NaN, Infinity, -Infinity]) {
      const text = `now must be a number of milliseconds, not ${now}`;
      expect(() => Connection.server({ now, sink: {} })).toThrow(new TypeError(text));
      expect(() => Connection.established('client', { now, sink: {} })).toThrow(new TypeError(text));
      expect(() => Connection.client({ url: 'ws://a/' }, { now, sink: {} })).toThrow(new TypeError(text));
    }
  });
});

describe('another argument', () => {
  const codec = { createDeflater: () => ({}) as never, createInflater: () => ({}) as never };
  test.each<[string, () => void]>([
    [
      "Connection.established: the role must be 'client' or 'server', not 'srv'",
      () => Connection.established('srv' as never, { now: 0, sink: {} }),
    ],
    [
      "establishDeflate: the role must be 'client' or 'server', not undefined",
      () => establishDeflate(undefined as never, 'x', {}, codec),
    ],
    [
      'establishDeflate: extensions must be a string, not undefined',
      () => establishDeflate('server', undefined as never, {}, codec),
    ],
    ['a Sec-WebSocket-Key is a string, not undefined', () => acceptKey(undefined as never)],
    ['expected a PreparedMessage, not undefined', () => open().sendPrepared(undefined)],
    ['expected a PreparedMessage, not a string', () => open().sendPrepared('text')],
    [
      'a request head has a method, a target and a version',
      () => Connection.server({ now: 0, sink: {} }).receiveHead(undefined as never, 0),
    ],
    ['a request head has a method, a target and a version', () => answerUpgrade(null as never)],
    ['bytes must be an ArrayBuffer, a typed array or a DataView, not a string', () => open().receive('text', 6)],
    ['bytes must be an ArrayBuffer, a typed array or a DataView, not undefined', () => open().receive(undefined, 6)],
    ['bytes must be an ArrayBuffer, a typed array or a DataView, not a string', () => open().sendBinary('text')],
    ['bytes must be an ArrayBuffer, a typed array or a DataView, not a string', () => open().ping('text')],
    ['an acceptance must be an object: { headers, subprotocol }, not the number 6', () => asked().accept(6)],
  ])('%s', (text, call) => {
    expect(call).toThrow(new TypeError(text));
  });

  test("a deflate that is another role's, another connection's, or none", () => {
    const deflate = establishDeflate('client', 'permessage-deflate', {}, codec);
    const give = (role: 'client' | 'server', options: object) => () =>
      Connection.established(role, { now: 0, sink: {}, ...options });
    expect(give('server', { deflate })).toThrow(new TypeError('deflate was established for a client'));
    const other = establishDeflate('server', 'permessage-deflate', {}, codec);
    expect(give('client', { deflate: other })).toThrow(new TypeError('deflate was established for a server'));
    expect(give('client', { deflate })).not.toThrow();
    expect(give('client', { deflate })).toThrow(
      new InvalidStateError('deflate is the one of another connection: establish one for each'),
    );
    const what = 'Connection.established: deflate must be what establishDeflate has returned, not an object';
    expect(give('client', { deflate: {} })).toThrow(new TypeError(what));
    const resources = 'Connection.established: resources must be a Resources, not an object';
    expect(give('client', { resources: {} })).toThrow(new TypeError(resources));
  });

  test('an agreement on compression, without what compresses', () => {
    const text = 'Connection.established: extensions has permessage-deflate: give its deflate, of establishDeflate';
    const opening = { extensions: 'permessage-deflate; server_no_context_takeover' };
    expect(() => Connection.established('server', { now: 0, sink: {}, ...opening })).toThrow(new TypeError(text));
  });

  test.each([undefined, {}, { createDeflater() {} }])('a codec that is none: %s', (given) => {
    const what = 'codec must be a DeflateCodec, with createDeflater, createInflater, not';
    const text = `${what} ${given === undefined ? 'undefined' : 'an object'}`;
    const codec = given as never;
    expect(() => establishDeflate('server', '', {}, codec)).toThrow(new TypeError(`establishDeflate: ${text}`));
    if (given === undefined) return; // to a connection that means none
    expect(() => Connection.server({ now: 0, sink: {}, codec })).toThrow(new TypeError(`Connection.server: ${text}`));
  });

  test('a fragment that does not say whether it is the last', () => {
    for (const [fin, text] of [
      [undefined, 'undefined'],
      [1, 'the number 1'],
      [{ fin: true }, 'an object'],
    ] as const) {
      const connection = open();
      expect(() => connection.sendFragment('a', fin)).toThrow(new TypeError(`fin must be true or false, not ${text}`));
      connection.sendText('b'); // no message has begun
      expect(connection.takeOutput()).toEqual([new Uint8Array([0x81, 1, 98])]);
    }
  });

  test('parts of the runtime that are none', () => {
    const make = (options: object) => () => new Resources(options);
    expect(make({ randomm: () => {} })).toThrow(/^Resources: unknown option randomm: .*random/);
    expect(make({ random: 4 })).toThrow(new TypeError('Resources: random must be a function, not the number 4'));
    expect(make({ text: { decode() {} } })).toThrow(/^Resources: text must be a TextCodec, with decode, /);
    expect(make({ masker: {} })).toThrow(/^Resources: masker must be a Masker, with apply, copy, not an object$/);
    expect(make({ slab: 'none' })).toThrow(new TypeError('Resources: slab must be a Uint8Array, not a string'));
    expect(make({ slab: new DataView(new ArrayBuffer(64)) })).toThrow(
      new TypeError('Resources: slab must be a Uint8Array, not a DataView'),
    );
    expect(make({ slabSize: false })).toThrow(new TypeError('Resources: slabSize must be a number, not false'));
  });

  test('an error that is none of ours is the cause of an end by terminate', () => {
    const own = new ProtocolError(1008, '', { message: 'no' });
    const ended = open();
    ended.terminate(6, own);
    expect(ended.closeInfo.error).toBe(own);
    const cause = new Error('the disk is full');
    const connection = open();
    connection.terminate(6, cause);
    expect(connection.phase).toBe(Phase.CLOSED);
    expect(connection.closeInfo.error).toMatchObject({
      name: 'ConnectionLostError',
      kind: 'terminated',
      code: 1006,
      cause,
    });
  });
});
