/**
 * Open connections, made up: frames that come, right and wrong, and calls, in and out of turn. The face and the `ws` package
 * write the same bytes and emit the same events, step by step.
 */
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { test } from 'vitest';
import { acceptKey } from '../../../protocol/index.ts';
import {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION,
  frame,
  type FrameSpec,
  KEY,
  parseFrames,
  PING,
  PONG,
  TEXT,
} from '../../support/frames.ts';
import { compare, mostly, settled, streamOf } from './made-up.ts';
import { describe, describeError, type Library } from './scripts.ts';

const { constantFrom, record, array, boolean, tuple } = fc;
/** How many programs of each kind: docs/reliability.md. */
const PROGRAMS = Number(process.env.WS_PROGRAMS ?? 300);

type Step =
  | { does: 'receive'; frames: FrameSpec[]; cut: number }
  | { does: 'end' | 'fail' | 'terminate' | 'pause' | 'resume' }
  | { does: 'send'; data: unknown; options: object | undefined; calls: boolean }
  | { does: 'ping' | 'pong'; data: unknown; calls: boolean }
  | { does: 'close'; code: unknown; reason: unknown }
  | { does: 'type'; type: string }
  | { does: 'several'; steps: Step[] };

const texts = ['', 'a', 'ä€😀', 'x'.repeat(130)];
const fin = mostly(true, false);
const closes = [closePayload(1000), closePayload(1001, 'bye'), closePayload(4999), new Uint8Array(0)];
/** What is wrong with one is one thing: which of two is told is not the same. */
const wrong = constantFrom<FrameSpec>(
  ...[3, 7, 11, 15].map((opcode) => ({ opcode })),
  ...[0xff, 0xe2].map((byte) => ({ opcode: TEXT, payload: new Uint8Array([byte]) })),
  ...[TEXT, PING, CLOSE].flatMap((opcode) => [
    { opcode, rsv1: true },
    { opcode, rsv2: true },
    { opcode, rsv3: true },
  ]),
  ...[PING, PONG, CLOSE].flatMap((opcode) => [
    { opcode, fin: false },
    { opcode, payload: 'p'.repeat(126) },
  ]),
  ...[new Uint8Array(1), closePayload(1005), closePayload(1016), closePayload(1000, new Uint8Array([0xff]))].map(
    (payload) => ({ opcode: CLOSE, payload }),
  ),
);
const frames = fc.oneof(
  { weight: 8, arbitrary: record({ fin, opcode: constantFrom(TEXT, BINARY), payload: constantFrom(...texts) }) },
  { weight: 4, arbitrary: record({ fin, opcode: fc.constant(CONTINUATION), payload: constantFrom(...texts) }) },
  {
    weight: 4,
    arbitrary: record({ opcode: constantFrom(PING, PONG), payload: constantFrom('p', '', 'p'.repeat(125)) }),
  },
  { weight: 1, arbitrary: record({ opcode: fc.constant(CLOSE), payload: constantFrom<Uint8Array>(...closes) }) },
  { weight: 1, arbitrary: wrong },
);

