/** The pair that tests stand on is tested itself: what it carries, and how it ends the transport. */
import { describe, expect, test } from 'vitest';
import { TimeoutError, WebSocketError } from '../../protocol/index.ts';
import { cut, everyCutting, join } from './cuts.ts';
import { ConnectionPair } from './pair.ts';

describe('cuts', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5);

  test('whole, in pieces of a size, at offsets; never an empty piece', () => {
    const sizes = (...args: Parameters<typeof cut>) => cut(...args).map((piece) => [...piece]);
    expect(sizes(bytes, 'whole')).toEqual([[1, 2, 3, 4, 5]]);
    expect(sizes(bytes, 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(sizes(bytes, 5)).toEqual([[1, 2, 3, 4, 5]]);
    expect(sizes(bytes, [1, 4])).toEqual([[1], [2, 3, 4], [5]]);
    expect(sizes(bytes, [0, 2, 2, 9])).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    expect(sizes(new Uint8Array(0), 'whole')).toEqual([]);
  });

  test('every piece has memory of its own', () => {
    for (const cutting of everyCutting(5)) {
      const pieces = cut(bytes, cutting);
      expect(join(...pieces)).toEqual(bytes);
      for (const piece of pieces) piece.fill(0);
    }
    expect([...bytes]).toEqual([1, 2, 3, 4, 5]);
  });

  test('every cutting: whole, byte by byte, and each split', () => {
    expect([...everyCutting(4)]).toEqual(['whole', 1, [1], [2], [3]]);
    expect([...everyCutting(1)]).toEqual(['whole']);
  });
});

describe('a pair', () => {
  const cuttings = ['whole', 1, 7, [1], [100]] as const;

  test.each(cuttings)('opens, carries and closes, cut %s', (cutting) => {
    const pair = new ConnectionPair({ cutting });
    expect(pair.client.events.map(({ type }) => type)).toEqual(['open']);
    expect(pair.server.events.map(({ type }) => type)).toEqual(['request', 'open']);
    pair.client.connection.sendText('héllo');
    pair.server.connection.sendBinary(Uint8Array.of(1, 2, 3));
    pair.server.connection.ping();
    pair.shuttle();
    expect(pair.server.messages).toEqual(['héllo']);
    expect(pair.client.messages).toEqual([Uint8Array.of(1, 2, 3)]);
    pair.client.connection.close(1000, 'bye');
    pair.shuttle();
    expect(pair.client.closed).toMatchObject({ code: 1000, reason: 'bye', clean: true, first: 'sent' });
    expect(pair.server.closed).toMatchObject({ code: 1000, reason: 'bye', clean: true, first: 'received' });
    expect(pair.client.events.at(-1)?.type).toBe('closed');
    expect(pair.server.events.at(-1)?.type).toBe('closed');
  });

  test('leaves the decision to the test, if it wants it', () => {
    const pair = new ConnectionPair({ undecided: true });
    pair.shuttle();
    expect(pair.server.events.map(({ type }) => type)).toEqual(['request']);
    pair.server.connection.reject({ status: 401 });
    pair.shuttle();
    expect(pair.client.closed?.error).toMatchObject({ name: 'HandshakeError', response: { status: 401 } });
    expect(pair.server.closed).toMatchObject({ code: 1006 });
  });

  test('can be open from the start', () => {
    const pair = new ConnectionPair({ established: true });
    pair.client.connection.sendText('first');
    pair.shuttle();
    expect(pair.client.events).toEqual([]);
    expect(pair.server.messages).toEqual(['first']);
    expect(pair.client.bytes.length).toBe(2 + 4 + 5);
  });

  test('lets what is due happen at its time', () => {
    const pair = new ConnectionPair();
    pair.advance(60_000);
    expect(pair.now).toBe(60_000);
    const pings = (side: 'client' | 'server') => pair[side].events.filter(({ type }) => type === 'pong').length;
    // The ping of one is a sign of life for the other.
    expect(pings('client') + pings('server')).toBeGreaterThanOrEqual(3);
    expect(pair.client.closed).toBeUndefined();
  });

  test('carries in one direction only, if asked to', () => {
    const pair = new ConnectionPair();
    pair.client.connection.close();
    expect(pair.carry('client')).toBe(true);
    expect(pair.carry('client')).toBe(false);
    expect(pair.client.closed).toBeUndefined();
    pair.now += 10_000;
    pair.client.connection.handleTimeout(pair.now);
    expect(pair.client.connection.closeInfo?.error).toBeInstanceOf(TimeoutError);
    pair.shuttle();
    expect(pair.server.closed?.clean).toBe(true);
  });

  test('tells both when the transport breaks, once', () => {
    const pair = new ConnectionPair();
    const cause = new Error('ECONNRESET');
    pair.breakTransport(cause);
    pair.breakTransport();
    pair.shuttle();
    for (const side of [pair.client, pair.server]) {
      expect(side.closed?.error).toBeInstanceOf(WebSocketError);
      expect(side.closed?.error?.cause).toBe(cause);
      expect(side.events.filter(({ type }) => type === 'closed').length).toBe(1);
    }
  });
});
