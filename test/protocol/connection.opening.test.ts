/** A connection from its first byte to its being open, or not. */
import { describe, expect, test } from 'vitest';
import {
  Connection,
  type HandshakeError,
  InvalidStateError,
  Phase,
  Resources,
  TransportAction,
  type Sink,
} from '../../protocol/index.ts';
import { ASCII_SLACK, portableText } from '../../protocol/internal.ts';
import { Endpoint, type EndpointOptions } from '../support/endpoint.ts';
import { onEverySplit } from '../support/every-split.ts';
import { TEXT } from '../support/frames.ts';
import { request } from './handshake/support.ts';

describe('during the opening handshake', () => {
  function undecided(on: (endpoint: Endpoint) => Partial<Sink>, options: EndpointOptions = {}): Endpoint {
    return new Endpoint('server', { on, ...options }, (all) => Connection.server(all));
  }
  const wire = new TextEncoder().encode(request());
  const after = (endpoint: Endpoint): Uint8Array => endpoint.peer({ opcode: TEXT, payload: 'early' });

  test.each(['onRequest', 'onOpen'] as const)('terminate in %s', (method) => {
    const endpoint = undecided((end) => ({
      onRequest: () => (method === 'onOpen' ? end.connection.accept() : end.connection.terminate()),
      onOpen: () => end.connection.terminate(),
    }));
    endpoint.receive(wire, after(endpoint));
    const events = endpoint.events();
    expect(events.at(-1)).toMatch(/^closed 1006/);
    expect(events).toHaveLength(method === 'onOpen' ? 3 : 2);
  });

  test('accepted later, onOpen is a sink method like any other', () => {
    const order: string[] = [];
    const endpoint = undecided((end) => ({
      onOpen() {
        expect(() => end.connection.receive(wire, 0)).toThrow(InvalidStateError);
        end.connection.pause();
        end.connection.resume();
        order.push('opened');
      },
      onText: () => order.push('text'),
    }));
    endpoint.receive(wire, after(endpoint));
    endpoint.call(() => endpoint.connection.accept());
    expect(order).toEqual(['opened', 'text']);
    expect(endpoint.events()).toEqual(['request /chat', 'open', 'text "early"']);
  });

  test('the keepalive begins once it is open, and not before', () => {
    const endpoint = undecided(() => ({}), { handshakeTimeout: 1000, pingInterval: 50 });
    endpoint.receive(wire);
    expect(endpoint.connection.nextTimeout()).toBe(1000);
    endpoint.connection.accept(undefined, 70);
    expect(endpoint.connection.nextTimeout()).toBe(120);
  });

  test.each([10, 5_000, 50_000])(
    'an answer with %i more bytes goes out whole, and what is sent behind it',
    (length) => {
      const connection = Connection.server({ sink: {}, now: 0, headers: { 'X-Long': '\xe9'.repeat(length) } });
      connection.receive(wire.slice(), 0);
      connection.sendText('next');
      const output = Buffer.concat(connection.takeOutput()).toString('latin1');
      const [head, frames] = output.split('\r\n\r\n');
      expect(head.split('\r\n')[0]).toBe('HTTP/1.1 101 Switching Protocols');
      expect(head.split('\r\n').at(-1)).toBe(`X-Long: ${'\xe9'.repeat(length)}`);
      expect(frames).toBe('\x81\x04next');
    },
  );

  test.each(['plain', 'caf\xe9'])(
    'an answer with the value %j is the same from a runtime that writes ASCII in one go',
    (value) => {
      const asked: string[] = [];
      /** As `TextCodec` lets it be: where it says no, what it has written means nothing. */
      const encodeAscii = (text: string, bytes: Uint8Array, at: number): boolean => {
        asked.push(text);
        bytes.fill(0x3f, at, at + text.length + ASCII_SLACK);
        return /^[\0-\x7f]*$/.test(text) && bytes.set(Buffer.from(text), at) === undefined;
      };
      const resources = new Resources({ text: { ...portableText, encodeAscii } });
      const answers = [{}, { resources }].map((more) => {
        const connection = Connection.server({ sink: {}, now: 0, headers: { 'X-Name': value }, ...more });
        connection.receive(wire.slice(), 0);
        return Buffer.concat(connection.takeOutput()).toString('latin1');
      });
      expect(asked).toEqual([answers[0]]);
      expect(answers[1]).toBe(answers[0]);
      expect(answers[0]).toContain(`\r\nX-Name: ${value}\r\n`);
    },
  );

  test('accepted later, terminated in onOpen, closed after it', () => {
    const order: string[] = [];
    const endpoint = undecided((end) => ({
      onOpen() {
        end.connection.terminate();
        order.push('onOpen returns');
      },
      onClosed: () => order.push('onClosed'),
    }));
    endpoint.receive(wire, after(endpoint));
    endpoint.call(() => endpoint.connection.accept());
    expect(order).toEqual(['onOpen returns', 'onClosed']);
    expect(endpoint.events()).toEqual(['request /chat', 'open', 'closed 1006 "", ConnectionLostError 1006']);
  });

  test('accepted later, onOpen that throws is heard, and what came early is delivered', () => {
    const endpoint = undecided(() => ({
      onOpen: () => {
        throw new Error('in onOpen');
      },
    }));
    endpoint.receive(wire, after(endpoint));
    expect(() => endpoint.call(() => endpoint.connection.accept())).toThrow('in onOpen');
    expect(endpoint.events()).toEqual(['request /chat', 'open', 'text "early"']);
  });

  test('an accept that throws leaves the request waiting', () => {
    const endpoint = undecided(() => ({}));
    endpoint.receive(wire, after(endpoint));
    expect(() => endpoint.connection.accept({ subprotocol: 'never offered' })).toThrow(TypeError);
    expect(() => endpoint.connection.accept({ headers: { 'Bad\n': 'x' } })).toThrow(TypeError);
    endpoint.call(() => endpoint.connection.accept());
    expect(endpoint.events()).toEqual(['request /chat', 'open', 'text "early"']);
  });

  test('a head that is none throws, and the request is waited for still', () => {
    const endpoint = undecided(() => ({}));
    const head = { method: 'GET', target: '/', version: '1.1', rawHeaders: ['Host'] };
    expect(() => endpoint.connection.receiveHead(head, 0)).toThrow(TypeError);
    endpoint.receive(wire);
    expect(endpoint.events()).toEqual(['request /chat']);
  });

  test('a sink without onRequest, and a selectSubprotocol that throws: 500, with the error behind the end', () => {
    const endpoint = new Endpoint('server', { decides: false }, (all) =>
      Connection.server({
        ...all,
        selectSubprotocol: () => {
          throw new Error('in selectSubprotocol');
        },
      }),
    );
    endpoint.receive(new TextEncoder().encode(request({ 'Sec-WebSocket-Protocol': 'chat' })));
    expect(new TextDecoder().decode(endpoint.sentBytes())).toMatch(/^HTTP\/1\.1 500 /);
    expect(endpoint.connection.transportAction).toBe(TransportAction.END);
    endpoint.receiveEof();
    expect(endpoint.closed!.error).toMatchObject({ name: 'HandshakeError', cause: new Error('in selectSubprotocol') });
  });

  test('an allowedOrigins that throws: 500, with the error behind the end', () => {
    const endpoint = new Endpoint('server', {}, (all) =>
      Connection.server({
        ...all,
        allowedOrigins: () => {
          throw new Error('in allowedOrigins');
        },
      }),
    );
    endpoint.receive(new TextEncoder().encode(request({ Origin: 'http://example.com' })));
    expect(new TextDecoder().decode(endpoint.sentBytes())).toMatch(/^HTTP\/1\.1 500 /);
    endpoint.receiveEof();
    expect(endpoint.closed!.error).toMatchObject({ name: 'HandshakeError', cause: new Error('in allowedOrigins') });
    expect(endpoint.connection.phase).toBe(Phase.CLOSED);
  });
});

