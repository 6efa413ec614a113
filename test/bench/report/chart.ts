import type { PeerId } from '../peers.ts';
import { figure, type RowResult } from '../results.ts';
import { number } from './format.ts';

const SERIES: readonly { id: PeerId; title: string; colour: string }[] = [
  { id: 'raw', title: 'raw node:net', colour: '#9a9a9a' },
  { id: 'ws', title: 'ws', colour: '#d1495b' },
  { id: 'ws+bufferutil', title: 'ws + bufferutil', colour: '#edae49' },
  { id: 'undici', title: 'undici', colour: '#8d6a9f' },
  { id: 'bun', title: 'Bun', colour: '#5b8c5a' },
  { id: 'promise', title: 'sansocket, promise API', colour: '#6fb1e0' },
  { id: 'event', title: 'sansocket, event driver', colour: '#00507a' },
];

const LABELS = 300;
const PLOT = 620;
const WIDTH = LABELS + PLOT + 30;
const LINE = 24;
const TOP = 70;

/** CPU time per message as an SVG: a line for each row, a dot for each peer, on a logarithmic scale. */
export function chart(results: readonly RowResult[]): string {
  const rows = results.filter(({ row }) => row.measure === 'cpu');
  const values = rows.flatMap((result) => SERIES.flatMap(({ id }) => figure(result, id, 'cpu')?.median ?? []));
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const x = (value: number) => LABELS + ((Math.log10(value) - low) / (high - low || 1)) * PLOT;
  const height = TOP + rows.length * LINE + 40;
  const present = SERIES.filter(({ id }) => rows.some((result) => figure(result, id, 'cpu')));

  const parts: string[] = [`<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`];
  parts.push(text(10, 22, 'CPU time of the peer per message (µs, logarithmic; left is better)', 'font-weight="bold"'));
  present.forEach(({ title, colour }, i) => {
    const at = 16 + i * (WIDTH / present.length);
    parts.push(`<circle cx="${at.toFixed(1)}" cy="42" r="5" fill="${colour}"/>`, text(at + 9, 46, title));
  });
  for (let power = low; power <= high; power++) {
    const at = x(10 ** power).toFixed(1);
    parts.push(`<line x1="${at}" x2="${at}" y1="${TOP - 8}" y2="${height - 30}" stroke="#dddddd"/>`);
    parts.push(
      text(
        Number(at),
        height - 12,
        10 ** power >= 1 ? String(10 ** power) : (10 ** power).toFixed(-power),
        'text-anchor="middle"',
      ),
    );
  }
  rows.forEach((result, i) => {
    const y = TOP + i * LINE + LINE / 2;
    parts.push(text(10, y + 4, result.row.title));
    parts.push(`<line x1="${LABELS}" x2="${LABELS + PLOT}" y1="${y}" y2="${y}" stroke="#eeeeee"/>`);
    for (const { id, title, colour } of present) {
      const value = figure(result, id, 'cpu')?.median;
      if (value === undefined) continue;
      const label = `<title>${escape(`${title}: ${number(value)} µs`)}</title>`;
      parts.push(
        `<circle cx="${x(value).toFixed(1)}" cy="${y}" r="${id === 'event' ? 6 : 5}" fill="${colour}">${label}</circle>`,
      );
    }
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" role="img">\n${parts.join('\n')}\n</svg>\n`
  );
}

function text(x: number, y: number, value: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y}" fill="#222222" ${more}>${escape(value)}</text>`;
}

function escape(value: string): string {
  return value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
