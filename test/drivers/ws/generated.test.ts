/** Opening handshakes, right and wrong, made up: the face and the `ws` package answer each alike, to the byte. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { test } from 'vitest';
import { compare, mostly, settled, streamOf } from './made-up.ts';
import type { Library } from './scripts.ts';

const { constantFrom, option, record, array, tuple, boolean } = fc;
const maybe = <T>(value: fc.Arbitrary<T>) => option(value, { nil: undefined, freq: 2 });
const flag = constantFrom(undefined, true, false);
const bits = constantFrom(undefined, true, false, 8, 9, 10, 15, null);
const ours = { serverNoContextTakeover: flag, clientNoContextTakeover: flag, serverMaxWindowBits: bits };
const perMessageDeflate = fc.oneof(
  { weight: 6, arbitrary: record<unknown>({ ...ours, clientMaxWindowBits: bits }) },
  { weight: 1, arbitrary: constantFrom<unknown>(true, false, undefined) },
);

/** One wrong parameter spoils all offers: most are right. */
const parameter = fc.oneof(
  {
    weight: 25,
    arbitrary: constantFrom(
      ...['server_no_context_takeover', 'client_no_context_takeover', 'client_max_window_bits'],
      ...['server_max_window_bits=8', 'server_max_window_bits=10', 'server_max_window_bits=15'],
      ...['client_max_window_bits=8', 'client_max_window_bits=9', 'client_max_window_bits="12"'],
    ),
  },
  {
    weight: 1,
    arbitrary: constantFrom(
      ...['server_max_window_bits', 'server_max_window_bits=7', 'client_max_window_bits=16', 'x'],
      ...['client_max_window_bits=0', 'client_max_window_bits=" 9"', 'client_no_context_takeover=1'],
    ),
  },
);
const extension = tuple(
  mostly('permessage-deflate', 'foo', 'Permessage-Deflate', ''),
  fc.uniqueArray(parameter, { maxLength: 3, selector: (one) => one.split('=', 1)[0] }),
);
const extensions = array(
  extension.map(([name, parameters]) => [name, ...parameters].join('; ')),
  { minLength: 1, maxLength: 3 },
).map((all) => all.join(', '));

const verifyClient = constantFrom<unknown>(
  null,
  () => true,
  () => false,
  ({ origin }: { origin: string }) => origin === 'http://a',
  (_: unknown, answer: (...all: unknown[]) => void) => answer(true),
  (_: unknown, answer: (...all: unknown[]) => void) => answer(false),
  (_: unknown, answer: (...all: unknown[]) => void) => answer(false, 403, '', { 'X-Why': 'none' }),
  ({ secure }: { secure: boolean }, answer: (...all: unknown[]) => void) => answer(false, 499, String(secure)),
);
const request = record({
  method: mostly('GET', 'POST', 'get'),
  url: constantFrom('/', '/a', '/a?b', '?', '', 'http://x/a'),
  headers: record({
    upgrade: mostly('websocket', 'WebSocket', 'h2c', undefined, 'websocket, x'),
    'sec-websocket-key': mostly('dGhlIHNhbXBsZSBub25jZQ==', 'x', undefined, 'dGhlIHNhbXBsZSBub25jZR=='),
    'sec-websocket-version': mostly<unknown>('13', '8', '13, 8', '7', undefined, 13),
    'sec-websocket-extensions': maybe(extensions),
    'sec-websocket-protocol': maybe(mostly('a, b', 'a', 'a,a', '', ' ', 'a,', ',a', 'a b', 'toString', 'a ,b')),
    origin: maybe(constantFrom('http://a', 'null', '')),
    'sec-websocket-origin': maybe(fc.constant('http://a')),
  }).map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))),
});
const serverOptions = record({
  perMessageDeflate,
  path: mostly<string | null>(null, '/', '/a', ''),
  verifyClient: mostly<unknown>(null, null).chain(() => option(verifyClient, { nil: null, freq: 2 })),
  handleProtocols: constantFrom<unknown>(
    null,
    () => false,
    () => 'x',
    (names: Set<string>) => [...names].at(-1),
  ),
});

async function serve(
  { WebSocketServer }: Library,
  options: object,
  asked: object,
  listens: boolean,
): Promise<string[]> {
  const notes: string[] = [];
  const stream = streamOf((chunk) => void notes.push(chunk.toString('latin1')));
  const server = new WebSocketServer({ noServer: true, ...options });
  if (listens) server.on('wsClientError', ({ message }: Error) => notes.push(message));
  server.handleUpgrade({ ...asked, socket: stream, rawHeaders: [] }, stream, Buffer.alloc(0), (ws: any) => {
    notes.push(`${ws.protocol} ${ws.extensions} ${server.clients.size}`);
    ws.terminate();
  });
  await settled(3);
  stream.destroy();
  return notes;
}

