/** `npm run bench:masking`: the ways to mask, by size. The figures of docs/design/adr/0003-masking-in-webassembly.md. */
import { PortableMasker } from '../../protocol/internal.ts';
import { WasmMasker } from '../../drivers/node/internals/wasm-masker.ts';

const KEY = 0x12345678;
const RUNS = 7;

/** CPU nanoseconds a call: the least of some runs, which is what a shared machine disturbs least. */
function measure(call: () => void, times: number): number {
  let least = Infinity;
  for (let run = 0; run < RUNS; run++) {
    const before = process.cpuUsage();
    for (let i = 0; i < times; i++) call();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, ((user + system) * 1000) / times);
  }
  return least;
}

function byteLoop(bytes: Uint8Array, length: number): void {
  for (let i = 0; i < length; i++) bytes[i] ^= KEY >>> ((i & 3) << 3);
}

const wasm = WasmMasker.create();
const portable = new PortableMasker();
console.log(
  'bytes'.padStart(8),
  'byte loop'.padStart(12),
  'word loop'.padStart(12),
  'module'.padStart(12),
  'carried'.padStart(12),
);
for (const size of [16, 125, 1024, 16 * 1024, 64 * 1024]) {
  const bytes = new Uint8Array(size);
  const times = Math.max(300, Math.floor(4e6 / size));
  const figures = [
    measure(() => byteLoop(bytes, size), times),
    measure(() => portable.apply(bytes, 0, size, KEY, 0), times),
    wasm === undefined ? NaN : measure(() => wasm.apply(wasm.readBuffer, 0, size, KEY, 0), times),
    wasm === undefined ? NaN : measure(() => wasm.apply(bytes, 0, size, KEY, 0), times),
  ];
  console.log(String(size).padStart(8), ...figures.map((figure) => figure.toFixed(0).padStart(12)));
}