const data = constantFrom<unknown>(
  ...['', 'text', 'ä', 'x'.repeat(200), 7, Buffer.from('buffer'), new Uint8Array([1, 2]), new ArrayBuffer(3)],
  ...[new Uint16Array([1, 2]), new DataView(new ArrayBuffer(2)), undefined, null, true],
);
const small = constantFrom<unknown>('', 'p', Buffer.from('b'), undefined, 7, 'p'.repeat(125), 'p'.repeat(126));
const flag = constantFrom(true, false);
const sendOptions = fc.option(
  record({ binary: flag, fin: mostly(true, false), compress: flag }, { requiredKeys: [] }),
  { nil: undefined },
);
const receive = record({
  does: fc.constant('receive' as const),
  frames: array(frames, { minLength: 1, maxLength: 4 }),
  cut: constantFrom(0, 0, 1, 3),
});
const call = fc.oneof(
  {
    weight: 8,
    arbitrary: record({ does: fc.constant('send' as const), data, options: sendOptions, calls: boolean() }),
  },
  {
    weight: 2,
    arbitrary: record({ does: constantFrom('ping' as const, 'pong' as const), data: small, calls: boolean() }),
  },
  { weight: 2, arbitrary: record({ does: constantFrom('pause' as const, 'resume' as const) }) },
  {
    weight: 1,
    arbitrary: record({
      does: fc.constant('close' as const),
      code: mostly<unknown>(1000, undefined, 4000, 1005, 999, '1000'),
      reason: mostly<unknown>('why', undefined, '', 'r'.repeat(123), 'r'.repeat(124), Buffer.from('b')),
    }),
  },
  {
    weight: 1,
    arbitrary: record({
      does: fc.constant('type' as const),
      type: constantFrom('nodebuffer', 'arraybuffer', 'fragments', 'none'),
    }),
  },
);
const simple = fc.oneof(
  { weight: 8, arbitrary: receive },
  { weight: 14, arbitrary: call },
  { weight: 1, arbitrary: record({ does: constantFrom('end' as const, 'fail' as const, 'terminate' as const) }) },
);
const several = record({ does: fc.constant('several' as const), steps: array(call, { minLength: 2, maxLength: 4 }) });
const steps = array(fc.oneof({ weight: 3, arbitrary: simple }, { weight: 1, arbitrary: several }), { maxLength: 8 });

const options = record({
  maxPayload: mostly(1000, 100, 0),
  autoPong: mostly(true, false),
});
/** What a listener does at an event, the first time. */
const reaction = tuple(
  constantFrom('message', 'ping', 'pong', 'close', 'error'),
  call.filter(({ does }) => does !== 'pause'),
);

/** An open one, what it has written since, the stream under it, and a server. */
interface Opened {
  ws: any;
  out: Buffer[];
  stream: Duplex;
  server: any;
}