describe('a client whose server answers with something but a 101', () => {
  const head = 'HTTP/1.1 403 Forbidden\r\nServer: x\r\n\r\n';
  const client = (): Endpoint =>
    new Endpoint('client', {}, (all) => Connection.client({ url: 'ws://example.com/chat' }, all));
  const ends: [string, (endpoint: Endpoint) => void][] = [
    ['the transport ends', (endpoint) => endpoint.receiveEof()],
    [
      'the transport is lost',
      (endpoint) => endpoint.call(() => endpoint.connection.transportLost(1, new Error('RST'))),
    ],
    ['the deadline passes', (endpoint) => endpoint.advanceTo(10_000)],
  ];

  test.each(ends)('gets what there is of the response when %s', (_, end) => {
    const response = new TextEncoder().encode(`${head}because`);
    const answers = onEverySplit(response, (deliver) => {
      const endpoint = client();
      deliver((piece) => endpoint.call(() => endpoint.connection.receive(piece, 0)));
      expect(endpoint.phase).toBe('CONNECTING');
      end(endpoint);
      expect(endpoint.events()).toEqual(['closed 1006 "", HandshakeError 1006']);
      expect(endpoint.connection.transportAction).toBe(TransportAction.ABORT);
      return (endpoint.closed!.error as HandshakeError).response;
    });
    expect(answers).toMatchObject({ status: 403, statusText: 'Forbidden', headers: { server: 'x' } });
    expect(new TextDecoder().decode(answers!.body)).toBe('because');
  });

  test.each(ends)('fails without a response when %s before its head is whole', (_, end) => {
    for (const part of ['', 'H', head.slice(0, -1)]) {
      const endpoint = client();
      endpoint.receive(new TextEncoder().encode(part));
      end(endpoint);
      expect(endpoint.closed).toMatchObject({ code: 1006, clean: false, received: undefined, sent: undefined });
      expect((endpoint.closed!.error as HandshakeError).response).toBeUndefined();
    }
  });
});

