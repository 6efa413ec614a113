import { describe, expect, test } from 'vitest';
import { compileChildren } from './compile.ts';
import { measure } from './measure.ts';
import { availablePeers, plays, type Peer } from './peers.ts';
import { rowsOfPage } from './report/chart.ts';
import { markers, replaceSection, section } from './report/markdown.ts';
import { rowLines } from './report/terminal.ts';
import { measureRow } from './results.ts';
import { ROWS, type Row } from './rows.ts';
import { ratioSpread, spread } from './statistics.ts';

/** The harness itself: that it measures what it says and takes no wrong reply for a right one. No figure is judged. */
describe('the bench', async () => {
  const settings = {
    children: compileChildren('children-of-the-test'),
    node: process.execPath,
    warmUp: 20,
    window: 40,
  };
  const peers = await availablePeers(['raw', 'ws', 'event', 'promise'], () => {});

  // One row of every kind of load, small.
  const kinds = [
    small('text-125-64x64', { connections: 4 }),
    small('binary-1m-1x1'),
    small('fragments-1k-64x8', { connections: 4 }),
    small('broadcast-8', { connections: 20 }),
    small('handshake', { connections: 4 }),
    small('client-cjk-64x64', { connections: 4 }),
    small('client-16k-64x1', { connections: 4 }),
    small('json-1k-64x16', { connections: 4 }),
    small('idle', { connections: 20 }),
    small('tls-125-64x1', { connections: 4 }),
    small('http2-125-64x1', { connections: 4 }),
  ];
  test.each(kinds)(
    'measures and checks: $title',
    async (row) => {
      for (const id of ['raw', 'ws']) {
        const peer = peers.find((one) => one.id === id)!;
        if (!plays(peer, row)) continue;
        const { messages, cpu, rate } = await measure(row, peer, settings);
        expect(messages).toBeGreaterThan(0);
        expect(cpu).toBeGreaterThan(0);
        expect(rate).toBeGreaterThan(0);
      }
    },
    30_000,
  );

  test.each(peers.filter(({ id }) => id === 'event' || id === 'promise'))(
    'measures the $id peer',
    async (peer) => {
      for (const id of ['text-125-64x64', 'handshake', 'client-cjk-64x64']) {
        const { messages } = await measure(small(id, { connections: 4 }), peer, settings);
        expect(messages).toBeGreaterThan(0);
      }
    },
    30_000,
  );

  test('a wrong byte in a reply fails the measurement', async () => {
    const faulty: Peer = { id: 'raw', title: 'faulty', file: 'faulty', roles: ['server'], raw: true };
    const row = small('text-125-64x64', { connections: 1, wire: { in: 127, out: 127 } });
    await expect(measure(row, faulty, settings)).rejects.toThrow('a reply is wrong');
  }, 30_000);

  test('a peer that fails in a row is reported by name, and the others are measured', async () => {
    const broken: Peer = { id: 'ws', title: 'broken', file: 'no-such-file', roles: ['server'] };
    const raw = peers.find(({ id }) => id === 'raw')!;
    const result = await measureRow(
      small('text-125-64x1', { connections: 2 }),
      [raw, broken],
      { ...settings, rounds: 2 },
      () => {},
    );
    expect(result.cells.map(({ rounds }) => rounds.length)).toEqual([2, 0]);
    expect(result.cells[1]!.error).toContain('no-such-file');
    expect(rowLines(result).join('\n')).toMatch(/raw .*%[^]*ws .*failed/);
    const machine = { date: '', system: '', processor: '', cores: 2, memory: '', node: 'v0', pinned: true, peers: [] };
    const page = section([result], machine, 2, 40);
    expect(page).toContain('| text 125 B, 64 × 1 |');
    expect(rowsOfPage(page).map(({ title, spreads }) => [title, ...spreads.keys()])).toEqual([
      ['text 125 B, 64 × 1', 'raw'],
    ]);
  }, 30_000);

  test('every row has its own name and sizes on the wire that follow from it', () => {
    expect(new Set(ROWS.map(({ id }) => id)).size).toBe(ROWS.length);
    const wire = (id: string) => ROWS.find((row) => row.id === id)!.job.wire;
    expect(wire('text-125-64x64')).toEqual({ in: 131, out: 127 });
    expect(wire('binary-1m-1x1')).toEqual({ in: 1048576 + 14, out: 1048576 + 10 });
    expect(wire('client-125-64x64')).toEqual({ in: 127, out: 131 });
    expect(wire('fragments-1k-64x8')).toEqual({ in: 4 * (256 + 8), out: 1024 + 4 });
  });

  test('medians, spreads and ratios are those of the rounds', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, least: 1, most: 4 });
    expect(ratioSpread([1, 4, 9], [2, 4, 3])).toEqual({ median: 1, least: 0.5, most: 3 });
  });

  test('the generated section takes the place of the one before, and nothing else changes', () => {
    const [begin, end] = markers('bench:growth');
    const page = `before\n${begin}\nold\n${end}\nafter`;
    expect(replaceSection(page, 'new', 'bench:growth')).toBe(`before\n${begin}\n\nnew\n\n${end}\nafter`);
    expect(() => replaceSection(page, 'new')).toThrow('markers');
    expect(() => replaceSection('no markers', 'new')).toThrow('markers');
  });
});

function small(id: string, job: Partial<Row['job']> = {}): Row {
  const row = ROWS.find((one) => one.id === id)!;
  return { ...row, job: { ...row.job, ...job } };
}
