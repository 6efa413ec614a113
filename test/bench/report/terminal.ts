import { figure, type RowResult } from '../results.ts';
import { number, percent, ratioText, withSpread } from './format.ts';
import { RATIOS, judge } from './ratios.ts';

/** Above this the load generator may be what is measured. */
export const GENERATOR_BOUND = 0.9;

/** One row as it is done. */
export function rowLines(result: RowResult): string[] {
  const memory = result.row.measure === 'memory';
  const lines = [
    '',
    line(result.row.title, memory ? 'KiB RSS' : 'µs CPU/msg', memory ? 'KiB heap' : 'msgs/s', 'peer', 'load'),
  ];
  for (const { peer, error } of result.cells) {
    if (error !== undefined) {
      lines.push(`  ${peer.padEnd(38)}failed: ${error}`);
      continue;
    }
    const get = (name: Parameters<typeof figure>[2]) => figure(result, peer, name)!;
    const generator = get('generatorLoad').median;
    lines.push(
      memory
        ? line(`  ${peer}`, kib(get('rss')), kib(get('heap')), '', '')
        : line(
            `  ${peer}`,
            withSpread(get('cpu'), number),
            Math.round(get('rate').median).toLocaleString('en-US'),
            percent(get('peerLoad').median),
            percent(generator) + (generator > GENERATOR_BOUND ? ' !' : ''),
          ),
    );
  }
  for (const one of RATIOS) {
    const { value, target, met } = judge(result, one);
    if (value === undefined) continue;
    const verdict = met === undefined ? '' : met ? `  target ${target}: met` : `  target ${target}: MISSED`;
    lines.push(`    ${one.title.padEnd(28)}${withSpread(value, ratioText)}${verdict}`);
  }
  return lines;
}

function kib(value: { median: number; least: number; most: number }): string {
  return withSpread(value, (bytes) => number(bytes / 1024));
}

function line(name: string, ...columns: string[]): string {
  return name.padEnd(44) + columns.map((text, i) => text.padStart(i === 0 ? 22 : 12)).join('');
}
