/** What is tried with every peer. A scenario returns 'ok', or in a few words what happened in place of it. */
import type { CloseInfo, WebSocket } from '../../../drivers/index.ts';
import { LIMIT, type Matched, type OurOptions, PATIENCE, patiently } from './peer.ts';

export interface Scenario {
  readonly name: string;
  /** What our side is opened with. */
  readonly ours?: OurOptions;
  /** What the peer knows or offers as subprotocols. */
  readonly protocols?: string;
  readonly run: (ws: WebSocket, peer: Matched) => Promise<string>;
}

const wait = { timeout: PATIENCE };
const KIB = 1024;
const SIZES = [0, 1, 125, 126, 65_535, 65_536, KIB * KIB, 5 * KIB * KIB];
const LONG_REASON = 'r'.repeat(123);

/** Codes that a peer may send and be sent (RFC 6455 §7.4, and the registry of IANA). */
const CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999];

async function echoes(ws: WebSocket, message: string | Uint8Array): Promise<string> {
  await ws.send(message);
  const echo = await ws.receive(wait);
  if (typeof echo !== typeof message) return `comes back as ${typeof echo === 'string' ? 'text' : 'bytes'}`;
  const same = typeof echo === 'string' ? echo === message : Buffer.compare(echo, message as Uint8Array) === 0;
  return same ? 'ok' : 'comes back changed';
}

async function firstProblem(steps: Iterable<readonly [string, () => Promise<string>]>): Promise<string> {
  for (const [name, step] of steps) {
    const result = await step().catch((error: Error) => error.message);
    if (result !== 'ok') return `${name}: ${result}`;
  }
  return 'ok';
}

async function asked(ws: WebSocket, command: string, expected: string): Promise<string> {
  await ws.send(`!${command}`);
  const answer = await ws.receive(wait);
  if (answer === "can't") return "can't";
  return answer === expected ? 'ok' : `answers ${JSON.stringify(answer).slice(0, 40)}`;
}

function ended({ code, clean, error }: CloseInfo): string {
  return `${code}${clean ? '' : `, not clean${error === undefined ? '' : ` (${error.message.slice(0, 80)})`}`}`;
}

/** The code in a line of the peer's about an end, in words where it knows none. */
function codeIn(line: string): string {
  if (line === 'nothing') return line;
  const code = line.split(/\s+/)[1] ?? '';
  return /^\d{4,5}$/.test(code) ? code : 'of an end without a code';
}

/** What it was in place of a Close frame in return. */
function failing({ error }: CloseInfo): string {
  return error === undefined ? 'nothing' : `nothing that stands (${error.message.slice(0, 80)})`;
}

/** Closes, and tells what came in return and what the peer was told. */
async function closing(ws: WebSocket, peer: Matched, code: number, reason: string): Promise<string> {
  const told = peer.line(/^closed/).catch((error: Error) => error.message);
  const info = await patiently(ws.close(code, reason), 'close() does not end');
  const heard = codeIn(await told);
  const problems: string[] = [];
  const back = info.received?.code;
  if (back !== code) problems.push(`answers ${back ?? failing(info)}`);
  if (!info.clean && back === code) problems.push('not clean');
  const expected = code === 1005 ? /^(1005|1000)\b/ : new RegExp(`^${code}\\b`);
  if (!expected.test(heard)) problems.push(`is told ${heard}`);
  return problems.length === 0 ? 'ok' : problems.join(', ');
}

/** The peer closes when told to. */
async function closed(ws: WebSocket, command: string, code: number): Promise<string> {
  await ws.send(command);
  const answer = await ws.receive(wait).catch(() => undefined);
  if (answer === "can't") return "can't";
  const info = await patiently(ws.closed, 'it does not end');
  return info.code === code && info.clean ? 'ok' : ended(info);
}

