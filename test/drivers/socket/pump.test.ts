import { expect, test } from 'vitest';
import type { PumpOwner } from '../../../drivers/socket/pump-parts.ts';
import { Pump } from '../../../drivers/socket/pump.ts';
import { SocketSetting } from '../../../drivers/socket/socket-parts.ts';
import type { Clock } from '../../../drivers/clock.ts';
import type { Transport } from '../../../drivers/transport.ts';
import { Connection, Resources } from '../../../protocol/index.ts';
import { join } from '../../support/cuts.ts';
import { CLOSE, closePayload, frame, PING, TEXT } from '../../support/frames.ts';

const clock: Clock = {
  now: () => 0,
  wakeAt: () => ({ cancel() {} }),
  afterReading: () => ({ cancel() {} }),
  defer() {},
};

/** A transport that takes everything and sends nothing. */
class Stuck implements Transport {
  bufferedAmount = 0;
  written = 0;

  write(chunks: readonly Uint8Array[]): boolean {
    this.written++;
    for (const chunk of chunks) this.bufferedAmount += chunk.length;
    return false;
  }

  end(): void {}
  abort(): void {}
  pause(): void {}
  resume(): void {}
}

const OWNER: PumpOwner = { onWritable() {}, onDeparted() {}, failed() {}, within: (step) => step() };

/** Where in the slab the next frame comes to lie, after one that was written and not sent when its transport was lost. */
function nextAfterALoss(isReleased: boolean): number {
  const resources = new Resources({ slab: new Uint8Array(1024) });
  const make = () => Connection.established('server', { sink: {}, now: 0, resources });
  const connection = make();
  const pump = new Pump({
    connection,
    owner: OWNER,
    setting: new SocketSetting({ handlers: {}, clock, resources, sendHighWater: 1024, sendLimit: Infinity }),
  });
  const transport = new Stuck();
  pump.attach(transport);
  connection.sendText('not sent');
  pump.flush();
  expect(transport.bufferedAmount).toBe('..not sent'.length);
  if (isReleased) pump.onReleased();
  pump.onLost(undefined);
  const other = make();
  other.sendText('next');
  return other.takeOutput()[0].byteOffset;
}

test('memory that was written and not sent is used again when its transport is lost, if it says that nobody holds it', () => {
  expect(nextAfterALoss(true)).toBe(0);
  expect(nextAfterALoss(false)).toBe('..not sent'.length);
});

test('a deadline is put off by a peer that sends on and on for 16 readings, and not for longer', () => {
  let now = 0;
  let call: (() => void) | undefined;
  const keep = (callback: () => void) => {
    call = callback;
    return { cancel: () => (call = undefined) };
  };
  const resources = new Resources();
  const ends: unknown[] = [];
  const connection = Connection.established('client', {
    sink: { onClosed: ({ error }) => ends.push(error?.name) },
    now: 0,
    resources,
    closeTimeout: 100,
  });
  const pump = new Pump({
    connection,
    owner: OWNER,
    setting: new SocketSetting({
      handlers: {},
      clock: { now: () => now, wakeAt: (_at, callback) => keep(callback), afterReading: keep, defer() {} },
      resources,
      sendHighWater: 1024,
      sendLimit: Infinity,
    }),
  });
  pump.attach(new Stuck());
  connection.close(1000, '', 0);
  pump.flush();
  now = 100;
  let readings = -1; // the first call is the timer's
  for (; call !== undefined; readings++) {
    const next = call;
    call = undefined;
    next();
    if (readings < 1000 && ends.length === 0) pump.onData(Uint8Array.of(0x8a, 0));
  }
  expect(ends).toEqual(['TimeoutError']);
  expect(readings).toBe(17);
});

