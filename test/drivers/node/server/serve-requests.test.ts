/**
 * faults.md §1, the rows about what stands in a request, over real sockets: once where the core parses it (`listen`), and
 * once where node:http has, and it is validated again (`attach`). After each, a second connection lives on.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  attach,
  type Decision,
  listen,
  open,
  type Server,
  type WebSocket,
  WebSocketError,
} from '../../../../drivers/index.ts';
import { makeCertificate } from '../../../support/certificates.ts';
import { exchange, GOOD, parse } from '../hostile.ts';

const OPTIONS = {
  handshakeTimeout: 1000,
  closeTimeout: 1000,
  compress: true,
  subprotocols: ['a'],
  authorize: ({ path }: { path: string }): Decision => {
    if (path === '/split') return { headers: { 'X-Bad': 'a\r\nSet-Cookie: b' } };
    if (path === '/nul') return { headers: { 'X-Bad': 'a\0' } };
    if (path === '/name') return { headers: { 'X Bad': 'a' } };
    if (path === '/owned') return { headers: { 'Sec-WebSocket-Accept': 'mine' } };
    if (path === '/unoffered') return { subprotocol: 'b' };
    return true;
  },
};

let servers: Record<string, Server>;
let witnesses: WebSocket[];
const errors: Error[] = [];
const http = createServer();

beforeAll(async () => {
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const options = { ...OPTIONS, onError: (error: unknown) => void errors.push(error as Error) };
  const echo = async (ws: WebSocket) => {
    for await (const message of ws) await ws.send(message);
  };
  servers = {
    listen: await listen({ host: '127.0.0.1', port: 0, ...options }, echo),
    attach: attach(http, options, echo),
  };
  witnesses = await Promise.all(Object.values(servers).map(({ url }) => open(url)));
});

afterEach(async () => {
  for (const witness of witnesses) {
    await witness.send('still here');
    expect(await witness.receive()).toBe('still here');
  }
});

afterAll(async () => {
  for (const witness of witnesses) await witness.close();
  for (const server of Object.values(servers)) await server.close();
  http.closeAllConnections();
  http.close();
});

/** A good request without one of its fields, or with another in its place. */
function without(name: string, instead = ''): string {
  const request = GOOD.split('\r\n').filter((line) => !line.startsWith(`${name}:`));
  return request.join('\r\n') + instead + '\r\n';
}