test('a server answers requests as `ws` does', async () => {
  await fc.assert(
    fc.asyncProperty(serverOptions, request, boolean(), (options, asked, listens) =>
      compare((library) => serve(library, options, asked, listens)),
    ),
    { numRuns: 1000 },
  );
});

const given = record({
  url: constantFrom<string | URL>(
    ...[
      'ws://h',
      'ws://h:80/a?b',
      'ws://u:p@h:81/',
      'ws://%zz:p@h/',
      'http://h/',
      'ws+unix:/tmp/x:/a?b=:c',
      'ws+unix:/x',
    ],
    ...['ws://[::1]:5/', 'ws://h/#', 'ws://h/#a', 'ws+unix:', 'ws://h/ä', 'file:///x', '', new URL('http://h/u')],
  ),
  protocols: mostly<unknown>(undefined, 'a', ['a', 'b'], [''], 'a b', ['a', 'a'], null, 5, []),
  options: record<unknown>({
    perMessageDeflate,
    origin: maybe(constantFrom('http://a', '')),
    headers: maybe(constantFrom({ A: 'b' }, { host: 'other' }, { 'sec-websocket-key': 'mine' }, { Connection: 'x' })),
    protocolVersion: mostly<unknown>(13, 8, 9, undefined),
    host: maybe(fc.constant('elsewhere')),
    method: maybe(fc.constant('POST')),
    setHost: mostly(true, false),
    protocols: maybe(constantFrom('a', ['b', 'c'])),
    finishRequest: maybe(fc.constant((req: any, ws: any) => req.setHeader('X-State', String(ws.readyState)).end())),
  }),
});
const answer = record({
  status: mostly('101 Switching Protocols', '200 OK', '302 Found', '404 Not Found', '100 Continue', '999 X'),
  upgrade: mostly('websocket', 'WebSocket', 'h2c', 'websocket, x', undefined),
  accept: mostly('ACCEPT', 'x', undefined, ' ACCEPT '),
  extensions: maybe(extensions),
  protocol: maybe(constantFrom('a', 'b', 'A', '', 'a, b', 'toString')),
  behind: mostly('', '\x81\x02hi', '\x88\x00', '\x83\x00'),
});
const doing = record({ listens: boolean(), closes: mostly(false, true), early: mostly('', 'close', 'terminate') });

type Given = { url: string | URL; protocols: unknown; options: object };
type Answer = Record<'status' | 'upgrade' | 'accept' | 'extensions' | 'protocol' | 'behind', string | undefined>;
type Doing = { listens: boolean; closes: boolean; early: string };

async function connect({ WebSocket }: Library, { url, protocols, options }: Given, says: Answer, does: Doing) {
  const notes: string[] = [];
  let head = '';
  const createConnection = () =>
    streamOf((chunk, stream) => {
      head += chunk.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      const key = /Sec-WebSocket-Key: (.*)\r/.exec(head)![1];
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      const fields = {
        Connection: says.upgrade && 'Upgrade',
        Upgrade: says.upgrade,
        'Sec-WebSocket-Accept': says.accept?.replace('ACCEPT', accept),
        'Sec-WebSocket-Extensions': says.extensions,
        'Sec-WebSocket-Protocol': says.protocol,
      };
      const lines = Object.entries(fields).flatMap(([name, value]) =>
        value === undefined ? [] : `${name}: ${value}\r\n`,
      );
      stream.push(Buffer.from(`HTTP/1.1 ${says.status}\r\n${lines.join('')}\r\n${says.behind}`, 'latin1'));
    });
  try {
    const all = { ...options, createConnection };
    const ws = protocols === undefined ? new WebSocket(url, all) : new WebSocket(url, protocols, all);
    ws.on('upgrade', () => {
      notes.push(`upgrade ${ws.readyState}`);
      if (does.closes) ws.close();
    });
    ws.on('open', () => {
      notes.push(`open ${ws.protocol} ${ws.extensions} ${ws.url}`);
      ws.terminate();
    });
    ws.on('error', ({ name, code, message }: any) => notes.push(`${name} ${code} ${message} ${ws.readyState}`));
    ws.on('close', (code: number) => notes.push(`close ${code} ${ws.readyState} ${ws._req === null}`));
    if (does.listens) {
      ws.on('unexpected-response', (_: unknown, { statusCode }: any) => {
        notes.push(`unexpected ${statusCode}`);
        ws.terminate();
      });
    }
    if (does.early !== '') ws[does.early]();
    await settled(3);
    if (ws.readyState !== 3) ws.terminate();
    await settled(3);
  } catch (error: any) {
    notes.push(`${error.name} ${error.message}`);
  }
  return [...notes, head.replace(/Key: .*\r/, 'Key\r')];
}

test('a client asks for, and takes, what `ws` does', async () => {
  await fc.assert(
    fc.asyncProperty(given, answer, doing, (how, says, does) =>
      compare((library) => connect(library, how as Given, says, does)),
    ),
    { numRuns: 1000 },
  );
});
