import type { PeerId } from '../peers.ts';
import type { Spread } from '../statistics.ts';
import { number, withSpread } from './format.ts';
import { COLUMNS } from './markdown.ts';
import { classOf, escape, SERIES, svg, text } from './svg.ts';

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
    at += 28 + title.length * 5.9;
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
  return svg(WIDTH, height, 'CPU time per message, by peer', parts);
}
