/**
 * `npm run states`: draws docs/design/states.svg from the table in protocol/states.ts. Only where a state stands on the
 * page is said here; test/states-svg.test.ts holds the drawing to the table.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  Bytes,
  type Cause,
  Deadline,
  type Next,
  Phase,
  ROLES,
  STATE_NAMES,
  type StateName,
  STATES,
  TransportAction,
} from '../../protocol/states.ts';
import { ROOT } from './source.ts';

/** The column and the row of each state. */
const PLACES: Readonly<Record<StateName, readonly [column: number, row: number]>> = {
  LAST_FIELDS: [0, 0],
  AWAITING_FIELDS: [0, 1],
  AWAITING_RESPONSE: [0, 2],
  LAST_RESPONSE: [0, 3],
  DECIDING: [0, 5],
  AWAITING_REQUEST: [0, 6],
  PLAIN_REQUEST: [0, 7],
  ENDED_PLAIN_REQUEST: [0, 8],
  CLOSE_RECEIVED: [1, 2],
  OPEN: [1, 3],
  FAULT_FOUND: [1, 4],
  OUTPUT_LOST: [2, 0],
  LAST_SECOND: [3, 0],
  UNANSWERABLE: [3, 1],
  UNANSWERED: [3, 2],
  CLOSE_SENT_AND_RECEIVED: [2, 2],
  CLOSE_SENT: [2, 3],
  CLOSE_SENT_FAULT_FOUND: [2, 4],
  CLOSE_QUEUED_AND_RECEIVED: [2, 6],
  CLOSE_QUEUED: [2, 7],
  CLOSE_QUEUED_FAULT_FOUND: [2, 8],
  AWAITING_EOF: [3, 3],
  LINGERING: [3, 4],
  ENDING: [3, 6],
  ANSWERED: [3, 8],
  CLOSED: [4, 6],
  ABORTED: [4, 8],
};
const COLUMN_OF_PHASE = [0, 1, 2, 4];

const WIDTH = 250;
const HEIGHT = 92;
const COLUMN = 440;
const ROW = 130;
const LEFT = 30;
const TOP = 60;

const PHASES = Object.keys(Phase);
const nameOf = (values: Readonly<Record<string, number>>, value: number): string =>
  Object.keys(values).find((name) => values[name] === value)!;

const x = (name: StateName): number => LEFT + PLACES[name][0] * COLUMN;
const y = (name: StateName): number => TOP + PLACES[name][1] * ROW;

/** Where a cause leads, with the role for which it does, if it does for one. */
function targets(next: Next): { to: StateName; role: string }[] {
  if (next === 'SAME') return [];
  if (typeof next === 'string') return [{ to: next, role: '' }];
  return ROLES.map((role) => ({ to: next[role], role: ` (${role})` }));
}

function causesOf(name: StateName): [Cause, Next][] {
  return Object.entries(STATES[name].on) as [Cause, Next][];
}

/** One arrow for all causes that lead from a state to another. The end by force would cover the page: the boxes name it. */
function arrowsFrom(from: StateName): string[] {
  const labels = new Map<StateName, string[]>();
  for (const [cause, next] of causesOf(from)) {
    for (const { to, role } of targets(next)) {
      if (to !== 'ABORTED') labels.set(to, [...(labels.get(to) ?? []), cause + role]);
    }
  }
  return [...labels].map(([to, causes]) => arrow(from, to, causes.join(', ')));
}

