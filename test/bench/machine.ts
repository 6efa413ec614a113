import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type as systemName } from 'node:os';
import { canPin } from './child.ts';
import type { Peer } from './peers.ts';

export interface Machine {
  date: string;
  system: string;
  processor: string;
  cores: number;
  memory: string;
  node: string;
  pinned: boolean;
  peers: { id: string; version: string }[];
}

export function describeMachine(node: string, peers: readonly Peer[]): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    system: `${systemName()} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    pinned: canPin,
    peers: peers.map(({ id, version }) => ({ id, version: version ?? '' })),
  };
}
