import * as fc from 'fast-check';
import { Connection, Phase, type RequestHead } from '../../protocol/index.ts';
import { zlibCodec } from '../../drivers/node/zlib/codec.ts';
import { join } from '../../test/support/cuts.ts';
import { checkRefusal, summary } from '../support/opening.ts';
import { Subject, type SubjectOptions } from '../support/subject.ts';
import { assert, assertSame, type Target } from '../support/target.ts';
import { anyEdit, type Edit, edit } from '../support/wire.ts';

interface Field {
  readonly name: string;
  readonly value: string;
}

interface Input {
  readonly client: { readonly subprotocols: readonly string[]; readonly compress: boolean };
  readonly server: { readonly subprotocols: readonly string[]; readonly compress: boolean };
  /** Fields to put in, or in the place of those with their name. */
  readonly request: readonly Field[];
  readonly response: readonly Field[];
  readonly startLine: string;
  readonly requestEdits: readonly Edit[];
  readonly responseEdits: readonly Edit[];
  /** Whether changed fields take the place of those with their name, or stand beside them. */
  readonly replacing: boolean;
  readonly size: number;
}

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const toLatin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const anyName = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      'Host',
      'Upgrade',
      'Connection',
      'Origin',
      'Content-Length',
      'Transfer-Encoding',
      '__proto__',
      'X',
    ),
  },
  {
    weight: 9,
    arbitrary: fc.constantFrom('Key', 'Version', 'Protocol', 'Extensions', 'Accept').map((it) => `Sec-WebSocket-${it}`),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 4 }) },
);
const anyValue = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      '',
      '13',
      '8',
      '0',
      '1',
      'websocket',
      'WebSocket',
      'h2c, websocket',
      'upgrade',
      'keep-alive, Upgrade',
      'chunked',
      'server',
      'server:80',
      'a b',
      '[::1]',
      'http://server',
      'null',
      'http://other',
      'a',
      'a, b',
      'a, a',
      ',',
      'permessage-deflate',
      'permessage-deflate; client_max_window_bits',
      'permessage-deflate; x',
      'x, permessage-deflate',
      'permessage-deflate, permessage-deflate',
      'permessage-deflate; server_max_window_bits=7',
      'AQIDBAUGBwgJCgsMDQ4PEA==',
      'AQIDBAUGBwgJCgsMDQ4PEB==',
      ' AQIDBAUGBwgJCgsMDQ4PEA== ',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map((it) => it.replace(/[^\0-\xff]/gu, '\xe4')),
  },
  { weight: 1, arbitrary: fc.constantFrom(8000, 9000, 16500).map((length) => 'v'.repeat(length)) },
);
const anyFields = fc.array(fc.record({ name: anyName, value: anyValue }), { maxLength: 3 });
const anySide = fc.record({ subprotocols: fc.subarray(['a', 'b', 'c']), compress: fc.boolean() });
const fewEdits = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(anyEdit, { maxLength: 2 }));

