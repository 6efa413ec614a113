/**
 * `npm run bench:deflate`: what permessage-deflate costs. The figures of docs/compression.md, as tables to put there.
 * About half a minute.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as zlib from 'node:zlib';
import { frame, KEY } from '../../support/frames.ts';
import { runNode } from '../../support/run.ts';
import { openConnection } from '../load/connection.ts';
import { longestCalls, sizeAndTime } from './codec.ts';
import { longestStops } from './loop.ts';

const MIB = 1024 * 1024;
const BINARY = 2;
/** More than the codec has contexts for, and fewer. */
const CONNECTIONS = [100, 2000];

function print(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n`);
  console.log(`| ${head.join(' | ')} |`);
  console.log(`| --- |${' ---: |'.repeat(head.length - 1)}`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function memory(): Promise<string[][]> {
  const rows: string[][] = [];
  // With this, glibc gives what zlib frees back at once. Otherwise a resident set does not tell what is free for others.
  process.env['MALLOC_MMAP_THRESHOLD_'] = '4096';
  for (const count of CONNECTIONS) {
    const args = ['--expose-gc', '--import', 'tsx', script('memory.ts'), String(count)];
    const { exit, stdout, stderr } = await runNode(args, process.cwd());
    if (exit !== 0) throw new Error(stderr);
    rows.push([String(count), ...(JSON.parse(stdout) as number[]).map((kib) => kib.toFixed(1))]);
  }
  delete process.env['MALLOC_MMAP_THRESHOLD_'];
  return rows;
}

async function bomb(): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', script('bomb.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value);
  const message = await zerosOf(1024);
  let onBytes = (): void => {};
  const ready = new Promise<void>((resolve) => (onBytes = resolve));
  const socket = await openConnection({ port, raw: false, compress: true, onBytes: () => onBytes(), onEnd: () => {} });
  const warmUp = zlib.deflateRawSync('warm', { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
  socket.write(frame({ opcode: BINARY, rsv1: true, payload: warmUp, key: KEY }));
  await ready;
  socket.write(frame({ opcode: BINARY, rsv1: true, payload: message, key: KEY }));
  const { code, ms, kib } = JSON.parse((await lines.next()).value as string) as Record<string, number>;
  socket.destroy();
  await once(child, 'close');
  return [
    `${(message.length / MIB).toFixed(2)} MiB`,
    String(code),
    `${ms!.toFixed(0)} ms`,
    `${(kib! / 1024).toFixed(1)} MiB`,
  ];
}

/** So many MiB of zeros, deflated. */
async function zerosOf(mib: number): Promise<Buffer> {
  const zeros = new Uint8Array(MIB);
  const deflate = zlib.createDeflateRaw({ finishFlush: zlib.constants.Z_SYNC_FLUSH, level: 9 });
  Readable.from(Array.from({ length: mib }, () => zeros)).pipe(deflate);
  return Buffer.concat(await deflate.toArray()).subarray(0, -4);
}

print('Size and time', ['', 'output ÷ input', 'µs to deflate', 'µs to inflate'], sizeAndTime());
print('Memory, in KiB', ['connections', 'used', 'after two pings'], await memory());
print('One call', ['message', 'deflate, level 1', 'level 6', 'level 9', 'inflate'], longestCalls());
print('The longest stop of the loop', ['message', 'on the spot', '`asyncAbove`'], await longestStops());
print('A bomb of 1 GiB', ['bytes', 'closed with', 'CPU time', 'peak memory up by'], [await bomb()]);
