/** Draws what happened between two connections as a sequence diagram. */
import type { Moment } from './simulation.ts';

/** The inside of an SVG: what classes look like is for whoever shows it (`STYLE`). */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly body: string;
}

const CLIENT = 300;
const SERVER = 580;
const WIDTH = 880;
const TIME = 52;
const HEAD = 48;
const LINE = 15;
const ROW = 24;
/** How many characters of a note fit beside a lifeline. */
const NOTE = 30;
const PHASES = ['connecting', 'open', 'closing', 'closed'];

interface Row {
  readonly moment: Moment;
  readonly lines: readonly string[];
  /** The middle of its first line. */
  readonly y: number;
  readonly height: number;
}

/** The first `shown` moments, drawn; what is still on its way then ends half-way. */
export function drawSequence(moments: readonly Moment[], shown = moments.length): Drawing {
  const rows = layOut(moments);
  const height = (rows.at(-1)?.y ?? HEAD) + (rows.at(-1)?.height ?? 0) + 8;
  const visible = rows.slice(0, shown);
  const body = [
    ...['client', 'server'].map(
      (name, i) => `<text x="${i === 0 ? CLIENT : SERVER}" y="20" text-anchor="middle" class="seq-name">${name}</text>`,
    ),
    ...lifelines(visible),
    ...visible.flatMap((row, i) => [timeOf(row, visible[i - 1]), noteOf(row)]),
    ...visible.filter(({ moment }) => moment.kind === 'send').map((row) => arrow(row, rows, shown)),
  ];
  return { width: WIDTH, height, body: body.join('\n') };
}

function layOut(moments: readonly Moment[]): Row[] {
  let y = HEAD;
  return moments.map((moment) => {
    const isNote = moment.kind !== 'send' && moment.kind !== 'arrive';
    const section = moment.section === undefined ? '' : ` (${moment.section.title})`;
    const lines = isNote ? wrap(moment.text + section) : [];
    const height = ROW + Math.max(0, lines.length - 1) * LINE;
    const row = { moment, lines, y, height };
    y += height;
    return row;
  });
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < NOTE) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Each lifeline is as the phase that its connection is in. */
function lifelines(rows: readonly Row[]): string[] {
  return [CLIENT, SERVER].flatMap((x, side) =>
    rows.map(({ moment, y, height }, i) => {
      const before = i === 0 ? 0 : rows[i - 1].moment.phases[side];
      const from = i === 0 ? 28 : y;
      const now = moment.phases[side];
      const title = before === now ? '' : `<title>${PHASES[now]}</title>`;
      const to = y + height;
      return `<line x1="${x}" x2="${x}" y1="${from}" y2="${to}" class="seq-life seq-${PHASES[now]}">${title}</line>`;
    }),
  );
}

function timeOf({ moment, y }: Row, before: Row | undefined): string {
  if (before?.moment.time === moment.time) return '';
  const time = moment.time < 10_000 ? `${Math.round(moment.time)} ms` : `${(moment.time / 1000).toFixed(2)} s`;
  return `<text x="${TIME}" y="${y + 4}" text-anchor="end" class="seq-time">${time}</text>`;
}

function noteOf({ moment: { who, kind }, lines, y }: Row): string {
  const middle = (CLIENT + SERVER) / 2;
  const [x, anchor] = { client: [CLIENT - 12, 'end'], server: [SERVER + 12, 'start'], link: [middle, 'middle'] }[who];
  return lines
    .map(
      (line, i) =>
        `<text x="${x}" y="${y + 4 + i * LINE}" text-anchor="${anchor}" class="seq-${kind}">${escape(line)}</text>`,
    )
    .join('');
}

function arrow({ moment: { who, packet, text }, y }: Row, rows: readonly Row[], shown: number): string {
  const index = rows.findIndex(({ moment }) => moment.kind === 'arrive' && moment.packet === packet);
  const [from, to] = who === 'client' ? [CLIENT, SERVER] : [SERVER, CLIENT];
  const arrives = index >= 0 && index < shown;
  const isLost = index < 0;
  const endY = index >= 0 ? rows[index].y : y + ROW;
  // What has not come is seen on its way.
  const endX = arrives ? to : (from + to) / 2;
  const atY = arrives ? endY : (y + endY) / 2;
  const tip = arrives ? tipAt(from, y, to, endY) : isLost ? crossAt(endX, atY) : '';
  const labelX = from + (to - from) * 0.5;
  const labelY = y + (endY - y) * 0.5 - 5;
  return (
    `<g class="seq-arrow${arrives ? '' : ' seq-away'}"><line x1="${from}" y1="${y}" x2="${endX}" y2="${atY}"/>${tip}` +
    `<text x="${labelX}" y="${labelY}" text-anchor="middle">${escape(text)}</text></g>`
  );
}

function tipAt(fromX: number, fromY: number, x: number, y: number): string {
  const angle = (Math.atan2(y - fromY, x - fromX) * 180) / Math.PI;
  return `<path d="M 0 0 L -9 -4 L -9 4 z" transform="translate(${x} ${y}) rotate(${angle.toFixed(1)})"/>`;
}

function crossAt(x: number, y: number): string {
  return `<path d="M -5 -5 L 5 5 M -5 5 L 5 -5" transform="translate(${x} ${y})" class="seq-cross"/>`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
