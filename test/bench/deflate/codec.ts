/** What node:zlib costs as this package drives it: size, time, and the longest that one call takes. */
import { createZlibCodec } from '../../../drivers/node/zlib/codec.ts';
import type { DeflaterParams } from '../../../protocol/index.ts';
import { payloads } from '../wire/payloads.ts';

const RUNS = 7;
const KIB = 1024;
const MIB = 1024 * KIB;
const CONNECTIONS = 64;
const MESSAGES = 32;

/** What both sides agree on by default, for what a side of ours sends. */
const DEFAULTS: DeflaterParams = { windowBits: 13, contextTakeover: true, level: undefined, memLevel: undefined };

/** CPU microseconds: the least of some runs, which is what a shared machine disturbs least. */
function leastTime(call: () => void, prepare = (): void => {}): number {
  let least = Infinity;
  for (let run = 0; run < RUNS; run++) {
    prepare();
    const before = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}

/** Output ÷ input, µs to deflate and µs to inflate a message, for JSON of 1 KiB on 64 connections in turn. */
export function sizeAndTime(): string[][] {
  const rows: [string, Partial<DeflaterParams>][] = [
    ['default', {}],
    ['window of 32 KiB', { windowBits: 15 }],
    ['`shared`', { windowBits: 15, contextTakeover: false }],
    ['level 1', { level: 1 }],
  ];
  return rows.map(([name, params]) => {
    const { ratio, deflate, inflate } = inTurn({ ...DEFAULTS, ...params });
    return [name, ratio.toFixed(3), deflate.toFixed(1), inflate.toFixed(1)];
  });
}

function inTurn(params: DeflaterParams): { ratio: number; deflate: number; inflate: number } {
  const codec = createZlibCodec();
  const inputs = payloads('json', KIB, CONNECTIONS * MESSAGES);
  const deflaters = Array.from({ length: CONNECTIONS }, () => codec.createDeflater(params));
  const inflaters = Array.from({ length: CONNECTIONS }, () => codec.createInflater(params));
  const restart = (): void => [...deflaters, ...inflaters].forEach((one) => one.reset());
  let outputs: Uint8Array[] = [];
  const deflateAll = (): void => {
    outputs = inputs.map((input, i) => {
      const deflater = deflaters[i % CONNECTIONS]!;
      const output = deflater.deflate(input).slice(0, -4);
      if (!params.contextTakeover) deflater.reset();
      return output;
    });
  };
  const inflateAll = (): void =>
    outputs.forEach((output, i) => {
      const inflater = inflaters[i % CONNECTIONS]!;
      if (typeof inflater.inflate(output, true, KIB) === 'number') throw new Error(`message ${i} does not inflate`);
      if (!params.contextTakeover) inflater.reset();
    });
  const deflate = leastTime(deflateAll, restart) / inputs.length;
  const inflate = leastTime(inflateAll, restart) / inputs.length;
  for (const one of [...deflaters, ...inflaters]) one.release();
  const total = outputs.reduce((sum, { length }) => sum + length, 0);
  return { ratio: total / (inputs.length * KIB), deflate, inflate };
}

/** How long one call takes that deflates a whole message (at three levels) or inflates it, in ms. */
export function longestCalls(): string[][] {
  return [16 * KIB, 64 * KIB, MIB, 16 * MIB].map((size) => {
    const codec = createZlibCodec();
    const input = records(size);
    const times = [1, 6, 9].map((level) => {
      const deflater = codec.createDeflater({ ...DEFAULTS, level });
      return leastTime(
        () => deflater.deflate(input),
        () => deflater.reset(),
      );
    });
    const deflated = codec.createDeflater(DEFAULTS).deflate(input).slice(0, -4);
    const inflater = codec.createInflater({ windowBits: 15, contextTakeover: true });
    const inflating = leastTime(() => {
      if (typeof inflater.inflate(deflated, true, size) === 'number') throw new Error('it does not inflate');
    });
    return [sizeOf(size), ...[...times, inflating].map((time) => inMs(time / 1000))];
  });
}

/** So many bytes of JSON, a power of two and 16 KiB at least: records of one kind, as a dump has them. */
export function records(bytes: number): Buffer {
  return Buffer.concat(payloads('json', 16 * KIB, bytes / (16 * KIB)));
}

/** To two places, as far as there are any behind the point. */
export function inMs(ms: number): string {
  return `${ms < 10 ? ms.toPrecision(2) : ms.toFixed(0)} ms`;
}

export function sizeOf(bytes: number): string {
  return bytes < MIB ? `${bytes / KIB} KiB` : `${bytes / MIB} MiB`;
}
