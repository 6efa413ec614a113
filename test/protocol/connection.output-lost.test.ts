/** A transport that takes no output any more while what came before that is still to be read. */
import { describe, expect, test } from 'vitest';
import { Connection, EventQueue, InvalidStateError, TransportAction } from '../../protocol/index.ts';
import { openEndpoint, ROLES } from '../support/endpoint.ts';
import { CLOSE, closePayload, PING, TEXT } from '../support/frames.ts';

const encode = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const BROKEN = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });

describe.each(ROLES)('a %s whose output is lost', (role) => {
  const lost = (options = {}) => {
    const endpoint = openEndpoint(role, { closeTimeout: 5000, ...options });
    const { connection } = endpoint;
    const text = (payload: string) => endpoint.peer({ opcode: TEXT, payload });
    const close = endpoint.peer({ opcode: CLOSE, payload: closePayload(4001, 'enough') });
    return { endpoint, connection, text, close, lose: () => endpoint.call(() => connection.outputLost(0, BROKEN)) };
  };

  test('delivers what still comes, and tells the code of the Close frame behind it', () => {
    const { endpoint, connection, text, close, lose } = lost();
    connection.sendText('never leaves');
    lose();
    expect(endpoint.outcome()).toMatchObject({ events: [], sent: [], phase: 'CLOSING', action: 'KEEP' });
    endpoint.receive(text('last'), endpoint.peer({ opcode: PING }), close);
    expect(endpoint.outcome()).toEqual({
      events: ['text "last"', 'ping ', 'close 4001 "enough"', 'closed 4001 "enough", ConnectionLostError 1006'],
      sent: [],
      phase: 'CLOSED',
      action: 'ABORT',
      nextTimeout: Infinity,
    });
    const { clean, sent, error } = endpoint.closed!;
    expect({ clean, sent, cause: error?.cause }).toEqual({ clean: false, sent: undefined, cause: BROKEN });
    expect(error!.message).toBe('the transport was lost (EPIPE) before our Close frame had left');
  });

  test.each([
    ['ends', (connection: Connection) => connection.receiveEof(1)],
    ['is reset', (connection: Connection) => connection.transportLost(1, new Error('read ECONNRESET'))],
  ])('tells the first cause when the transport %s without a Close frame', (_how, end) => {
    const { endpoint, connection, text, lose } = lost();
    lose();
    endpoint.receive(text('last'));
    end(connection);
    expect(endpoint.events()).toEqual(['text "last"', 'closed 1006 "", ConnectionLostError 1006']);
    expect(endpoint.closed!.error).toMatchObject({
      message: 'the transport was lost (EPIPE) without a Close frame',
      cause: BROKEN,
    });
  });

  test('is open no more: nothing can be sent, and closing changes nothing', () => {
    const { endpoint, connection, lose } = lost();
    lose();
    expect(() => connection.sendText('x')).toThrow(InvalidStateError);
    connection.close(1000);
    expect(endpoint.outcome()).toMatchObject({ sent: [], phase: 'CLOSING' });
    connection.terminate();
    expect(endpoint.events()).toEqual(['closed 1006 "", ConnectionLostError 1006']);
  });

  test('after its own Close frame is not clean, whatever Close frame comes: its own has not gone out', () => {
    const { endpoint, connection, text, close, lose } = lost();
    connection.close(1000, '', 0);
    lose();
    endpoint.receive(text('answer'), close);
    expect(endpoint.events()).toEqual([
      'text "answer"',
      'close 4001 "enough"',
      'closed 4001 "enough", ConnectionLostError 1006',
    ]);
    expect(endpoint.closed).toMatchObject({
      ...{ clean: false, sent: undefined, received: { code: 4001 }, first: 'received' },
      error: { message: 'the transport was lost (EPIPE) before our Close frame had left', cause: BROKEN },
    });
  });

  test('waits a second for a consumer that pauses, delivers what is there, and then all that comes within another', () => {
    const { endpoint, connection, text, close, lose } = lost();
    connection.pause();
    endpoint.receive(text('held'));
    lose();
    endpoint.advanceTo(999);
    expect(endpoint.outcome()).toMatchObject({ events: [], phase: 'CLOSING', nextTimeout: 1000 });
    expect(connection.wantsInput).toBe(false);
    endpoint.advanceTo(1000);
    expect(endpoint.outcome()).toMatchObject({ events: ['text "held"'], phase: 'CLOSING', nextTimeout: 2000 });
    expect(connection.wantsInput).toBe(true);
    connection.pause();
    endpoint.receive(text('last'), close);
    expect(endpoint.events()).toEqual([
      'text "last"',
      'close 4001 "enough"',
      'closed 4001 "enough", ConnectionLostError 1006',
    ]);
  });

  test('waits no longer than closeTimeout', () => {
    const { endpoint, connection, text, lose } = lost({ closeTimeout: 300 });
    connection.pause();
    endpoint.receive(text('held'));
    lose();
    endpoint.advanceTo(300);
    expect(endpoint.events()).toEqual(['text "held"']);
  });

  test('goes on at the pace of a consumer that resumes', () => {
    const { endpoint, connection, text, close, lose } = lost();
    connection.pause();
    endpoint.receive(text('held'));
    lose();
    endpoint.call(() => connection.resume(10));
    expect(endpoint.events()).toEqual(['text "held"']);
    endpoint.receive(close);
    expect(endpoint.events()).toEqual(['close 4001 "enough"', 'closed 4001 "enough", ConnectionLostError 1006']);
  });

  test('ends at the deadline at once when the Close frame was held back', () => {
    const { endpoint, connection, text, close, lose } = lost();
    connection.pause();
    endpoint.receive(text('held'), close);
    lose();
    endpoint.advanceTo(1000);
    expect(endpoint.events()).toEqual([
      'text "held"',
      'close 4001 "enough"',
      'closed 4001 "enough", ConnectionLostError 1006',
    ]);
  });

  test('ends a second after the deadline when nothing comes, and after 8 MiB when too much does', () => {
    const silent = lost();
    silent.lose();
    silent.endpoint.advanceTo(1999);
    expect(silent.endpoint.phase).toBe('CLOSING');
    silent.endpoint.advanceTo(2000);
    expect(silent.endpoint.outcome()).toMatchObject({ phase: 'CLOSED', action: 'ABORT' });
    expect(silent.endpoint.closed!.error!.cause).toBe(BROKEN);

    const flood = lost();
    flood.lose();
    flood.endpoint.advanceTo(1000);
    const chunk = new Uint8Array(1024 * 1024);
    const message = () => flood.endpoint.peer({ opcode: 2, payload: chunk });
    for (let i = 0; i < 7; i++) flood.endpoint.receive(message());
    expect(flood.endpoint.phase).toBe('CLOSING');
    for (let i = 0; i < 2; i++) flood.endpoint.receive(message());
    expect(flood.endpoint.outcome()).toMatchObject({ phase: 'CLOSED', action: 'ABORT' });
  });

  test('has nothing to wait for once the Close frame has come, or when all is over', () => {
    const { endpoint, connection, close, lose } = lost();
    endpoint.receive(close);
    lose();
    expect(endpoint.closed).toMatchObject({ code: 4001, clean: true });
    endpoint.rawEvents();
    lose();
    expect(endpoint.events()).toEqual([]);
    expect(connection.transportAction).toBe(TransportAction.ABORT);
  });

  test('does not wait for its consumers to answer what came last', () => {
    const endpoint = openEndpoint(role, { on: () => ({ onEnding: () => true }) });
    endpoint.call(() => endpoint.connection.outputLost(0));
    endpoint.receive(endpoint.peer({ opcode: CLOSE, payload: closePayload(4001) }));
    expect(endpoint.phase).toBe('CLOSED');
  });

  test('acts on a Close frame whose consequences were put off', () => {
    const endpoint = openEndpoint(role, { on: () => ({ onEnding: () => true }) });
    endpoint.receive(endpoint.peer({ opcode: CLOSE, payload: closePayload(4001) }));
    endpoint.call(() => endpoint.connection.outputLost(0, BROKEN));
    expect(endpoint.phase).toBe('CLOSING');
    endpoint.call(() => endpoint.connection.conclude(0));
    expect(endpoint.closed).toMatchObject({ code: 4001, clean: false, sent: undefined });
  });
});

