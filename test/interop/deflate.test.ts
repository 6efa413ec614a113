/**
 * permessage-deflate with other implementations, over real sockets: every combination of parameters, contexts taken over
 * and not, messages from nothing to 300 kB (and to 4 MiB for some), whole and in fragments. Each side echoes for the other.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { WebSocket as UndiciWebSocket } from 'undici';
import { describe, expect, test } from 'vitest';
import { WebSocket as WsWebSocket, WebSocketServer } from 'ws';
import type { PerMessageDeflateOptions } from 'ws';
import { connect, serve } from '../../drivers/node/index.ts';
import type { CompressOptions } from '../../protocol/index.ts';
import { words } from '../support/deflate-codec-suite.ts';

const MIB = 1024 * 1024;
/** Some of them twice and more, so that a context that is taken over is put to use. */
const SIZES = [0, 1, 125, 126, 1000, 1000, 0, 20_000, 20_000, 65_535, 65_536];
const LARGE = 300_000;
/** Only where the parameters ask for it, for the sake of time. */
const LARGEST = 4 * MIB;

type Parameters = Pick<
  CompressOptions,
  'serverNoContextTakeover' | 'clientNoContextTakeover' | 'serverMaxWindowBits' | 'clientMaxWindowBits'
>;

/** All combinations of takeover with windows that are the largest, or the smallest that zlib has, or neither. */
const PARAMETERS: Parameters[] = [false, true].flatMap((serverNoContextTakeover) =>
  [false, true].flatMap((clientNoContextTakeover) =>
    [
      {},
      { serverMaxWindowBits: 9 },
      { clientMaxWindowBits: 9 },
      { serverMaxWindowBits: 8, clientMaxWindowBits: 8 },
      { serverMaxWindowBits: 12, clientMaxWindowBits: 15 },
    ].map((windows) => ({
      ...(serverNoContextTakeover && { serverNoContextTakeover }),
      ...(clientNoContextTakeover && { clientNoContextTakeover }),
      ...windows,
    })),
  ),
);

/** The diagonal of that table: each choice of takeovers, with another one of windows. */
const WITH_LARGEST = PARAMETERS.filter((_, i) => i % 6 === 0);

interface Echoes {
  readonly agreed: string;
  /** How many bytes came over the wire for the messages. */
  readonly received: number;
}

/** What the extension field must say for these parameters, whoever asked for them. */
function expectAgreed(agreed: string, parameters: Parameters): void {
  expect(agreed).toMatch(/^permessage-deflate/);
  expect(/server_no_context_takeover/.test(agreed)).toBe(parameters.serverNoContextTakeover === true);
  expect(/client_no_context_takeover/.test(agreed)).toBe(parameters.clientNoContextTakeover === true);
  const bits = (name: string): number => Number(new RegExp(`${name}=(\\d+)`).exec(agreed)?.[1] ?? 15);
  expect(bits('server_max_window_bits')).toBe(parameters.serverMaxWindowBits ?? 15);
  expect(bits('client_max_window_bits')).toBe(parameters.clientMaxWindowBits ?? 15);
}

function message(size: number, index: number, binary: boolean): string | Uint8Array {
  const bytes = words(size, index % 3);
  // Cut within a character it is no text.
  return binary ? bytes : new TextDecoder().decode(bytes).replaceAll('\ufffd', '?');
}

function fragmentsOf(whole: string | Uint8Array): (string | Uint8Array)[] {
  const third = Math.max(1, Math.floor(whole.length / 3));
  const cuts = [0, third, third, 2 * third, whole.length];
  return cuts.slice(1).map((end, i) => whole.slice(cuts[i], end));
}

interface Message {
  readonly whole: string | Uint8Array;
  readonly fragmented: boolean;
}

/** All sizes as text and as bytes, whole and in fragments. */
const MESSAGES: readonly Message[] = [
  ...SIZES.flatMap((size, index) =>
    [false, true].flatMap((binary) =>
      [false, true].map((fragmented) => ({ whole: message(size, index, binary), fragmented })),
    ),
  ),
  { whole: message(LARGE, 0, true), fragmented: false },
];

const ALL_MESSAGES: readonly Message[] = [
  ...MESSAGES,
  { whole: message(LARGEST, 0, false), fragmented: true },
  { whole: message(1000, 0, true), fragmented: false },
];

function messagesFor(parameters: Parameters): readonly Message[] {
  return WITH_LARGEST.includes(parameters) ? ALL_MESSAGES : MESSAGES;
}

function largeFor(parameters: Parameters): readonly number[] {
  return WITH_LARGEST.includes(parameters) ? [LARGE, LARGEST] : [LARGE];
}

function same(a: string | Uint8Array, b: string | Uint8Array): boolean {
  return typeof a === 'string' || typeof b === 'string' ? a === b : Buffer.compare(a, b) === 0;
}

