import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arrow, box, picture, text } from './svg.ts';

const TOUR = join(import.meta.dirname, '../../design/tour.md');

/** What each stop of the tour does, in a few words. Its file is the tour's to say. */
const STOPS = [
  'Bytes come from the transport',
  'The connection is told, with the time',
  'The state says what bytes are now',
  'A receiver is lent for the message',
  'Header, length, mask',
  'A string, or a fault: not UTF-8',
  'What a handler throws is kept apart',
  'Your handler is called, and answers',
  'Header and payload are written together',
  'All of it goes out in one write',
];

const WIDTH = 400;
const HEIGHT = 50;
const STEP = 68;

/** The way of a text message through a server, in on the left, out on the right: the stops of docs/design/tour.md. */
export function wayOfAByte(): string {
  const files = readFileSync(TOUR, 'utf8')
    .split(/^\d+\. /m)
    .slice(1)
    .map((stop) => [...stop.matchAll(/\[([\w/.-]+\.ts)\]/g)].map(([, path]) => path).join(', '));
  if (files.length !== STOPS.length)
    throw new Error(`the tour has ${files.length} stops, and the picture ${STOPS.length}`);
  const left = 24;
  const right = left + WIDTH + 72;
  const top = (stop: number): number => (stop < 8 ? 64 + stop * STEP : 64 + (stop === 8 ? 5 : 0) * STEP);
  const boxes = STOPS.map((title, i) =>
    box(i < 8 ? left : right, top(i), WIDTH, HEIGHT, `${i + 1}. ${title}`, files[i]),
  );
  const middle = left + WIDTH / 2;
  const other = right + WIDTH / 2;
  const down = Array.from({ length: 7 }, (_, i) => arrow('way', [middle, top(i) + HEIGHT], [middle, top(i + 1)]));
  const height = top(7) + HEIGHT + 24;
  return picture(
    'The way of a text message through a server, from the transport to your handler and back',
    right + WIDTH + 24,
    height,
    [
      text(middle, 26, 'the peer’s bytes', 'seq-time', 'middle'),
      arrow('way', [middle, 34], [middle, top(0)]),
      ...boxes,
      ...down,
      arrow('way', [left + WIDTH, top(7) + HEIGHT / 2], [other, top(7) + HEIGHT / 2], [other, top(8) + HEIGHT]),
      arrow('way', [other, top(8)], [other, top(9) + HEIGHT]),
      arrow('way', [other, top(9)], [other, 34]),
      text(other, 26, 'bytes for the peer', 'seq-time', 'middle'),
    ],
  );
}