describe('an opening handshake whose output is lost', () => {
  const client = (options = {}) => {
    const events = new EventQueue();
    const connection = Connection.client({ url: 'ws://a/' }, { now: 0, sink: events, ...options });
    connection.takeOutput();
    return { connection, events };
  };
  const infoOf = (events: EventQueue) => events.take().at(-1) as { type: string; info: { error: Error } };

  test('ends with the answer, when the server had one', () => {
    const { connection, events } = client();
    connection.outputLost(1, BROKEN);
    connection.receive(encode('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'), 2);
    expect(infoOf(events)).toMatchObject({ type: 'closed', info: { error: { response: { status: 413 } } } });
  });

  test.each([
    ['the end of the transport', (connection: Connection) => connection.receiveEof(2)],
    ['a second', (connection: Connection) => connection.handleTimeout(1001)],
  ])('ends with what took it after %s', (_when, act) => {
    const { connection, events } = client({ handshakeTimeout: false });
    connection.outputLost(1, BROKEN);
    expect(connection.nextTimeout()).toBe(1001);
    act(connection);
    expect(infoOf(events)).toMatchObject({ info: { error: { name: 'HandshakeError', isTemporary: true } } });
  });

  /** A client whose request has been answered when its output is lost, and the server. */
  const answered = () => {
    const events = new EventQueue();
    const connection = Connection.client({ url: 'ws://a/' }, { now: 0, sink: events });
    const server = Connection.server({ now: 0, sink: { onRequest: () => server.accept() } });
    for (const chunk of connection.takeOutput()) server.receive(chunk, 0);
    connection.outputLost(1, BROKEN);
    return { connection, events, server };
  };

  test('opens when the 101 was on its way, delivers what is behind it, and ends with that', () => {
    const { connection, events, server } = answered();
    server.sendText('hello');
    server.close(4001);
    for (const chunk of server.takeOutput()) connection.receive(chunk, 2);
    expect(events.take().map(({ type }) => type)).toEqual(['open', 'text', 'closeFrame', 'closed']);
    expect(connection.closeInfo).toMatchObject({ code: 4001, clean: false, error: { cause: BROKEN } });
  });

  test('ends with what took it, whatever the server breaks behind the 101', () => {
    const { connection, events, server } = answered();
    for (const chunk of server.takeOutput()) connection.receive(chunk, 2);
    connection.receive(Uint8Array.of(0x83, 0), 2);
    expect(events.take().map(({ type }) => type)).toEqual(['open', 'closed']);
    expect(connection.closeInfo).toMatchObject({ code: 1006, error: { cause: BROKEN } });
  });

  test('is over for a server, which can only answer', () => {
    const events = new EventQueue();
    const connection = Connection.server({ now: 0, sink: events });
    connection.outputLost(1, BROKEN);
    expect(infoOf(events)).toMatchObject({ info: { error: { name: 'HandshakeError', cause: BROKEN } } });
  });
});