/** Our client sends every message to an echo server, and compares what comes back. */
function callEcho(url: string, messages: readonly Message[], compress: CompressOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    let next = 0;
    const socket = connect(
      url,
      { compress: { threshold: 0, ...compress } },
      {
        open: send,
        message(_, data) {
          const { whole } = messages[next++];
          if (!same(data, whole)) return reject(new Error(`message ${next - 1} of ${whole.length} is another`));
          if (next === messages.length) socket.close();
          else send();
        },
        close(_, info) {
          if (info.clean && next === messages.length) resolve(socket.extensions);
          else reject(info.error ?? new Error(`closed after ${next} messages`));
        },
        error: reject,
      },
    );
    function send(): void {
      const { whole, fragmented } = messages[next];
      if (!fragmented) return void socket.send(whole);
      const parts = fragmentsOf(whole);
      for (const [i, part] of parts.entries()) socket.sendFragment(part, i === parts.length - 1);
    }
  });
}

/** Our server echoes, in fragments where the size is even. */
async function withEcho<T>(compress: CompressOptions, call: (url: string) => Promise<T>): Promise<T> {
  const errors: unknown[] = [];
  const listener = await serve<void>(
    { host: '127.0.0.1', port: 0, compress: { threshold: 0, ...compress } },
    {
      message(socket, data) {
        if (data.length % 2 === 1) return void socket.send(data);
        const parts = fragmentsOf(data);
        for (const [i, part] of parts.entries()) socket.sendFragment(part, i === parts.length - 1);
      },
      error: (error) => errors.push(error),
    },
  );
  try {
    return await call(listener.url);
  } finally {
    listener.stopListening();
    for (const socket of listener.connections) socket.terminate();
    await listener.closed;
    expect(errors).toEqual([]);
  }
}

describe('with ws', () => {
  /** ws keeps to the four parameters by the same names. */
  const wsOptions = (parameters: Parameters): PerMessageDeflateOptions => ({ threshold: 0, ...parameters });

  async function callWs(
    messages: readonly Message[],
    parameters: Parameters,
    compress: CompressOptions,
  ): Promise<Echoes> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: wsOptions(parameters) });
    await once(server, 'listening');
    let received = 0;
    server.on('connection', (socket, request) => {
      socket.on('message', (data: Buffer, binary) => {
        if (data.length % 2 === 1) return socket.send(data, { binary });
        const parts = fragmentsOf(data);
        for (const [i, part] of parts.entries()) socket.send(part, { binary, fin: i === parts.length - 1 });
      });
      socket.on('close', () => (received = request.socket.bytesRead));
    });
    const { port } = server.address() as AddressInfo;
    const agreed = await callEcho(`ws://127.0.0.1:${port}`, messages, compress);
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
    return { agreed, received };
  }

  async function wsCalls(url: string, messages: readonly Message[], parameters: Parameters): Promise<Echoes> {
    const socket = new WsWebSocket(url, { perMessageDeflate: wsOptions(parameters) });
    let received = 0;
    socket.once('upgrade', (response) => response.socket.once('close', () => (received = response.socket.bytesRead)));
    await once(socket, 'open');
    for (const { whole, fragmented } of messages) {
      const parts = fragmented ? fragmentsOf(whole) : [whole];
      for (const [i, part] of parts.entries()) socket.send(part, { fin: i === parts.length - 1 });
      const [data, binary] = (await once(socket, 'message')) as [Buffer, boolean];
      expect(same(binary ? data : data.toString(), whole)).toBe(true);
    }
    const agreed = socket.extensions;
    const closed = once(socket, 'close');
    socket.close();
    await closed;
    // ws leaves the values out of `extensions`.
    return { agreed, received };
  }

  const sizeOf = (messages: readonly Message[]): number => messages.reduce((sum, { whole }) => sum + whole.length, 0);

  test.each(PARAMETERS)('as the server, which asks for %j', async (parameters) => {
    // ws answers only offers that allow for what it wants.
    const offer = parameters.clientMaxWindowBits === undefined ? {} : { clientMaxWindowBits: 15 };
    const messages = messagesFor(parameters);
    const { agreed, received } = await callWs(messages, parameters, offer);
    expectAgreed(agreed, parameters);
    expect(received).toBeLessThan(sizeOf(messages) / 2);
  });

  test.each(PARAMETERS)('as a server that is offered %j', async (parameters) => {
    const messages = messagesFor(parameters);
    const { agreed, received } = await callWs(messages, {}, parameters);
    expect(agreed).toMatch(/^permessage-deflate/);
    expect(received).toBeLessThan(sizeOf(messages) / 2);
  });

  test.each(PARAMETERS)('as a client of a server that asks for %j', async (parameters) => {
    const { agreed } = await withEcho(parameters, (url) => wsCalls(url, messagesFor(parameters), {}));
    expect(agreed).toBe('permessage-deflate');
  });

  test.each(PARAMETERS)('as a client that offers %j', async (parameters) => {
    const { agreed } = await withEcho({}, (url) => wsCalls(url, messagesFor(parameters), parameters));
    expect(agreed).toBe('permessage-deflate');
  });

  test('of messages that are deflated off the thread, as the server and as a client', async () => {
    const { received } = await callWs(ALL_MESSAGES, {}, { asyncAbove: 1000 });
    expect(received).toBeLessThan(sizeOf(ALL_MESSAGES) / 2);
    await withEcho({ asyncAbove: 1000 }, (url) => wsCalls(url, ALL_MESSAGES, {}));
  });
});

