/** A trace looks on: whatever it does, its connection does what it would do without one. */
import { describe, expect, test } from 'vitest';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import {
  Connection,
  EventQueue,
  InvalidStateError,
  PreparedMessage,
  Resources,
  type ServerConnectionOptions,
  type Trace,
} from '../../protocol/index.ts';
import { PermessageDeflate } from '../../protocol/permessage-deflate/permessage-deflate.ts';
import { Endpoint, openEndpoint, ROLES, type Role } from '../support/endpoint.ts';
import { BINARY, CLOSE, closePayload, CONTINUATION, PING, PONG, TEXT } from '../support/frames.ts';

const codec = createZlibCodec();

function deflateFor(role: Role): PermessageDeflate {
  const deflate = new PermessageDeflate(role === 'server', { threshold: 32 }, codec);
  // Without them the connections of a codec share its context, and what it lends.
  const params: [string, undefined][] = [
    ['server_no_context_takeover', undefined],
    ['client_no_context_takeover', undefined],
  ];
  deflate.establish({ name: 'permessage-deflate', params });
  return deflate;
}

/** What a session of everything that is traced comes to, and what its calls threw. */
function session(role: Role, resources: Resources, makeTrace?: (connection: Connection) => Trace) {
  const thrown: unknown[] = [];
  let trace: Trace | undefined;
  const endpoint = openEndpoint(role, {
    resources,
    deflate: deflateFor(role),
    maxFrameSize: 700,
    ...(makeTrace === undefined ? {} : { trace: (entry) => trace?.(entry) }),
    on: (it) => ({
      onText: (text) => {
        it.connection.sendText(text);
        it.connection.sendText('b'.repeat(90), false);
      },
      onBinary: (bytes) => it.connection.sendBinary(bytes.slice()),
    }),
  });
  const { connection } = endpoint;
  trace = makeTrace?.(connection);
  const call = (work: () => void) => {
    try {
      endpoint.call(work);
    } catch (error) {
      thrown.push(error);
    }
  };
  const take = (...frames: Uint8Array[]) => {
    for (const bytes of frames) call(() => connection.receive(bytes, 0));
  };

  const noise = Uint8Array.from({ length: 3000 }, (_, i) => (i * i * 31 + (i >> 3)) & 0xff);
  for (const compress of [false, true]) {
    call(() => connection.sendText('a short text', compress));
    call(() => connection.sendText('é'.repeat(500), compress));
    call(() => connection.sendText('x'.repeat(5000), compress));
    call(() => connection.sendBinary(noise, compress));
    call(() => connection.sendBinary(new Uint8Array(0), compress));
    call(() => connection.sendPrepared(new PreparedMessage('y'.repeat(2000)), compress));
    call(() => connection.sendFragment('begins ', false, compress));
    call(() => connection.ping());
    call(() => connection.sendFragment('z'.repeat(900), true, compress));
  }
  call(() => connection.pong(Uint8Array.of(1)));
  take(
    endpoint.peer({ opcode: TEXT, payload: 'heard' }),
    endpoint.peer({ opcode: BINARY, fin: false, payload: [1, 2] }),
    endpoint.peer({ opcode: PING, payload: 'p' }),
    endpoint.peer({ opcode: CONTINUATION, payload: noise.subarray(0, 300) }),
    endpoint.peer({ opcode: PONG }),
    endpoint.peer({ opcode: CLOSE, payload: closePayload(1000, 'bye') }),
  );
  call(() => connection.receiveEof(0));
  call(() => connection.transportLost(0));
  return { ...endpoint.outcome(), state: connection.state, thrown };
}

/** Every call that does something, by its name. */
const CALLS: Record<string, (connection: Connection) => unknown> = {
  receive: (connection) => connection.receive(new Uint8Array(0), 0),
  receiveFrom: (connection) => connection.receiveFrom(new Uint8Array(1), 0, 0),
  receiveEof: (connection) => connection.receiveEof(0),
  transportLost: (connection) => connection.transportLost(0),
  outputLost: (connection) => connection.outputLost(0),
  handleTimeout: (connection) => connection.handleTimeout(1e9),
  handleDeflated: (connection) => connection.handleDeflated(0),
  receiveHead: (connection) =>
    connection.receiveHead({ method: 'GET', target: '/', version: '1.1', rawHeaders: [] }, 0),
  receiveFields: (connection) => connection.receiveFields([], true, 0),
  useHttp2: (connection) => connection.useHttp2(),
  accept: (connection) => connection.accept(),
  reject: (connection) => connection.reject({ status: 400 }),
  sendText: (connection) => connection.sendText('of the trace'),
  sendBinary: (connection) => connection.sendBinary(new Uint8Array(9)),
  sendPrepared: (connection) => connection.sendPrepared(new PreparedMessage('of the trace')),
  sendFragment: (connection) => connection.sendFragment('of the trace', false),
  ping: (connection) => connection.ping(),
  pong: (connection) => connection.pong(),
  pause: (connection) => connection.pause(),
  stopReading: (connection) => connection.stopReading(),
  resume: (connection) => connection.resume(),
  streamNext: (connection) => connection.streamNext(),
  close: (connection) => connection.close(4000),
  conclude: (connection) => connection.conclude(),
  terminate: (connection) => connection.terminate(),
  takeFields: (connection) => connection.takeFields(),
  takeOutput: (connection) => connection.takeOutput(),
  whenSent: (connection) => connection.whenSent(() => {}),
};

