import { describe, expect, test } from 'vitest';
import { Connection, type PlainRequest, type Rejection, type Sink, TransportAction } from '../../../protocol/index.ts';

const encode = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** A server that got these bytes, with what it says. */
function answer(request: string, sink: Partial<Sink>, act?: (connection: Connection) => void) {
  const connection = Connection.server({ now: 0, sink });
  connection.receive(encode(request), 0);
  act?.(connection);
  const output = connection.takeOutput().map((chunk) => String.fromCharCode(...chunk));
  return { head: output.join(''), connection };
}

const HEALTH = 'GET /health?deep=1 HTTP/1.1\r\nHost: example.com\r\n\r\n';

describe('a request that asks for no WebSocket', () => {
  test('is refused with 426 when nobody else answers it', () => {
    const { head, connection } = answer(HEALTH, {});
    expect(head).toMatch(/^HTTP\/1\.1 426 /);
    expect(connection.transportAction).toBe(TransportAction.END);
  });

  test('may be answered with any response, at once or later', () => {
    const asked: [PlainRequest, Rejection][] = [];
    const { head, connection } = answer(HEALTH, { onPlainRequest: (...all) => asked.push(all) }, (waiting) => {
      expect(waiting.takeOutput()).toEqual([]);
      waiting.reject({ status: 200, body: 'ok' });
    });
    expect(asked[0][0]).toMatchObject({ method: 'GET', path: '/health', query: 'deep=1', host: 'example.com' });
    expect(asked[0][1].status).toBe(426);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/);
    expect(connection.transportAction).toBe(TransportAction.END);
  });

  test('cannot be accepted as what it is not', () => {
    let refused: unknown;
    answer(HEALTH, { onPlainRequest: () => {} }, (connection) => {
      try {
        connection.accept();
      } catch (error) {
        refused = error;
      }
    });
    expect(refused).toMatchObject({ name: 'InvalidStateError' });
  });

  test('keeps its method', () => {
    const methods: string[] = [];
    const sink: Partial<Sink> = { onPlainRequest: (request) => methods.push(request.method) };
    answer('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', sink);
    answer('OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n', sink);
    expect(methods).toEqual(['HEAD', 'OPTIONS']);
  });

  test('takes authority and resource of an absolute-form target (RFC 9112 §3.2.2)', () => {
    const seen: string[] = [];
    const sink: Partial<Sink> = { onPlainRequest: (request) => seen.push(request.host, request.target) };
    answer('GET http://b?c HTTP/1.1\r\nHost: a\r\n\r\n', sink);
    expect(seen).toEqual(['b', '/?c']);
  });

  test.each([
    ['a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx', 405],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['another version', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', 505],
    ['an upgrade that is wrong', 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n', 400],
  ])('is not asked about when it has %s', (_, request, status) => {
    let asked = 0;
    const { head } = answer(request, { onPlainRequest: () => asked++ });
    expect(asked).toBe(0);
    expect(head).toContain(`HTTP/1.1 ${status} `);
  });
});