/** Our client against our server, with what crosses between them changed. */
export const handshake: Target<Input> = {
  name: 'handshake',
  claim: 'a changed handshake opens or fails in one documented way, however it is cut and whoever parsed it',
  runs: 1000,
  arbitrary: fc.record({
    client: anySide,
    server: anySide,
    request: anyFields,
    response: anyFields,
    startLine: fc.oneof(
      { weight: 6, arbitrary: fc.constant('') },
      fc.constantFrom(
        'POST / HTTP/1.1',
        'GET / HTTP/1.0',
        'GET http://server/x HTTP/1.1',
        'GET * HTTP/1.1',
        'GET /# HTTP/1.1',
        'HEAD / HTTP/1.1',
        'GET  / HTTP/1.1',
        'GET / HTTP/2.0',
      ),
    ),
    requestEdits: fewEdits,
    responseEdits: fewEdits,
    replacing: fc.boolean(),
    size: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(1 << 20)),
  }),
  check(input) {
    const client = makeClient(input);
    const [sent] = client.collect();
    const plain = changeFields(toLatin1(sent), input.request, input.replacing, input.startLine);
    const request = edit(latin1(plain), input.requestEdits);

    // The server: in one read and in small ones, the same.
    const server = makeServer(input);
    server.receive(request);
    const cut = makeServer(input);
    for (let at = 0; at < request.length; at += input.size) cut.receive(request.subarray(at, at + input.size));
    cut.collect();
    assertSame(summary(cut), summary(server), 'the server, cut');
    if (input.requestEdits.length === 0) secondDoor(input, plain, server);
    const answer = server.sent;
    if (server.connection.opening === undefined && answer.length > 0) checkRefusal(toLatin1(answer), server);

    // The client: likewise, with what came from the server, changed again.
    if (answer.length > 0) {
      const changed = changeFields(toLatin1(answer), input.response, input.replacing, '');
      const response = edit(latin1(changed), input.responseEdits);
      const whole = makeClient(input);
      const bytewise = makeClient(input);
      whole.receive(response);
      for (let at = 0; at < response.length; at += input.size) bytewise.receive(response.subarray(at, at + input.size));
      bytewise.collect();
      assertSame(summary(bytewise), summary(whole), 'the client, cut');
      const opening = whole.connection.opening;
      if (opening !== undefined) {
        // §4.1: nothing is selected that was not offered.
        const offered = ['', ...input.client.subprotocols];
        assert(offered.includes(opening.subprotocol), `the subprotocol ${opening.subprotocol}`);
        assert(input.client.compress || opening.extensions === '', `the extensions ${opening.extensions}`);
      }
      const untouched = input.request.length + input.response.length + input.requestEdits.length === 0;
      if (untouched && input.responseEdits.length === 0 && input.startLine === '') agree(server, whole);
      const wasOpen = opening !== undefined;
      whole.finish('eof');
      const { error } = whole.connection.closeInfo!;
      assert(wasOpen || error?.name === 'HandshakeError', `the client ended with ${String(error)}`);
    }
    const wasOpen = server.connection.opening !== undefined;
    const end = input.size % 2 === 0 ? 'eof' : 'silence';
    server.finish(end);
    const { error } = server.connection.closeInfo!;
    const name = error?.name ?? '';
    assert(
      wasOpen || name === 'HandshakeError' || (end === 'silence' && name === 'TimeoutError'),
      `it ended with ${name}`,
    );
  },
};

function makeClient({ client: { subprotocols, compress } }: Input): Subject {
  const options: SubjectOptions = { compress, codec: zlibCodec() };
  return new Subject('client', options, (all) =>
    Connection.client({ url: 'ws://server/chat?a=b', subprotocols, requireSubprotocol: false }, all),
  );
}

function makeServer({ server: { subprotocols, compress } }: Input): Subject {
  const options: SubjectOptions = {
    compress,
    subprotocols,
    codec: zlibCodec(),
    within: ({ connection }, method) => method === 'onRequest' && connection.accept(),
  };
  return new Subject('server', options, (all) => Connection.server(all));
}

/** A request that something else has parsed meets with the same answer. */
function secondDoor(input: Input, plain: string, first: Subject): void {
  const [startLine, ...lines] = plain.slice(0, -4).split('\r\n');
  const parts = /^([^ ]+) ([^ ]+) HTTP\/([0-9]\.[0-9])$/.exec(startLine);
  // What is no head at all, or means another one, has no second door.
  if (parts === null || lines.some((line) => !/^[^:\r\n]+:[^\r\n]*$/.test(line) || line.includes('\0'))) return;
  const rawHeaders = lines.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]);
  const head: RequestHead = { method: parts[1], target: parts[2], version: parts[3], rawHeaders };
  const second = makeServer(input);
  second.connection.receiveHead(head, 0);
  second.collect();
  const status = (subject: Subject): string => toLatin1(subject.sent).slice(0, 12);
  assertSame(status(second), status(first), 'the status of a request that was parsed elsewhere');
  if (first.connection.phase === Phase.OPEN) assertSame(summary(second), summary(first), 'the second door');
}

/** Both sides think the same of what nobody changed. */
function agree(server: Subject, client: Subject): void {
  const [ours, theirs] = [server.connection.opening, client.connection.opening];
  assert(ours !== undefined && theirs !== undefined, 'a handshake that nobody touched fails');
  assertSame(theirs.extensions, ours.extensions, 'the extensions');
  assertSame(theirs.subprotocol, ours.subprotocol, 'the subprotocol');
  assertSame(theirs.request!.rawHeaders, ours.request!.rawHeaders, 'the request');
  client.connection.sendText('hello');
  server.receive(join(...client.collect()));
  assert(server.events.at(-1)!.type === 'text', 'the first message does not arrive');
}

function changeFields(head: string, fields: readonly Field[], replacing: boolean, startLine: string): string {
  const end = head.indexOf('\r\n\r\n');
  let [first, ...lines] = head.slice(0, end).split('\r\n');
  if (startLine !== '') first = startLine;
  for (const { name, value } of fields) {
    if (replacing) lines = lines.filter((line) => !line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
    lines.push(`${name}: ${value}`);
  }
  return [first, ...lines].join('\r\n') + head.slice(end);
}