/** A good request with more fields. */
const withFields = (...lines: string[]): string => `${GOOD}${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const port = (name: string): number => servers[name].port;

/** Asks, and hangs up when the answer's head is there. Returns the head. */
function headFor(to: number, request: string): Promise<string> {
  return exchange(to, request, (socket) => {
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (/^HTTP\/1\.1 101 [^]*\r\n\r\n/.test(head)) socket.destroy();
    });
  });
}

/** What anyone refuses, whoever has parsed it. */
const REFUSED: [string, string, number, string?][] = [
  ['no Host', without('Host'), 400],
  ['two Hosts', withFields('Host: b'), 400],
  ['a Host that is none', without('Host', 'Host: a b\r\n'), 400],
  ['a body', withFields('Content-Length: 5'), 400],
  ['an Upgrade without the token', without('Upgrade', 'Upgrade: h2c, websockets\r\n'), 426, 'upgrade: websocket'],
  ['a Connection without the token', without('Connection', 'Connection: keep-alive\r\n'), 400],
  ['no key', without('Sec-WebSocket-Key'), 400],
  ['two keys', withFields('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='), 400],
  ...['dGhlIHNhbXBsZSBub25jZQ=A', 'dGhlIHNhbXBsZSBub25jZQ', 'dGhlIHNhbXBsZSBub25j', '', '='].map(
    (key): [string, string, number] => [
      `the key ${JSON.stringify(key)}`,
      without('Sec-WebSocket-Key', `Sec-WebSocket-Key: ${key}\r\n`),
      400,
    ],
  ),
  ['no version', without('Sec-WebSocket-Version'), 426, 'sec-websocket-version: 13'],
  ...['8', '13, 8', '0xd', '1.3e1', '013', '13a', ''].map((version): [string, string, number, string] => [
    `the version ${JSON.stringify(version)}`,
    without('Sec-WebSocket-Version', `Sec-WebSocket-Version: ${version}\r\n`),
    426,
    'sec-websocket-version: 13',
  ]),
  ...['a;', 'a b', ';x', 'a; b=c d', 'a; b="c d"', 'permessage-deflate; =8'].map((value): [string, string, number] => [
    `the extensions ${JSON.stringify(value)}`,
    withFields(`Sec-WebSocket-Extensions: ${value}`),
    400,
  ]),
  ...['', 'a, a', 'a b', 'a;b', '"a"'].map((value): [string, string, number] => [
    `the subprotocols ${JSON.stringify(value)}`,
    withFields(`Sec-WebSocket-Protocol: ${value}`),
    400,
  ]),
  ...[
    'null',
    'http://127.0.0.1.evil.example',
    'http://evil.example/http://127.0.0.1',
    'http://127.0.0.1.',
    'HTTP://127.0.0.1',
    'http://127.0.0.1:81',
    'http://a:b',
    'http://user@127.0.0.1',
    'http://127.0.0.1/',
    '127.0.0.1',
  ].map((value): [string, string, number] => [`the Origin ${value}`, withFields(`Origin: ${value}`), 403]),
  ['two Origins', withFields('Origin: http://127.0.0.1', 'Origin: http://127.0.0.1'), 403],
  ['a 101 with a header that splits', GOOD.replace('/ ', '/split ') + '\r\n', 500],
  ['a 101 with a NUL in a header', GOOD.replace('/ ', '/nul ') + '\r\n', 500],
  ['a 101 with a header name that is none', GOOD.replace('/ ', '/name ') + '\r\n', 500],
  ['a 101 with a header that the handshake owns', GOOD.replace('/ ', '/owned ') + '\r\n', 500],
  ['a subprotocol that was not offered, from authorize', GOOD.replace('/ ', '/unoffered ') + '\r\n', 500],
];

/** What is accepted. */
const ACCEPTED: [string, string, RegExp?][] = [
  [
    'Upgrade and Connection as lists, in any case',
    without('Upgrade', 'upgrade: h2c, WebSocket\r\n').replace('Connection: Upgrade', 'Connection: keep-alive, UPGRADE'),
  ],
  [
    'Connection in two fields',
    GOOD.replace('Connection: Upgrade', 'Connection: keep-alive\r\nConnection: upgrade') + '\r\n',
  ],
  ['bytes over 0x7F in a value', withFields('X-Name: Gr\xfc\xdfe\x80\xff')],
  ['the same Origin', withFields('Origin: http://127.0.0.1')],
  [
    'names of Object.prototype',
    GOOD.replace('/ ', '/?__proto__=1&constructor=2 ') +
      '__proto__: x\r\nconstructor: y\r\ntoString: z\r\nSec-WebSocket-Extensions: __proto__; constructor=toString\r\nSec-WebSocket-Protocol: __proto__, constructor, toString\r\n\r\n',
    /^(?!.*sec-websocket-(protocol|extensions))/s,
  ],
  ['a subprotocol among unknown ones', withFields('Sec-WebSocket-Protocol: x, a'), /\r\nsec-websocket-protocol: a$/],
  ...[
    'x=1',
    'server_no_context_takeover; server_no_context_takeover',
    'server_max_window_bits=7',
    'client_max_window_bits=08',
    'server_no_context_takeover=1',
    'server_max_window_bits',
  ].map((parameter): [string, string, RegExp] => [
    `permessage-deflate; ${parameter}, which is declined`,
    withFields(`Sec-WebSocket-Extensions: permessage-deflate; ${parameter}`),
    /^(?!.*sec-websocket-extensions)/s,
  ]),
];

describe.each(['listen', 'attach'])('by %s', (name) => {
  // Over node:http, what asks for something else is somebody else's.
  const refused = REFUSED.filter(([title]) => name === 'listen' || title !== 'an Upgrade without the token');
  test.each(refused)('%s is refused', async (_, request, status, field) => {
    // A frame behind it is discarded: it is nobody's, whatever stands in it.
    const response = await exchange(port(name), `${request}\x81\x82\0\0\0\0hi`);
    const { status: got, fields, body } = parse(response);
    expect(got).toBe(status);
    expect(fields).toContain('\r\nconnection:');
    // node:http answers by itself what it finds malformed, and without a length.
    if (name === 'listen' || fields.includes('content-length'))
      expect(fields).toContain(`\r\ncontent-length: ${body.length}`);
    if (field !== undefined && name === 'listen') expect(fields).toContain(`\r\n${field}`);
    expect(response.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  test.each(ACCEPTED)('%s: accepted', async (_, request, head = /^/) => {
    const { status, fields } = parse(await headFor(port(name), request));
    expect([status, fields]).toEqual([101, expect.stringMatching(head)]);
    expect(fields).toContain('\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=');
  });

  test('frames behind the request are delivered after the 101', async () => {
    const bytes = await exchange(port(name), `${GOOD}\r\n\x81\x82\0\0\0\0hi\x82\x81\0\0\0\0x`, (socket) => {
      socket.on('data', (chunk) => chunk.includes('x') && socket.write('\x88\x80\0\0\0\0', 'latin1'));
    });
    expect(bytes).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\n\x81\x02hi\x82\x01x\x88\x00$/);
  });

  test.each(['end', 'resetAndDestroy'] as const)('who goes while it is decided, by %s, gets no 101', async (how) => {
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    let decide!: () => void;
    const decision = new Promise<boolean>((resolve) => (decide = () => resolve(true)));
    const seen: string[] = [];
    const signals: AbortSignal[] = [];
    let asked!: () => void;
    const asking = new Promise<void>((resolve) => (asked = resolve));
    const options = {
      onError: (error: unknown) => void seen.push(`error ${String(error)}`),
      authorize: (_: unknown, { signal }: { signal: AbortSignal }) => {
        signals.push(signal);
        asked();
        return decision;
      },
    };
    const handler = () => void seen.push('open');
    const server =
      name === 'listen'
        ? await listen({ host: '127.0.0.1', port: 0, ...options }, handler)
        : attach(http, options, handler);
    const socket = connect(server.port, '127.0.0.1').on('error', () => {});
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.write(`${GOOD}\r\n`);
    await asking;
    socket[how]();
    const [signal] = signals;
    if (!signal!.aborted) await once(signal!, 'abort');
    decide();
    await server.close();
    socket.destroy();
    http.close();
    expect([answer.includes('101'), seen]).toEqual([false, []]);
  });
});

describe('what node:http does not let through', () => {
  test.each([
    ['a bare LF between lines', GOOD.replaceAll('\r\n', '\n') + '\n'],
    ['a bare CR', GOOD + 'X: a\rb\r\n\r\n'],
    ['a folded line', GOOD + 'X: a\r\n b\r\n\r\n'],
    ['white space before the colon', GOOD + 'X : a\r\n\r\n'],
    ['an empty name', GOOD + ': a\r\n\r\n'],
    ['a NUL', GOOD + 'X: a\0b\r\n\r\n'],
    ['another control character', GOOD + 'X: a\x01b\r\n\r\n'],
    ['a DEL', GOOD + 'X: a\x7fb\r\n\r\n'],
    ['a name that is no token', GOOD + 'X(: a\r\n\r\n'],
    ['a line without a colon', GOOD + 'nonsense\r\n\r\n'],
    ['any Transfer-Encoding', GOOD + 'Transfer-Encoding: identity\r\n\r\n'],
  ])('%s: 400', async (_, request) => {
    expect(parse(await exchange(port('listen'), request)).status).toBe(400);
  });

  test.each<[string, string, number, string?]>([
    ['PUT', GOOD.replace('GET', 'PUT') + '\r\n', 405, '\r\nallow: get'],
    ['HTTP/1.0', GOOD.replace('HTTP/1.1', 'HTTP/1.0') + '\r\n', 505],
    ['HTTP/2.0', GOOD.replace('HTTP/1.1', 'HTTP/2.0') + '\r\n', 505],
    ['a request line of 8 KiB', GOOD.replace('/ ', `/${'a'.repeat(8192)} `) + '\r\n', 414],
    ['a field of 8 KiB', withFields(`X: ${'a'.repeat(8192)}`), 431],
    ['101 fields', withFields(...Array.from({ length: 96 }, (_, i) => `X-${i}: y`)), 431],
    ['a head of 16 KiB', withFields(...Array.from({ length: 5 }, (_, i) => `X-${i}: ${'a'.repeat(4000)}`)), 431],
  ])('%s', async (_, request, status, field = '') => {
    const response = parse(await exchange(port('listen'), request));
    expect(response.status).toBe(status);
    expect(response.fields).toContain(field);
  });

  test('100 fields are taken', async () => {
    // GOOD has five of them.
    const request = withFields(...Array.from({ length: 95 }, (_, i) => `X-${i}: y`));
    expect(parse(await headFor(port('listen'), request)).status).toBe(101);
  });
});

describe('the one deadline', () => {
  test('is not begun anew by a byte', async () => {
    const answer = exchange(port('listen'), 'G', (socket) => {
      let at = 1;
      const timer = setInterval(() => socket.write(GOOD[at++ % GOOD.length]!), 50);
      socket.on('close', () => clearInterval(timer));
    });
    expect(parse(await answer).status).toBe(408);
  });

  test('ends a TLS peer that is silent, before its handshake and after it', async () => {
    const certificate = makeCertificate('DNS:localhost,IP:127.0.0.1');
    const secure = await listen({ host: '127.0.0.1', port: 0, tls: certificate, handshakeTimeout: 400 }, () => {});
    const witness = await open(secure.url, { tls: { ca: certificate.cert } });
    expect(await exchange(secure.port, '')).toBe('');
    expect(await exchange(secure.port, '\x16\x03\x01\x02\x00')).toBe('');
    const socket = connectTls({ port: secure.port, host: '127.0.0.1', rejectUnauthorized: false }).setEncoding(
      'latin1',
    );
    let answer = '';
    for await (const text of socket) answer += text;
    expect(parse(answer).status).toBe(408);
    expect(witness.state).toBe('closed'); // its handler has returned
    await secure.close();
  });
});

test('a server that closes does not wait for who has not finished a TLS handshake', async () => {
  const certificate = makeCertificate('IP:127.0.0.1');
  const secure = await listen({ host: '127.0.0.1', port: 0, tls: certificate, handshakeTimeout: false }, () => {});
  const silent = connect(secure.port, '127.0.0.1').on('error', () => {});
  await once(silent, 'connect');
  // Accepted in their order: when this one is through, that one is known.
  await open(secure.url, { tls: { ca: certificate.cert } });
  await Promise.all([secure.close(), once(silent, 'close')]);
});

test('who stands in the door of a server that closes is told to come back later', async () => {
  let asked!: () => void;
  const asking = new Promise<void>((resolve) => (asked = resolve));
  const closing = await listen(
    { host: '127.0.0.1', port: 0, authorize: () => (asked(), new Promise<never>(() => {})) },
    () => {},
  );
  const answer = exchange(closing.port, `${GOOD}\r\n`);
  await asking;
  await closing.close();
  const { status, fields } = parse(await answer);
  expect([status, fields]).toEqual([503, expect.stringMatching(/\r\nretry-after: \d+/)]);
});

test.each<[string, object]>([
  ['a header that splits', { headers: { 'X-Bad': 'a\r\nb: c' } }],
  ['a header that the handshake owns', { headers: { Upgrade: 'h2c' } }],
  ['a header name that is none', { headers: { 'X Bad': 'a' } }],
  ['a subprotocol that is no token', { subprotocols: ['a b'] }],
])('%s among the options is a misuse', async (_, options) => {
  await expect(listen({ host: '127.0.0.1', port: 0, ...options }, () => {})).rejects.toThrow(TypeError);
  expect(() => attach(http, options, () => {})).toThrow(TypeError);
});

test('what the application did wrong was reported, every time', () => {
  // The other errors are those of connections that this file hung up on.
  expect(errors.filter((error) => !(error instanceof WebSocketError))).toHaveLength(2 * 5);
});