async function compressed(ws: WebSocket): Promise<string> {
  if (!ws.extensions.includes('permessage-deflate')) return 'not agreed on';
  const text = 'one and the same text again and again '.repeat(200);
  const result = await firstProblem([
    ['first', () => echoes(ws, text)],
    ['second', () => echoes(ws, text)],
    ['bytes', () => echoes(ws, new Uint8Array(20_000).fill(7))],
  ]);
  return result === 'ok' ? 'ok' : `${result} (${ws.extensions})`;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'text',
    run: (ws) =>
      firstProblem(SIZES.map((size) => [`${size}`, () => echoes(ws, 'é'.repeat(size >> 1) + 'x'.repeat(size & 1))])),
  },
  {
    name: 'binary',
    run: (ws) => firstProblem(SIZES.map((size) => [`${size}`, () => echoes(ws, new Uint8Array(size).fill(0xa5))])),
  },
  {
    name: 'our fragments',
    run: async (ws) => {
      await ws.send(['', 'one ', '', 'two', '']);
      const few = await ws.receive(wait);
      return few === 'one two' ? 'ok' : `answers ${JSON.stringify(few).slice(0, 40)}`;
    },
  },
  {
    name: '2,000 fragments',
    run: async (ws) => {
      await ws.send(Array.from({ length: 2000 }, () => 'ab'));
      const many = await ws.receive(wait);
      return many === 'ab'.repeat(2000) ? 'ok' : `answers ${String(many).length} characters`;
    },
  },
  { name: 'their fragments', run: (ws) => asked(ws, 'fragments', 'one two three') },
  {
    name: 'our ping',
    run: async (ws) => {
      await patiently(ws.ping('some data'), 'no pong');
      return 'ok';
    },
  },
  { name: 'their ping', run: (ws) => asked(ws, 'ping data', 'pong data') },
  {
    name: 'unasked pong',
    run: async (ws) => {
      ws.pong();
      return echoes(ws, 'after it');
    },
  },
  {
    name: 'subprotocol',
    ours: { subprotocols: ['b.example', 'a.example'] },
    protocols: 'a.example',
    run: async (ws) => {
      if (ws.protocol !== 'a.example') return `ours is ${JSON.stringify(ws.protocol)}`;
      return asked(ws, 'protocol', 'a.example');
    },
  },
  { name: 'compression', ours: { compress: true }, run: compressed },
  {
    name: 'compression of nothing',
    ours: { compress: true },
    run: async (ws) => {
      if (!ws.extensions.includes('permessage-deflate')) return "can't";
      await ws.send('');
      const echo = await ws.receive(wait);
      if (echo === "can't") return "can't";
      return echo === '' ? echoes(ws, 'after it') : 'comes back changed';
    },
  },
  { name: 'serverNoContextTakeover', ours: { compress: { serverNoContextTakeover: true } }, run: compressed },
  { name: 'clientNoContextTakeover', ours: { compress: { clientNoContextTakeover: true } }, run: compressed },
  { name: 'serverMaxWindowBits 10', ours: { compress: { serverMaxWindowBits: 10 } }, run: compressed },
  { name: 'clientMaxWindowBits 10', ours: { compress: { clientMaxWindowBits: 10 } }, run: compressed },
  ...CODES.map((code): Scenario => ({ name: `we close ${code}`, run: (ws, peer) => closing(ws, peer, code, 'why') })),
  { name: 'we close without a code', run: (ws, peer) => closing(ws, peer, 1005, '') },
  { name: 'we close with 123 bytes', run: (ws, peer) => closing(ws, peer, 4000, LONG_REASON) },
  { name: 'they close 1000', run: (ws) => closed(ws, '!close 1000 done', 1000) },
  { name: 'they close 4001', run: (ws) => closed(ws, '!close 4001 why', 4001) },
  { name: 'they close without a code', run: (ws) => closed(ws, '!close', 1005) },
  {
    name: '500 messages and a Close',
    run: async (ws) => {
      let received = 0;
      const receiving = (async () => {
        for await (const _ of ws) received += 1;
      })().catch(() => {});
      for (let i = 0; i < 500; i++) void ws.send(`message ${i}`);
      const info = await patiently(ws.close(), 'close() does not end');
      await receiving;
      return received === 500 && info.clean ? 'ok' : `fewer echoes, ${ended(info)}`;
    },
  },
  {
    name: 'too large for them',
    run: async (ws) => {
      ws.send(new Uint8Array(LIMIT + 1)).catch(() => {});
      const answer = await ws.receive(wait).then(
        (message) => `takes it: ${message.length} bytes`,
        () => undefined,
      );
      if (answer !== undefined) return answer;
      const info = await patiently(ws.closed, 'it does not end');
      // It came back, and we were the ones who would not have it.
      if (info.sent?.code === 1009 && info.first === 'sent') return 'takes it, without a limit of its own';
      const code = info.received?.code;
      if (code === 1009) return 'ok';
      return code === undefined ? 'TCP ends without a Close frame' : `ends with ${code}`;
    },
  },
  {
    name: 'we end TCP',
    run: async (ws, peer) => {
      const told = peer.line(/^closed/).catch((error: Error) => error.message);
      ws.terminate();
      const heard = codeIn(await told);
      return /^1006|of an end/.test(heard) ? 'ok' : `is told ${heard}`;
    },
  },
  {
    name: 'they end TCP',
    run: async (ws) => {
      await ws.send('!abort');
      const answer = await ws.receive(wait).catch(() => undefined);
      if (answer === "can't") return "can't";
      const { code } = await patiently(ws.closed, 'it does not end');
      return code === 1006 ? 'ok' : `${code}`;
    },
  },
];
