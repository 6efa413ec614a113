import type { PeerId } from '../peers.ts';
import { ratio, type RowResult } from '../results.ts';
import type { Targets } from '../rows.ts';
import type { Spread } from '../statistics.ts';

/** The ratios that are reported, in their order. */
export const RATIOS: readonly { title: string; above: PeerId; below: PeerId; target?: keyof Targets }[] = [
  { title: 'event ÷ ws', above: 'event', below: 'ws', target: 'ws' },
  { title: 'event ÷ ws + bufferutil', above: 'event', below: 'ws+bufferutil' },
  { title: 'event ÷ raw', above: 'event', below: 'raw', target: 'raw' },
  { title: 'event ÷ Bun', above: 'event', below: 'bun', target: 'bun' },
  { title: 'event ÷ other build', above: 'event', below: 'other event' },
  { title: 'promise ÷ event', above: 'promise', below: 'event', target: 'promise' },
  { title: 'ws face ÷ ws', above: 'ws face', below: 'ws', target: 'face' },
  { title: 'ws face ÷ ws + bufferutil', above: 'ws face', below: 'ws+bufferutil' },
  { title: 'web ÷ undici', above: 'web', below: 'undici' },
  { title: 'topics ÷ event', above: 'topics', below: 'event', target: 'topics' },
  { title: 'topics ÷ Bun', above: 'topics', below: 'bun' },
  { title: 'promise ÷ other build', above: 'promise', below: 'other promise' },
];

export interface Judged {
  value: Spread | undefined;
  target: number | undefined;
  /** Whether the median is within the target; undefined where there is no target or no value. */
  met: boolean | undefined;
}

export function judge(result: RowResult, { above, below, target }: (typeof RATIOS)[number]): Judged {
  const value = ratio(result, above, below);
  const limit = target && result.row.targets[target];
  return { value, target: limit, met: value && limit !== undefined ? value.median <= limit : undefined };
}
