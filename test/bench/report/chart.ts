import type { PeerId } from '../peers.ts';
import type { Spread } from '../statistics.ts';
import { number, withSpread } from './format.ts';
import { COLUMNS } from './markdown.ts';

const SERIES: readonly { id: PeerId; title: string }[] = [
  { id: 'raw', title: 'raw node:net' },
  { id: 'ws', title: 'ws' },
  { id: 'ws+bufferutil', title: 'ws + bufferutil' },
  { id: 'undici', title: 'undici' },
  { id: 'bun', title: 'Bun' },
  { id: 'promise', title: 'sansocket, promise API' },
  { id: 'event', title: 'sansocket, event driver' },
];

/** A colour for each peer, on white and on black. */
const STYLE = `
  .ground { fill: #ffffff; } .text { fill: #222222; } .line { stroke: #e4e4e7; }
  .raw { --peer: #8a8a8a; } .ws { --peer: #d1495b; } .ws-bufferutil { --peer: #b7791f; } .undici { --peer: #8d6a9f; }
  .bun { --peer: #4d7f4c; } .promise { --peer: #3f8ecb; } .event { --peer: #00507a; }
  circle { fill: var(--peer); } .spread { stroke: var(--peer); stroke-width: 2; opacity: 0.7; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #1b1b1f; } .text { fill: #e6e6ea; } .line { stroke: #34353c; }
    .raw { --peer: #a8a8a8; } .ws { --peer: #ff7b8b; } .ws-bufferutil { --peer: #f2c063; } .undici { --peer: #c3a2d4; }
    .bun { --peer: #86c985; } .promise { --peer: #7cc0f2; } .event { --peer: #d6efff; }
  }`;

const LABELS = 300;
const PLOT = 620;
const WIDTH = LABELS + PLOT + 30;
/** How far apart peers are within a row, so that their spreads do not cover each other. */
const APART = 5;
const LINE = SERIES.length * APART + 9;
const TOP = 90;

/** What one line of the chart shows. */
export interface ChartRow {
  readonly title: string;
  readonly spreads: ReadonlyMap<PeerId, Spread>;
}

/** The rows of the table of CPU times, as the page has them: `median (least–most)` for each peer. Throws where there is none. */
export function rowsOfPage(page: string): ChartRow[] {
  const [, table] = /^### CPU time[^\n]*\n\n([^]*?)\n\n/m.exec(page)!;
  const [head, , ...lines] = table.split('\n').map((line) => line.slice(2, -2).split(' | '));
  return lines.map(([title, ...cells]) => ({
    title,
    spreads: new Map(
      cells.flatMap((cell, i): [PeerId, Spread][] => {
        const column = COLUMNS.find((one) => one.title === head[i + 1])!;
        const [median, least = median, most = median] = cell
          .split(/[ (–)]+/)
          .map((text) => Number(text.replace(/,/g, '')));
        return cell.trim() === '' ? [] : [[column.id, { median, least, most }]];
      }),
    ),
  }));
}

/** CPU time per message as an SVG: a line for each row, a dot for each peer with its spread, on a logarithmic scale. */
export function chart(rows: readonly ChartRow[]): string {
  const values = rows.flatMap(({ spreads }) => [...spreads.values()].flatMap(({ least, most }) => [least, most]));
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const x = (value: number) => LABELS + ((Math.log10(value) - low) / (high - low || 1)) * PLOT;
  const height = TOP + rows.length * LINE + 40;
  const present = SERIES.filter(({ id }) => rows.some(({ spreads }) => spreads.has(id)));

  const parts: string[] = [`<rect width="${WIDTH}" height="${height}" class="ground"/>`];
  parts.push(text(10, 22, 'CPU time of the peer per message (µs, logarithmic; left is better)', 'font-weight="bold"'));
  parts.push(text(10, 40, 'A dot is the median of the rounds, its line goes from the least to the most.'));
  let at = 16;
  present.forEach(({ id, title }) => {
    parts.push(`<circle cx="${at.toFixed(1)}" cy="62" r="5" class="${classOf(id)}"/>`, text(at + 9, 66, title));
    at += 34 + title.length * 6.2;
  });
  for (let power = low; power <= high; power++) {
    const at = x(10 ** power).toFixed(1);
    parts.push(`<line x1="${at}" x2="${at}" y1="${TOP - 8}" y2="${height - 30}" class="line"/>`);
    const label = 10 ** power >= 1 ? String(10 ** power) : (10 ** power).toFixed(-power);
    parts.push(text(Number(at), height - 12, label, 'text-anchor="middle"'));
  }
  rows.forEach(({ title, spreads }, i) => {
    const top = TOP + i * LINE;
    parts.push(text(10, top + LINE / 2 + 4, title));
    parts.push(`<line x1="10" x2="${LABELS + PLOT}" y1="${top}" y2="${top}" class="line"/>`);
    present.forEach(({ id, title }, place) => {
      const spread = spreads.get(id);
      if (spread === undefined) return;
      const y = top + LINE / 2 + (place - (present.length - 1) / 2) * APART;
      const [from, to, median] = [spread.least, spread.most, spread.median].map((value) => x(value).toFixed(1));
      const label = `<title>${escape(`${title}: ${withSpread(spread, number)} µs`)}</title>`;
      parts.push(
        `<g class="${classOf(id)}">${label}<line x1="${from}" x2="${to}" y1="${y}" y2="${y}" class="spread"/>` +
          `<circle cx="${median}" cy="${y}" r="4"/></g>`,
      );
    });
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" role="img">\n<title>CPU time per message, by peer</title>\n` +
    `<style>${STYLE}\n</style>\n${parts.join('\n')}\n</svg>\n`
  );
}

function classOf(id: PeerId): string {
  return id.replace('+', '-');
}

function text(x: number, y: number, value: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y}" class="text" ${more}>${escape(value)}</text>`;
}

function escape(value: string): string {
  return value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