function arrow(from: StateName, to: StateName, label: string): string {
  const [column, row] = PLACES[from];
  const [toColumn, toRow] = PLACES[to];
  const isSameColumn = column === toColumn;
  // Within a column arrows leave by the right-hand side and come back to it, further out the longer they are.
  const startX = x(from) + WIDTH;
  const startY = y(from) + HEIGHT / 2 + (toRow - row) * 6;
  const endX = isSameColumn ? x(to) + WIDTH : x(to);
  const endY = y(to) + HEIGHT / 2 + (row - toRow) * 6;
  const bend = isSameColumn ? 30 + 25 * Math.abs(toRow - row) : 0;
  const middle = isSameColumn ? startX + bend : (startX + endX) / 2;
  const path = `M ${startX} ${startY} C ${middle} ${startY}, ${middle} ${endY}, ${endX} ${endY}`;
  // A label stands where its arrow has not met others yet.
  const at = isSameColumn ? 0.5 : 0.3;
  const along = (from: number, control1: number, control2: number, to: number): number =>
    (1 - at) ** 3 * from + 3 * (1 - at) ** 2 * at * control1 + 3 * (1 - at) * at ** 2 * control2 + at ** 3 * to;
  const labelX = Math.round(along(startX, middle, middle, endX) + (isSameColumn ? 4 : 0));
  const labelY = Math.round(along(startY, startY, endY, endY) - 4);
  const anchor = isSameColumn ? 'start' : 'middle';
  return (
    `  <path d="${path}" class="arrow" marker-end="url(#tip)"/>\n` +
    `  <text x="${labelX}" y="${labelY}" text-anchor="${anchor}" class="cause">${label}</text>`
  );
}

function box(name: StateName): string {
  const { bytes, action, deadline } = STATES[name];
  const stays = causesOf(name).filter(([, next]) => next === 'SAME');
  const aborts = causesOf(name).filter(([, next]) => next === 'ABORTED');
  const lines = [
    `bytes: ${nameOf(Bytes, bytes)} · deadline: ${nameOf(Deadline, deadline)} · ${nameOf(TransportAction, action)}`,
    stays.length === 0 ? '' : `stays: ${stays.map(([cause]) => cause).join(', ')}`,
    aborts.length === 0 ? '' : `ABORTED: ${aborts.map(([cause]) => cause).join(', ')}`,
  ];
  const text = lines
    .flatMap((line) => wrap(line, 44))
    .map((line, i) => `  <text x="${x(name) + 10}" y="${y(name) + 36 + 12 * i}" class="row">${line}</text>`);
  return (
    `  <rect x="${x(name)}" y="${y(name)}" width="${WIDTH}" height="${HEIGHT}" rx="6"/>\n` +
    `  <text x="${x(name) + 10}" y="${y(name) + 20}" class="name">${name}</text>\n${text.join('\n')}`
  );
}

function wrap(line: string, length: number): string[] {
  const lines: string[] = [];
  for (const word of line.split(' ').filter((one) => one !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < length) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The drawing. */
export function drawStates(): string {
  const width = LEFT * 2 + 4 * COLUMN + WIDTH;
  const height = TOP + 9 * ROW;
  const heads = PHASES.map(
    (phase, i) => `  <text x="${LEFT + COLUMN_OF_PHASE[i] * COLUMN}" y="30" class="phase">${phase}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif">
  <!-- Drawn from protocol/states.ts by \`npm run states\`. -->
  <title>The states of a connection</title>
  <style>
    svg { --ground: #fff; --box: #f4f6fa; --edge: #44546a; --text: #222; --cause: #8a2b0a; --arrow: #8a94a6; background: var(--ground); }
    @media (prefers-color-scheme: dark) {
      svg { --ground: #1b1b1f; --box: #26272d; --edge: #9aa0ac; --text: #e6e6ea; --cause: #ffb59c; --arrow: #7d8698; }
    }
    rect { fill: var(--box); stroke: var(--edge); }
    .phase { font-size: 22px; fill: var(--edge); }
    .name { font-size: 14px; font-weight: bold; fill: var(--text); }
    .row { font-size: 10px; fill: var(--text); }
    .cause { font-size: 11px; fill: var(--cause); paint-order: stroke; stroke: var(--ground); stroke-width: 3px; }
    .arrow { fill: none; stroke: var(--arrow); stroke-width: 1.5; }
  </style>
  <defs>
    <marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">
      <path d="M 0 0 L 8 4 L 0 8 z" fill="var(--arrow)"/>
    </marker>
  </defs>
${heads.join('\n')}
${STATE_NAMES.map(box).join('\n')}
${STATE_NAMES.flatMap(arrowsFrom).join('\n')}
</svg>
`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(join(ROOT, 'docs/design/states.svg'), drawStates());
}
