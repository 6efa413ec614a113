import type { PeerId } from '../peers.ts';
import { number } from './format.ts';
import { classOf, SERIES, svg, text } from './svg.ts';

/** A peer's values, one for each label. */
export interface Line {
  readonly peer: PeerId;
  readonly values: readonly number[];
}

/** One plot: steps of a logarithmic kind from left to right, CPU time upwards. */
export interface Plot {
  readonly title: string;
  readonly labels: readonly string[];
  readonly lines: readonly Line[];
}

const LEFT = 60;
const TOP = 92;
const SIDE = 400;
const HEIGHT = 280;
const WIDTH = LEFT + 2 * SIDE + 90;

/** Plots beside each other, on one logarithmic scale, as an SVG. */
export function growthChart(plots: readonly Plot[]): string {
  const values = plots.flatMap(({ lines }) => lines.flatMap((line) => line.values));
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const y = (value: number) => TOP + HEIGHT - ((Math.log10(value) - low) / (high - low || 1)) * HEIGHT;
  const height = TOP + HEIGHT + 40;
  const parts = [`<rect width="${WIDTH}" height="${height}" class="ground"/>`];
  parts.push(
    text(10, 22, 'CPU time of the server per message (µs, logarithmic; lower is better)', 'font-weight="bold"'),
  );
  let at = 16;
  for (const { id, title } of SERIES.filter(({ id }) => plots[0]!.lines.some(({ peer }) => peer === id))) {
    parts.push(`<circle cx="${at.toFixed(1)}" cy="44" r="5" class="${classOf(id)}"/>`, text(at + 9, 48, title));
    at += 34 + title.length * 6.2;
  }
  plots.forEach((plot, place) => {
    const left = LEFT + place * (SIDE + 50);
    const x = (i: number) => left + 20 + (i / (plot.labels.length - 1)) * (SIDE - 60);
    parts.push(text(left, TOP - 14, plot.title));
    for (let power = low; power <= high; power++) {
      const line = y(10 ** power).toFixed(1);
      parts.push(`<line x1="${left}" x2="${left + SIDE - 20}" y1="${line}" y2="${line}" class="line"/>`);
      const label = (10 ** power).toLocaleString('en-US', { maximumFractionDigits: 3 });
      if (place === 0) parts.push(text(left - 6, Number(line) + 4, label, 'text-anchor="end"'));
    }
    plot.labels.forEach((label, i) => parts.push(text(x(i), height - 16, label, 'text-anchor="middle"')));
    for (const { peer, values: own } of plot.lines) {
      const points = own.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
      const { title } = SERIES.find(({ id }) => id === peer)!;
      const dots = own.map((value, i) => {
        const told = `<title>${title}, ${plot.labels[i]}: ${number(value)} µs</title>`;
        return `<circle cx="${x(i).toFixed(1)}" cy="${y(value).toFixed(1)}" r="4">${told}</circle>`;
      });
      parts.push(
        `<g class="${classOf(peer)}"><polyline points="${points.join(' ')}" class="spread" fill="none"/>${dots.join('')}</g>`,
      );
    }
  });
  return svg(WIDTH, height, 'CPU time per message, by size and by the number of connections', parts);
}
