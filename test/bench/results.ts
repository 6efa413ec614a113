import { measure, type Measurement, type Settings } from './measure.ts';
import { plays, type Peer, type PeerId } from './peers.ts';
import type { Row } from './rows.ts';
import { ratioSpread, spread, type Spread } from './statistics.ts';

/** What came of one peer in one row. */
export interface Cell {
  peer: PeerId;
  rounds: Measurement[];
  error?: string;
}

export interface RowResult {
  row: Row;
  cells: Cell[];
}

/**
 * All peers in turn, round after round, so that what else the machine does falls on all of them. A peer that fails in a
 * row is left out of the row's later rounds.
 */
export async function measureRow(
  row: Row,
  peers: readonly Peer[],
  settings: Settings & { rounds: number },
  progress: (text: string) => void,
): Promise<RowResult> {
  const cells = peers.filter((peer) => plays(peer, row)).map((peer): Cell => ({ peer: peer.id, rounds: [] }));
  for (let round = 0; round < settings.rounds; round++) {
    for (const cell of cells) {
      if (cell.error !== undefined) continue;
      progress(`${row.title}: ${cell.peer}, round ${round + 1} of ${settings.rounds}`);
      try {
        cell.rounds.push(
          await measure(
            row,
            peers.find((peer) => peer.id === cell.peer)!,
            settings,
          ),
        );
      } catch (error) {
        cell.error = (error as Error).message;
      }
    }
  }
  return { row, cells };
}

export type Figure = 'cpu' | 'kernel' | 'rate' | 'rss' | 'heap' | 'peerLoad' | 'generatorLoad';

/** One figure of a cell over its rounds; undefined where the peer did not take part or failed. */
export function figure({ cells }: RowResult, peer: PeerId, name: Figure): Spread | undefined {
  const values = valuesOf(cells, peer, name);
  return values && spread(values);
}

/** What the row is judged by: CPU time a message, or resident memory a connection. */
export function mainFigure({ row }: RowResult): 'cpu' | 'rss' {
  return row.measure === 'memory' ? 'rss' : 'cpu';
}

/** Ratio of two peers in the row's main figure. */
export function ratio(result: RowResult, above: PeerId, below: PeerId): Spread | undefined {
  const name = mainFigure(result);
  const over = valuesOf(result.cells, above, name);
  const under = valuesOf(result.cells, below, name);
  return over && under && ratioSpread(over, under);
}

function valuesOf(cells: readonly Cell[], peer: PeerId, name: Figure): number[] | undefined {
  const cell = cells.find((one) => one.peer === peer);
  if (cell === undefined || cell.error !== undefined) return undefined;
  return cell.rounds.map((measurement) => measurement[name]);
}