describe('with undici', () => {
  async function undiciCalls(url: string, messages: readonly Message[]): Promise<void> {
    const socket = new UndiciWebSocket(url);
    socket.binaryType = 'arraybuffer';
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    expect(socket.extensions).toMatch(/^permessage-deflate/);
    const closed = new Promise<string>((resolve) => {
      socket.addEventListener('close', ({ code }) => resolve(`closed: ${code}`));
    });
    for (const { whole } of messages) {
      const echo = new Promise<string | ArrayBuffer>((resolve) => {
        socket.addEventListener('message', ({ data }) => resolve(data), { once: true });
      });
      socket.send(whole);
      const data = await Promise.race([echo, closed]);
      expect(same(typeof data === 'string' ? data : new Uint8Array(data), whole)).toBe(true);
    }
    socket.close();
    await closed;
  }

  test.each(PARAMETERS.filter(({ clientMaxWindowBits }) => clientMaxWindowBits === undefined))(
    'as a client of a server that asks for %j',
    (parameters) => withEcho(parameters, (url) => undiciCalls(url, messagesFor(parameters))),
  );

  test('as a client that is sent messages that were deflated off the thread', () =>
    withEcho({ asyncAbove: 1000 }, (url) => undiciCalls(url, ALL_MESSAGES)));
});

const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import websockets.extensions.permessage_deflate']).status === 0,
);
const PEER = fileURLToPath(new URL('deflate-peer.py', import.meta.url));

describe.skipIf(python === undefined)('with python3-websockets (skipped where it is not installed)', () => {
  const snakeCase = (parameters: Parameters): object =>
    Object.fromEntries(
      Object.entries(parameters).map(([key, value]) => [
        key.replaceAll(/[A-Z]/g, (one) => `_${one.toLowerCase()}`),
        value,
      ]),
    );
  /** Half of the table, for each costs a process, but all takeovers; Python's zlib can't deflate with a window of 2^8 bytes. */
  const parametersHere = PARAMETERS.filter(({ serverMaxWindowBits: bits }, i) => i % 2 === 0 && bits !== 8);

  function spawnPeer(job: object) {
    return spawn(python!, [PEER, JSON.stringify(job)], { stdio: ['pipe', 'pipe', 'inherit'], timeout: 60_000 });
  }

  async function callPython(
    messages: readonly Message[],
    parameters: Parameters,
    compress: CompressOptions,
    fragmented: boolean,
  ): Promise<string> {
    const child = spawnPeer({ role: 'server', options: snakeCase(parameters), fragmented });
    const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
    try {
      return await callEcho(`ws://127.0.0.1:${port}`, messages, compress);
    } finally {
      const ended = once(child, 'close');
      child.stdin.end();
      await ended;
    }
  }

  async function pythonCalls(url: string, large: readonly number[], parameters: Parameters): Promise<string> {
    const child = spawnPeer({
      role: 'client',
      options: snakeCase(parameters),
      url,
      sizes: SIZES,
      large,
      seed: 1,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    await once(child, 'close');
    const { agreed, result } = JSON.parse(output) as { agreed: string; result: string };
    expect(result).toBe('ok');
    return agreed;
  }

  test.each(parametersHere)('as the server, which asks for %j', async (parameters) => {
    const fragmented = parameters.serverNoContextTakeover === true;
    const agreed = await callPython(messagesFor(parameters), parameters, {}, fragmented);
    expectAgreed(agreed, parameters);
  });

  test.each(parametersHere)('as a server that is offered %j', async (parameters) => {
    const fragmented = parameters.clientNoContextTakeover === true;
    const agreed = await callPython(messagesFor(parameters), {}, parameters, fragmented);
    expect(agreed).toMatch(/^permessage-deflate/);
  });

  test.each(parametersHere)('as a client of a server that asks for %j', async (parameters) => {
    const agreed = await withEcho(parameters, (url) => pythonCalls(url, largeFor(parameters), {}));
    // It has offered nothing for the server, which does what it is told of its own accord, and does not name it.
    const { clientNoContextTakeover, clientMaxWindowBits } = parameters;
    expectAgreed(agreed, {
      ...(clientNoContextTakeover && { clientNoContextTakeover }),
      ...(clientMaxWindowBits !== undefined && { clientMaxWindowBits }),
    });
  });

  test.each(parametersHere)('as a client that offers %j', async (parameters) => {
    expectAgreed(await withEcho({}, (url) => pythonCalls(url, largeFor(parameters), parameters)), parameters);
  });

  test('of messages that are deflated off the thread, as the server and as a client', async () => {
    await callPython(ALL_MESSAGES, {}, { asyncAbove: 1000 }, false);
    await withEcho({ asyncAbove: 1000 }, (url) => pythonCalls(url, [LARGE, LARGEST], {}));
  });
});
