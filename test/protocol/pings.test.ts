import { describe, expect, test } from 'vitest';
import { pingPayload, PingLedger } from '../../protocol/pings.ts';
import { utf8 } from '../support/frames.ts';

const UNSOLICITED = { id: 0, roundTrip: 0 };

describe('PingLedger', () => {
  test('a pong with a ping’s payload answers it, once', () => {
    const pings = new PingLedger();
    expect(pings.nextId).toBe(1);
    expect(pings.send(utf8('a'), 100)).toBe(1);
    expect(pings.nextId).toBe(2);
    expect(pings.acknowledge(utf8('a'), 130)).toEqual({ id: 1, roundTrip: 30 });
    expect(pings.acknowledge(utf8('a'), 140)).toEqual(UNSOLICITED);
  });

  test('§5.5.3: a pong for the most recent ping answers those before it', () => {
    const pings = new PingLedger();
    for (const [i, payload] of ['a', 'b', 'c', 'd'].entries()) pings.send(utf8(payload), i);
    expect(pings.acknowledge(utf8('c'), 10)).toEqual({ id: 3, roundTrip: 8 });
    expect(pings.acknowledge(utf8('a'), 11)).toEqual(UNSOLICITED);
    expect(pings.acknowledge(utf8('b'), 11)).toEqual(UNSOLICITED);
    expect(pings.acknowledge(utf8('d'), 12)).toEqual({ id: 4, roundTrip: 9 });
  });

  test('pings with the same payload are answered as the newest of them', () => {
    const pings = new PingLedger();
    pings.send(utf8(''), 0);
    pings.send(utf8(''), 5);
    expect(pings.acknowledge(utf8(''), 6)).toEqual({ id: 2, roundTrip: 1 });
    expect(pings.acknowledge(utf8(''), 7)).toEqual(UNSOLICITED);
  });

  test('payloads are compared byte for byte, and kept as a copy', () => {
    const pings = new PingLedger();
    const payload = Uint8Array.of(1, 2);
    pings.send(payload, 0);
    payload.fill(9);
    for (const other of [[], [1], [1, 3], [1, 2, 3], [9, 9]]) {
      expect(pings.acknowledge(Uint8Array.from(other), 1)).toEqual(UNSOLICITED);
    }
    expect(pings.acknowledge(Uint8Array.of(1, 2), 1)).toEqual({ id: 1, roundTrip: 1 });
  });

  test('remembers the last 256 that were not answered, and answers the older ones with them', () => {
    const pings = new PingLedger();
    for (let id = 1; id <= 1000; id++) pings.send(pingPayload(id), id);
    expect(pings.acknowledge(pingPayload(744), 1000)).toEqual(UNSOLICITED);
    expect(pings.acknowledge(pingPayload(745), 1000)).toEqual({ id: 745, roundTrip: 255 });
    expect(pings.acknowledge(pingPayload(1000), 1001)).toEqual({ id: 1000, roundTrip: 1 });
  });
});

test('a ping that was given no payload is told from every other', () => {
  expect(pingPayload(1)).toEqual(Uint8Array.of(0, 0, 0, 1));
  expect(pingPayload(0x01020304)).toEqual(Uint8Array.of(1, 2, 3, 4));
  expect(pingPayload(0xffffffff)).toEqual(Uint8Array.of(255, 255, 255, 255));
});