/** An open one in this role. */
async function open(library: Library, role: string, given: object): Promise<Opened> {
  const { WebSocket, WebSocketServer } = library;
  const out: Buffer[] = [];
  const options = { perMessageDeflate: false, ...given };
  const stream = streamOf((chunk) => void out.push(chunk));
  const server = new WebSocketServer({ noServer: true, ...options });
  let ws: any;
  if (role === 'server') {
    const headers = {
      ...{ upgrade: 'websocket', 'sec-websocket-version': '13' },
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const request = { method: 'GET', url: '/', headers, socket: stream, rawHeaders: [] };
    server.handleUpgrade(request, stream, Buffer.alloc(0), (opened: any) => (ws = opened));
  } else {
    ws = new WebSocket('ws://h/', { ...options, createConnection: () => stream });
    await settled(12);
    const [, key] = /Sec-WebSocket-Key: (.*)\r/.exec(Buffer.concat(out).toString('latin1'))!;
    const accept = `Sec-WebSocket-Accept: ${acceptKey(key!)}`;
    stream.push(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${accept}\r\n\r\n`);
    await settled(12);
  }
  out.length = 0; // the handshake
  return { ws, out, stream, server };
}

async function run(
  library: Library,
  role: string,
  how: object,
  program: readonly Step[],
  [at, then]: [string, Step],
): Promise<string[]> {
  const opened = await open(library, role, how);
  const { ws, stream } = opened;
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  // When a callback is called among events is not the same.
  let called: string[] = [];
  const said = (text: string) => (error?: unknown) => {
    called.push(`${text} ${error == null ? 'sent' : 'not sent'}`);
  };

  const take = (step: Step): void => {
    try {
      if (step.does === 'several') return step.steps.forEach(take);
      if (step.does === 'receive') {
        const bytes = Buffer.concat(
          step.frames.map((spec) => frame({ ...spec, key: role === 'server' ? KEY : undefined })),
        );
        if (stream.destroyed || stream.readableEnded) return;
        const size = step.cut === 0 ? bytes.length : step.cut;
        for (let i = 0; i < bytes.length; i += size) stream.push(bytes.subarray(i, i + size));
      } else if (step.does === 'end') {
        // The end of one that is paused is told in docs/ws.md.
        if (ws.isPaused) ws.resume();
        else stream.push(null);
      } else if (step.does === 'fail') {
        if (ws.isPaused) ws.resume();
        else stream.destroy(new Error('broken'));
      } else if (step.does === 'send')
        ws.send(...[step.data, ...(step.options ? [step.options] : []), ...(step.calls ? [said('send')] : [])]);
      else if (step.does === 'ping' || step.does === 'pong')
        ws[step.does](...[step.data, false, ...(step.calls ? [said(step.does)] : [])]);
      else if (step.does === 'close') ws.close(step.code, step.reason);
      else if (step.does === 'type') ws.binaryType = step.type;
      else ws[step.does]();
    } catch (error: any) {
      note(`${step.does} throws ${error.name} ${error.message}`);
    }
  };
  let isFirst = true;
  const tell = (name: string, text: string) => {
    note(text);
    if (name === at && isFirst) {
      isFirst = false;
      take(then);
    }
  };
  ws.on('message', (bytes: any, isBinary: boolean) => tell('message', `message ${isBinary} ${describe(bytes)}`));
  ws.on('ping', (bytes: any) => tell('ping', `ping ${describe(bytes)}`));
  ws.on('pong', (bytes: any) => tell('pong', `pong ${describe(bytes)}`));
  ws.on('close', (code: number, reason: any) => tell('close', `close ${code} ${describe(reason)} ${ws.readyState}`));
  ws.on('error', (error: unknown) => tell('error', `${describeError(error)} ${ws.readyState}`));
  const look = (): string => {
    const { readyState, isPaused, binaryType } = ws;
    const state = [...called, readyState, readyState < 2 && ws.bufferedAmount, isPaused, binaryType].join();
    called = [];
    return state;
  };
  return walk(opened, notes, program, take, look);
}

/** Takes each step, and then the connection's end, and notes what came of it: what was written, and how things stand. */
async function walk<S extends { does: string }>(
  { ws, out, stream, server }: Opened,
  notes: string[],
  program: readonly S[],
  take: (step: S) => void,
  look: () => string,
): Promise<string[]> {
  const steps = program.map((step) => ({ name: step.does as string, run: () => take(step) }));
  for (const { name, run } of [...steps, { name: 'the end', run: () => ws.terminate() }]) {
    notes.push(`-- ${name}`);
    run();
    await settled(12);
    // Pongs of one turn may go out before what a listener sends, or behind it.
    const written = parseFrames(Buffer.concat(out)).sort(
      (a, b) => Number(a.opcode === PONG) - Number(b.opcode === PONG),
    );
    for (const { opcode, fin, payload } of written)
      notes.push(`frame ${opcode} ${fin} ${Buffer.from(payload).toString('hex')}`);
    out.length = 0;
    notes.push(look());
  }
  notes.push(String(server.clients.size));
  stream.destroy();
  return notes;
}

test('an open connection does what that of `ws` does', { timeout: 20_000 + 10 * PROGRAMS }, async () => {
  await fc.assert(
    fc.asyncProperty(constantFrom('client', 'server'), options, steps, reaction, (role, how, program, reacting) =>
      compare((library) => run(library, role, how, program as Step[], reacting as [string, Step])),
    ),
    { numRuns: PROGRAMS },
  );
});

type StreamStep =
  | { does: 'receive'; frames: FrameSpec[]; ends: boolean }
  | { does: 'end' | 'fail' }
  | { does: 'write'; data: string | Buffer; calls: boolean }
  | { does: 'finish' | 'destroy' | 'pause' | 'resume' | 'cork' | 'uncork' | 'close' };

const dataFrame = record({ opcode: constantFrom(TEXT, BINARY), payload: constantFrom(...texts) });
const comes = (all: fc.Arbitrary<FrameSpec[]>) =>
  record({ does: fc.constant('receive' as const), frames: all, ends: fc.constant(false) });
const onStream = fc.oneof(
  { weight: 4, arbitrary: comes(array(dataFrame, { minLength: 1, maxLength: 4 })) },
  {
    weight: 4,
    arbitrary: record({
      does: fc.constant('write' as const),
      data: constantFrom<string | Buffer>('', 'text', 'ä', 'x'.repeat(200), Buffer.from('buffer'), Buffer.alloc(0)),
      calls: boolean(),
    }),
  },
  { weight: 3, arbitrary: record({ does: constantFrom<StreamStep['does']>('pause', 'resume', 'cork', 'uncork') }) },
);
/** The peer's Close frame, and its end. */
const theirClose = { does: 'receive', frames: [{ opcode: CLOSE, payload: closePayload(1000) }], ends: true };
/** How it ends. A stream of `ws` that is ended, and then lost, does not come to an end: that is left out. */
const theEnd = fc.oneof(
  constantFrom<object[]>(
    ...[[{ does: 'destroy' }], [{ does: 'end' }], [{ does: 'fail' }], [{ does: 'close' }, theirClose]],
    ...[[theirClose], [{ does: 'finish' }, theirClose], []],
  ),
  comes(wrong.map((one) => [one])).map((step) => [step]),
);
const streamOptions = record(
  { readableObjectMode: boolean(), decodeStrings: boolean(), encoding: fc.constant('utf8') },
  { requiredKeys: [] },
);

async function runStream(
  library: Library,
  role: string,
  given: object,
  program: readonly StreamStep[],
): Promise<string[]> {
  const opened = await open(library, role, {});
  const { ws, stream } = opened;
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  const duplex: Duplex = library.createWebSocketStream(ws, given);
  duplex.on('data', (chunk: unknown) => note(`data ${describe(chunk)}`));
  for (const name of ['end', 'finish', 'close']) duplex.on(name, () => note(name));
  duplex.on('error', (error: unknown) => note(describeError(error)));
  ws.on('close', (code: number) => note(`${code} of the WebSocket`));
  let called: string[] = [];
  const take = (step: StreamStep): void => {
    if (step.does === 'receive') {
      const bytes = Buffer.concat(
        step.frames.map((spec) => frame({ ...spec, key: role === 'server' ? KEY : undefined })),
      );
      if (stream.destroyed || stream.readableEnded) return;
      stream.push(bytes);
      if (step.ends) stream.push(null);
    } else if (step.does === 'end') stream.push(null);
    else if (step.does === 'fail') stream.destroy(new Error('broken'));
    else if (step.does === 'write') {
      const { data, calls } = step;
      duplex.write(
        data,
        ...(calls ? [(error?: unknown) => void called.push(error == null ? 'sent' : 'not sent')] : []),
      );
    } else if (step.does === 'finish') duplex.end();
    else if (step.does === 'close') ws.close();
    else duplex[step.does]();
  };
  const look = (): string => {
    const { destroyed, readableEnded, writableFinished, writableLength } = duplex;
    const state = [...called, ws.readyState, destroyed, readableEnded, writableFinished, writableLength].join();
    called = [];
    return state;
  };
  return walk(opened, notes, program, take, look);
}

test('a stream over one does what that of `ws` does', { timeout: 20_000 + 10 * PROGRAMS }, async () => {
  await fc.assert(
    fc.asyncProperty(
      constantFrom('client', 'server'),
      streamOptions,
      tuple(array(onStream, { maxLength: 6 }), theEnd).map((parts) => parts.flat()),
      (role, given, program) => compare((library) => runStream(library, role, given, program as StreamStep[])),
    ),
    { numRuns: PROGRAMS },
  );
});
