import type { PeerId } from '../peers.ts';

/** The peers of a chart, in the order in which they are named. */
export const SERIES: readonly { id: PeerId; title: string }[] = [
  { id: 'raw', title: 'raw node:net' },
  { id: 'ws', title: 'ws' },
  { id: 'ws+bufferutil', title: 'ws + bufferutil' },
  { id: 'ws face', title: 'sansocket/ws' },
  { id: 'undici', title: 'undici' },
  { id: 'web', title: 'sansocket/web' },
  { id: 'bun', title: 'Bun' },
  { id: 'promise', title: 'sansocket, promise API' },
  { id: 'event', title: 'sansocket, event driver' },
];

/** A colour for each peer, on white and on black. */
const STYLE = `
  .ground { fill: #ffffff; } .text { fill: #222222; } .line { stroke: #e4e4e7; }
  .raw { --peer: #8a8a8a; } .ws { --peer: #d1495b; } .ws-bufferutil { --peer: #b7791f; } .undici { --peer: #8d6a9f; }
  .ws-face { --peer: #2a9d8f; } .web { --peer: #6b5fd6; }
  .bun { --peer: #4d7f4c; } .promise { --peer: #3f8ecb; } .event { --peer: #00507a; }
  circle { fill: var(--peer); } .spread { stroke: var(--peer); stroke-width: 2; opacity: 0.7; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #1b1b1f; } .text { fill: #e6e6ea; } .line { stroke: #34353c; }
    .raw { --peer: #a8a8a8; } .ws { --peer: #ff7b8b; } .ws-bufferutil { --peer: #f2c063; } .undici { --peer: #c3a2d4; }
    .ws-face { --peer: #6fd6c9; } .web { --peer: #b3abff; }
    .bun { --peer: #86c985; } .promise { --peer: #7cc0f2; } .event { --peer: #d6efff; }
  }`;

/** An SVG of these parts. */
export function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" role="img">\n<title>${title}</title>\n` +
    `<style>${STYLE}\n</style>\n${parts.join('\n')}\n</svg>\n`
  );
}

export function classOf(id: PeerId): string {
  return id.replace(/[+ ]/, '-');
}

export function text(x: number, y: number, value: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y}" class="text" ${more}>${escape(value)}</text>`;
}

export function escape(value: string): string {
  return value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