describe('the application, while it is asked about a request', () => {
  const acts = {
    terminate: { call: (connection: Connection) => connection.terminate(), sent: [], opens: false },
    close: { call: (connection: Connection) => connection.close(), sent: ['503'], opens: false },
    reject: { call: (connection: Connection) => connection.reject({ status: 410 }), sent: ['410'], opens: false },
    accept: { call: (connection: Connection) => connection.accept(), sent: ['101'], opens: true },
  };
  const asked = {
    selectSubprotocol: (then: () => void) => ({ selectSubprotocol: () => (then(), 'chat') }),
    'allowedOrigins, which allows it': (then: () => void) => ({ allowedOrigins: () => (then(), true) }),
    'allowedOrigins, which does not': (then: () => void) => ({ allowedOrigins: () => (then(), false) }),
    'the headers of accept': (then: () => void, connection: () => Connection) => ({
      onRequest: () =>
        connection().accept({
          get headers() {
            then();
            return undefined;
          },
        }),
    }),
  };
  const cases = Object.keys(asked).flatMap((where) => Object.keys(acts).map((act) => [where, act] as const));

  test.each(cases)('%s: %s there is the answer, and nothing comes after it', (where, name) => {
    const { call, sent, opens } = acts[name as keyof typeof acts];
    // Whether it may be accepted isn't known yet where the Origin is asked about: then that is refused, and the rest goes on.
    const isTooEarly = name === 'accept' && where.startsWith('allowedOrigins');
    let calls = 0;
    const events: string[] = [];
    const note = (event: string) => () => events.push(event);
    const then = () => {
      if (++calls > 1) return;
      if (isTooEarly) expect(() => call(connection)).toThrow(InvalidStateError);
      else call(connection);
    };
    const { onRequest, ...options } = {
      onRequest: undefined,
      ...asked[where as keyof typeof asked](then, () => connection),
    };
    const sink: Partial<Sink> = { onOpen: note('open'), onText: note('text'), onClosed: note('closed') };
    if (onRequest !== undefined) sink.onRequest = onRequest;
    const connection: Connection = Connection.server({ now: 0, sink, allowedOrigins: '*', ...options });
    const wire = request({ 'Sec-WebSocket-Protocol': 'chat', Origin: 'https://a.example' });
    try {
      connection.receive(Buffer.concat([Buffer.from(wire), Buffer.from([0x81, 0x80, 0, 0, 0, 0])]), 0);
    } catch (error) {
      // The accept that was under way.
      expect(error).toBeInstanceOf(InvalidStateError);
    }
    const output = Buffer.concat(connection.takeOutput()).toString('latin1');
    connection.receiveEof(0);
    connection.transportLost(0);
    expect(calls).toBeGreaterThan(0);
    const isRefused = isTooEarly && where.endsWith('not');
    expect(output.match(/(?<=HTTP\/1\.1 )\d+/g) ?? []).toEqual(isRefused ? ['403'] : sent);
    expect(events).toEqual(opens && !isRefused ? ['open', 'text', 'closed'] : ['closed']);
  });
});
