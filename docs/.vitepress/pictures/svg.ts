import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SITE = join(import.meta.dirname, '..');

/** A picture that is light or dark as what stands round it: the site's switch decides, and on the forge the reader's system. */
export function picture(title: string, width: number, height: number, body: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" class="seq" role="img">
<!-- Drawn by \`npm run pictures\`. -->
<title>${escape(title)}</title>
<style>
${style()}
</style>
<rect width="${width}" height="${height}" rx="8" class="ground"/>
${body.join('\n')}
</svg>
`;
}

/** The site's own colours and the looks of its diagrams, for a file that has to carry them with it. */
function style(): string {
  const palette = readFileSync(join(SITE, 'theme/palette.css'), 'utf8');
  const [, light, dark] = /:root \{([^}]*)\}[^]*\.dark \{([^}]*)\}/.exec(palette)!;
  const looks = readFileSync(join(SITE, 'playground/sequence.css'), 'utf8');
  const own = `
.ground { fill: var(--seq-back); }
.box { fill: var(--seq-box); stroke: var(--seq-soft); }
.seq .small { font-size: 11px; fill: var(--seq-soft); }
.seq .bold { font-weight: 600; }
.seq .good { fill: var(--seq-open); }
.seq .bad { fill: var(--seq-fault); }
.way { stroke: var(--seq-text); stroke-width: 1.5; fill: none; }
.back { stroke: var(--seq-closing); stroke-width: 1.5; fill: none; stroke-dasharray: 5 4; }
.tip { fill: var(--seq-text); }
.back-tip { fill: var(--seq-closing); }
.bar-open { fill: var(--seq-open); }
.bar-closing { fill: var(--seq-closing); }
.mark { stroke: var(--seq-soft); stroke-dasharray: 3 4; }`;
  const text = `:root {${light}}\n@media (prefers-color-scheme: dark) { :root {${dark}} }\n${looks}${own}`;
  return text.replace(/\/\*[^]*?\*\/\s*/g, '').replace(/\n\s+/g, ' ');
}

/** A box with a bold line, and smaller ones below it. */
export function box(x: number, y: number, width: number, height: number, title: string, ...lines: string[]): string {
  const texts = lines.map((line, i) => text(x + 12, y + 37 + i * 15, line, 'small'));
  return [
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" class="box"/>`,
    text(x + 12, y + 20, title, 'bold'),
    ...texts,
  ].join('\n');
}

export function text(x: number, y: number, words: string, look = '', anchor = 'start'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" class="${look}">${escape(words)}</text>`;
}

/** An arrow through these points. `look` is `way`, or `back` for what acts against the way of the data. */
export function arrow(look: 'way' | 'back', ...points: readonly (readonly [x: number, y: number])[]): string {
  const [[fromX, fromY], [toX, toY]] = points.slice(-2);
  const angle = (Math.atan2(toY - fromY, toX - fromX) * 180) / Math.PI;
  const tip = look === 'way' ? 'tip' : 'back-tip';
  return (
    `<polyline points="${points.map(([x, y]) => `${x},${y}`).join(' ')}" class="${look}"/>` +
    `<path d="M 0 0 L -9 -4 L -9 4 z" transform="translate(${toX} ${toY}) rotate(${angle.toFixed(1)})" class="${tip}"/>`
  );
}

function escape(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