test.each([
  ['who takes what has come before the turn is over', true, []],
  ['who does not', false, ['pause']],
] as const)('soon is at the end of the turn, for one %s', async (_who, takes, expected) => {
  const flow: string[] = [];
  const ends: (() => void)[] = [];
  const resources = new Resources();
  const connection = Connection.established('client', { sink: {}, now: 0, resources });
  const pump = new Pump({
    connection,
    owner: OWNER,
    setting: new SocketSetting({
      handlers: {},
      clock: { ...clock, defer: (callback) => ends.push(callback) },
      resources,
      sendHighWater: 1024,
      sendLimit: Infinity,
    }),
  });
  const transport = new Stuck();
  transport.pause = () => flow.push('pause');
  transport.resume = () => flow.push('resume');
  pump.attach(transport);
  connection.stopReading();
  pump.stopSoon();
  if (takes) pump.stopSoon();
  // What comes meanwhile does not make it stop earlier.
  pump.onData(new Uint8Array(0));
  expect(flow).toEqual([]);
  if (takes) {
    connection.resume(0);
    pump.flowChanged();
  }
  await Promise.resolve();
  expect([flow, ends.length]).toEqual([[], 1]);
  for (const end of ends.splice(0)) end();
  expect(flow).toEqual(expected);
  // A pause is one at once, also of a transport that was to stop soon.
  pump.stopSoon();
  connection.pause();
  pump.flowChanged();
  expect(flow).toEqual(['pause']);
});

test('a peer that ends behind its Close frame gets all that was on its way, and ours behind it', () => {
  const resources = new Resources();
  const ends: number[] = [];
  const connection = Connection.established('client', {
    sink: { onClosed: ({ code }) => ends.push(code) },
    now: 0,
    resources,
  });
  const setting = new SocketSetting({ handlers: {}, clock, resources, sendHighWater: 1024, sendLimit: Infinity });
  const pump = new Pump({ connection, owner: OWNER, setting });
  const transport = new Stuck();
  pump.attach(transport);
  connection.sendText('on its way');
  pump.flush();
  pump.onData(frame({ opcode: CLOSE, payload: closePayload(1000) }));
  pump.onEnd();
  expect([transport.written, ends]).toEqual([1, []]);
  transport.bufferedAmount = 0;
  pump.onDrain();
  expect([transport.written, ends]).toEqual([2, []]);
  transport.bufferedAmount = 0;
  pump.onDrain();
  expect([transport.written, ends]).toEqual([2, [1000]]);
});

test('what leaves along with the answer to the end of both sides is told as sent, and not as lost', () => {
  const told: string[] = [];
  const connection = Connection.established('client', {
    sink: {
      // What follows from the peer's Close frame is put off, until its side ends.
      onEnding: () => true,
      onClosed: ({ code }) => {
        told.push(`closed ${code}`);
        pump.abandon(undefined);
      },
    },
    now: 0,
  });
  const owner: PumpOwner = {
    ...OWNER,
    onDeparted: (callbacks, error) => [callbacks ?? []].flat().forEach(() => told.push(error ? 'lost' : 'sent')),
  };
  const resources = new Resources();
  const setting = new SocketSetting({ handlers: {}, clock, resources, sendHighWater: 1024, sendLimit: Infinity });
  const pump = new Pump({ connection, owner, setting });
  const transport = new Stuck();
  transport.write = () => true;
  pump.attach(transport);
  pump.onData(frame({ opcode: CLOSE, payload: closePayload(1000) }));
  connection.sendText('last');
  pump.onceSent(() => {});
  pump.onEnd();
  expect(told).toEqual(['sent', 'closed 1000']);
});

