/** Other implementations' parsers, driven by themselves: bytes in, and what they made of them out. */
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import * as ws from 'ws';
import type { Role } from './subject.ts';

/** What an implementation made of a stream of frames. */
export interface Reading {
  /** Messages, pings and pongs, in order. */
  readonly events: readonly (string | Uint8Array)[];
  /** `open`; `close <code> <reason>` for a Close frame; `failed <code>`; `threw …` for what should not be. */
  readonly end: string;
  /** Why it failed, in its own words; not compared. */
  readonly why?: string;
}

const require = createRequire(import.meta.url);
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };
const WsDeflate = require(require.resolve('ws').replace(/index\.js$/, 'lib/permessage-deflate.js')) as new (
  options: object,
  ...rest: unknown[]
) => { accept(offers: object[]): object };

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const MAX_MESSAGE = 1 << 20;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Node streams and zlib answer in later turns of the loop; this many are enough for the small streams of the fuzzer. */
const IDLE_TURNS = 3;

export async function readWithWs(wire: Uint8Array, role: Role, deflate: boolean): Promise<Reading> {
  const events: (string | Uint8Array)[] = [];
  let end = 'open';
  const isServer = role === 'server';
  const extension = new WsDeflate({ threshold: 0, maxPayload: MAX_MESSAGE, isServer }, isServer, MAX_MESSAGE);
  extension.accept([{}]);
  const extensions = deflate ? { 'permessage-deflate': extension } : {};
  const receiver = new Receiver({ isServer, extensions, maxPayload: MAX_MESSAGE });
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    events.push(isBinary ? new Uint8Array(data) : `text ${data.toString()}`);
  });
  receiver.on('ping', (data: Buffer) => events.push(`ping ${hex(data)}`));
  receiver.on('pong', (data: Buffer) => events.push(`pong ${hex(data)}`));
  receiver.on('conclude', (code: number, reason: Buffer) => {
    if (end === 'open') end = `close ${code} ${reason.toString()}`;
  });
  await drive(receiver, wire, (error) => {
    const symbol = Object.getOwnPropertySymbols(error).find((one) => one.description === 'status-code');
    if (end === 'open') end = symbol === undefined ? `threw ${error.message}` : `failed ${(error as never)[symbol]}`;
  });
  return { events, end };
}

interface UndiciHandler {
  readyState: number;
  closeState: Set<number>;
  [method: string]: unknown;
}

const undiciHome = require.resolve('undici').replace(/index\.js$/, 'lib/web/websocket/');
const { ByteParser } = require(`${undiciHome}receiver.js`) as {
  ByteParser: new (
    handler: UndiciHandler,
    extensions: Map<string, string>,
    options: object,
  ) => Writable & {
    closingInfo?: { code?: number; reason: string; error: boolean };
  };
};

export async function readWithUndici(wire: Uint8Array, deflate: boolean): Promise<Reading> {
  const events: (string | Uint8Array)[] = [];
  let end = 'open';
  let written: Buffer[] = [];
  const socket = {
    destroyed: false,
    writableNeedDrain: false,
    write: (bytes: Buffer) => void written.push(bytes),
    destroy: () => (socket.destroyed = true),
  };
  const handler: UndiciHandler = {
    readyState: 1,
    closeState: new Set(),
    socket,
    // It is aborted where the connection fails, after the Close frame with the code was written.
    controller: {
      abort: () => {
        if (end === 'open') end = `failed ${closeCodeIn(written)}`;
      },
    },
    onMessage: (opcode: number, data: Buffer) => {
      if (end !== 'open') return;
      if (opcode === 2) return void events.push(new Uint8Array(data));
      // As its WebSocket does it, behind the parser.
      try {
        events.push(`text ${strict.decode(data)}`);
      } catch {
        end = 'failed 1007';
      }
    },
    onPing: (data: Buffer) => events.push(`ping ${hex(data)}`),
    onPong: (data: Buffer) => events.push(`pong ${hex(data)}`),
    onFail: (code: number) => {
      if (end === 'open') end = `failed ${code}`;
    },
    onSocketClose: () => undefined,
    onParserError: () => undefined,
  };
  const extensions = new Map(deflate ? [['permessage-deflate', '']] : []);
  const parser = new ByteParser(handler, extensions, { maxPayloadSize: MAX_MESSAGE });
  await drive(parser, wire, (error) => {
    if (end === 'open') end = `threw ${error.message}`;
  });
  const info = parser.closingInfo;
  if (end === 'open' && info !== undefined && !info.error) end = `close ${info.code ?? 1005} ${info.reason}`;
  written = [];
  return { events, end };
}

/** The code of the last frame, when that is a masked Close frame. */
function closeCodeIn(written: readonly Buffer[]): number | string {
  const last = written.at(-1);
  if (last === undefined || (last[0] & 0x0f) !== 8) return 'without a Close frame';
  return (last[1] & 0x7f) < 2 ? 1005 : ((last[6] ^ last[2]) << 8) | (last[7] ^ last[3]);
}

/** Writes all bytes and waits until the parser is done with them, or stuck for more. */
async function drive(parser: Writable, wire: Uint8Array, onError: (error: Error) => void): Promise<void> {
  let isDone = false;
  parser.on('error', (error) => {
    isDone = true;
    onError(error);
  });
  try {
    parser.write(Buffer.from(wire), () => (isDone = true));
  } catch (error) {
    onError(error as Error);
    isDone = true;
  }
  for (let idle = 0; idle < (isDone ? 1 : IDLE_TURNS); idle++) await new Promise((resolve) => setImmediate(resolve));
  // Inflating runs on a thread of zlib's pool: its turn is waited for, and no longer than it takes.
  for (let i = 0; !isDone && i < 200 && isBusy(parser); i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

function isBusy(parser: Writable): boolean {
  return (parser as unknown as { _writableState: { writing: boolean } })._writableState.writing;
}