describe.each(ROLES)('a trace of a %s', (role) => {
  const without = session(role, new Resources());

  test('is about something', () => {
    expect(without.sent.length).toBeGreaterThan(40);
    expect(without.events).toHaveLength(6);
    expect(without.thrown).toEqual([]);
  });

  test('that sends something by another connection gets into none of this one’s frames, nor this one into the other’s', () => {
    const resources = new Resources();
    const other = new Endpoint(role, { resources, deflate: deflateFor(role) }, (all) =>
      Connection.established(role, { ...all, deflate: deflateFor(role) }),
    );
    let told = 0;
    const outcome = session(role, resources, () => () => {
      const text = `entry ${told++} `.repeat(20);
      other.call(() => other.connection.sendText(text, told % 2 === 0));
      other.connection.sendText('left there', false);
      if (told % 3 === 0) other.collect();
    });
    expect(outcome).toEqual(without);
    const sent = other.sentFrames();
    expect(sent).toHaveLength(2 * told);
    for (let i = 0; i < told; i++) {
      const payload = Buffer.from(sent[2 * i].payload).toString();
      if (!sent[2 * i].rsv1) expect(payload).toBe(`entry ${i} `.repeat(20));
      expect(Buffer.from(sent[2 * i + 1].payload).toString()).toBe('left there');
    }
  });

  test.each(Object.keys(CALLS))('that calls %s of its connection is refused, and changes nothing', (name) => {
    let calls = 0;
    let refused = 0;
    const outcome = session(role, new Resources(), (connection) => () => {
      calls++;
      try {
        CALLS[name](connection);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidStateError);
        refused++;
      }
    });
    expect(outcome).toEqual(without);
    expect(calls).toBeGreaterThan(40);
    // What would do nothing in this state anyhow need not be refused.
    if (!['receiveEof', 'handleDeflated'].includes(name)) expect(refused).toBe(calls);
  });

  test('that throws changes nothing, and all of it comes out', () => {
    let calls = 0;
    const { thrown, ...outcome } = session(role, new Resources(), () => () => {
      throw new Error(`entry ${calls++}`);
    });
    expect({ ...outcome, thrown: [] }).toEqual(without);
    const errors = thrown.flatMap((error) => (error instanceof AggregateError ? (error.errors as unknown[]) : [error]));
    expect(errors.map(String)).toEqual(Array.from({ length: calls }, (_, i) => `Error: entry ${i}`));
  });
});

describe('every call of a connection that does something', () => {
  test('is one of those above, or tells something', () => {
    const members = Object.getOwnPropertyDescriptors(Connection.prototype);
    const methods = Object.keys(members).filter((name) => name !== 'constructor' && members[name].get === undefined);
    expect(methods.sort()).toEqual([...Object.keys(CALLS), 'nextTimeout', 'toJSON'].sort());
  });
});

describe('a trace of the opening handshake', () => {
  test.each(['terminate', 'takeOutput', 'close', 'reject'])('that calls %s is refused, and it opens', (name) => {
    const refused: unknown[] = [];
    const events = new EventQueue();
    const options: ServerConnectionOptions = {
      now: 0,
      sink: { onOpen: (opening) => events.onOpen(opening) },
      trace: () => {
        try {
          CALLS[name](connection);
        } catch (error) {
          refused.push(error);
        }
      },
    };
    const connection: Connection = Connection.server(options);
    const request =
      'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n';
    connection.receive(Buffer.from(request), 0);
    expect(events.take().map(({ type }) => type)).toEqual(['open']);
    expect(connection.state).toBe('OPEN');
    expect(refused).toHaveLength(2);
    expect(Buffer.concat(connection.takeOutput()).toString()).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/);
  });
});