/** A pump over a transport that is stuck, what its owner and the connection's are told, and the time, which the caller moves. */
function stuck(role: 'server' | 'client' = 'server') {
  const told: string[] = [];
  const ends: (() => void)[] = [];
  const time = { now: 0, wake: () => {} };
  const resources = new Resources();
  let reclaimed = 0;
  resources.reclaim = () => void reclaimed++;
  const connection = Connection.established(role, {
    sink: { onText: (text) => void told.push(text), onClosed: ({ code }) => void told.push(`closed ${code}`) },
    now: 0,
    resources,
    closeTimeout: 5000,
  });
  const owner: PumpOwner = {
    ...OWNER,
    onWritable: () => void told.push('writable'),
    onDeparted: (callbacks, error) => {
      for (const _ of [callbacks ?? []].flat()) told.push(error === undefined ? 'sent' : `lost: ${error.message}`);
    },
  };
  const setting = new SocketSetting({
    handlers: {},
    clock: {
      now: () => time.now,
      wakeAt: (_, callback) => {
        time.wake = callback;
        return { cancel() {} };
      },
      afterReading: (callback) => {
        callback();
        return { cancel() {} };
      },
      defer: (callback) => void ends.push(callback),
    },
    resources,
    sendHighWater: 100,
    sendLimit: Infinity,
  });
  const pump = new Pump({ connection, owner, setting });
  const transport = new Stuck();
  pump.attach(transport);
  const endTurn = () => ends.splice(0).forEach((end) => end());
  return {
    pump,
    connection,
    transport,
    told,
    time,
    reclaimed: () => reclaimed,
    endTurn,
    /** Sends a message of so many bytes, in a turn of its own. Returns whether to go on. */
    send(length: number) {
      connection.sendBinary(new Uint8Array(length));
      const goOn = pump.sent();
      pump.onceSent(() => {});
      endTurn();
      return goOn;
    },
    drain() {
      transport.bufferedAmount = 0;
      pump.onDrain();
    },
  };
}

test('what was sent is told so when the transport has let go of it, and its memory comes back then: once each', () => {
  const { told, send, drain, transport, reclaimed } = stuck();
  send(1);
  send(2);
  expect([transport.written, told, reclaimed()]).toEqual([1, [], 0]);
  drain();
  expect([transport.written, told, reclaimed()]).toEqual([2, ['sent'], 1]);
  drain();
  expect([transport.written, told, reclaimed()]).toEqual([2, ['sent', 'sent'], 2]);
});

test('what was sent is told to be lost as soon as a write fails, and its memory comes back', () => {
  const { told, send, pump, reclaimed } = stuck();
  send(1);
  send(2);
  pump.onWriteFailed(new Error('EPIPE'));
  expect([told, reclaimed()]).toEqual([['lost: EPIPE', 'lost: EPIPE'], 2]);
});

test('who was told to wait is told once to go on', () => {
  const { told, send, drain } = stuck();
  expect(send(200)).toBe(false);
  drain();
  expect(send(1)).toBe(true);
  drain();
  expect(told).toEqual(['sent', 'writable', 'sent']);
});

test('nobody is told to go on once it is over', () => {
  const { told, send, connection, pump } = stuck();
  send(200);
  connection.terminate(0);
  pump.flush();
  expect(told).toEqual(['closed 1006']);
});

test('a peer that ends its side is not waited for, though output waits', () => {
  const { told, send, pump } = stuck();
  send(1);
  pump.onEnd();
  expect(told).toEqual(['closed 1006']);
});

test('what is answered when reading goes on leaves at the end of the turn', () => {
  const { told, connection, pump, transport, endTurn } = stuck('client');
  connection.pause();
  pump.flowChanged();
  pump.onData(join(frame({ opcode: TEXT, payload: 'a' }), frame({ opcode: PING })));
  connection.resume(0);
  pump.flowChanged();
  expect([told, transport.written]).toEqual([['a'], 0]);
  endTurn();
  expect(transport.written).toBe(1);
});

test.each([
  [true, []],
  [false, ['closed 1000']],
])('a client waits longer for the end of the transport while that is writing: %s', (isWriting, expected) => {
  const { told, connection, pump, transport, time } = stuck('client');
  connection.close(1000, '', 0);
  pump.flush();
  pump.onData(frame({ opcode: CLOSE, payload: closePayload(1000) }));
  if (!isWriting) transport.bufferedAmount = 0;
  time.now = 1000;
  time.wake();
  expect(told).toEqual(expected);
});
