import { arrow, box, picture, text } from './svg.ts';

/** What a driver does with the core: what it tells, what it is told, and in which order it asks. */
const TOLD: readonly (readonly [from: string, call: string, what: string])[] = [
  ['bytes', 'receive(bytes, now)', 'what the peer has sent'],
  ['its end', 'receiveEof(now)', 'the peer has ended its side'],
  ['a loss', 'outputLost · transportLost', 'it takes, or brings, nothing more'],
  ['the timer', 'handleTimeout(now)', 'at nextTimeout(); early calls do no harm'],
  ['the codec', 'handleDeflated(now)', 'after onDeflated, with asyncAbove alone'],
];
const ASKED: readonly (readonly [call: string, what: string, to: string])[] = [
  ['takeOutput()', 'over HTTP/2 takeFields() before it', 'bytes, in order'],
  ['transportAction', 'KEEP, END or ABORT', 'its end'],
  ['nextTimeout()', 'Infinity for never', 'the timer'],
  ['wantsInput', 'false while paused, or waiting for a turn', 'read on, or not'],
];

const LEFT = 150;
const WIDTH = 290;
const HEIGHT = 50;
const STEP = 62;
const TOP = 74;
const CORE = LEFT + WIDTH + 90;
const CORE_WIDTH = 200;
const APP = CORE + CORE_WIDTH + 210;
const APP_WIDTH = 190;

/** The transport and the clock on the left, the connection in the middle, the application on the right. */
export function embedding(): string {
  const askedTop = TOP + TOLD.length * STEP + 46;
  const bottom = askedTop + ASKED.length * STEP - (STEP - HEIGHT);
  const told = TOLD.flatMap(([from, call, what], i) => {
    const y = TOP + i * STEP;
    const middle = y + HEIGHT / 2;
    return [
      text(LEFT - 34, middle + 4, from, '', 'end'),
      arrow('way', [LEFT - 28, middle], [LEFT, middle]),
      box(LEFT, y, WIDTH, HEIGHT, call, what),
      arrow('way', [LEFT + WIDTH, middle], [CORE, middle]),
    ];
  });
  const asked = ASKED.flatMap(([call, what, to], i) => {
    const y = askedTop + i * STEP;
    const middle = y + HEIGHT / 2;
    return [
      arrow('way', [CORE, middle], [LEFT + WIDTH, middle]),
      box(LEFT, y, WIDTH, HEIGHT, `${i + 2}. ${call}`, what),
      arrow('way', [LEFT, middle], [LEFT - 28, middle]),
      text(LEFT - 34, middle + 4, to, '', 'end'),
    ];
  });
  const events = TOP + STEP + HEIGHT / 2;
  const commands = askedTop - STEP + HEIGHT / 2;
  const line = (i: number): number => TOP + 60 + i * 20;
  const inside = [
    'opening handshake',
    'frames',
    'messages',
    'inflate · deflate',
    'closing handshake',
    'four deadlines',
  ];
  return picture(
    'What a driver tells a connection, what the connection tells, and what it is asked after every call',
    APP + APP_WIDTH + 24,
    bottom + 30,
    [
      text(LEFT - 34, 34, 'transport, clock', 'seq-time', 'end'),
      text(LEFT + WIDTH / 2, 34, 'your driver', 'seq-time', 'middle'),
      text(CORE + CORE_WIDTH / 2, 34, 'the core', 'seq-time', 'middle'),
      text(APP + APP_WIDTH / 2, 34, 'your application', 'seq-time', 'middle'),
      text(LEFT, TOP - 12, 'tell what has happened: each a call', 'small'),
      text(LEFT, askedTop - 12, 'then ask, after every call and every command, in this order', 'small'),
      box(CORE, TOP, CORE_WIDTH, bottom - TOP, 'Connection'),
      ...inside.map((what, i) => text(CORE + 12, line(i), what, 'small')),
      box(APP, TOP, APP_WIDTH, bottom - TOP, 'Handlers', 'or who reads an EventQueue'),
      ...told,
      ...asked,
      arrow('way', [CORE + CORE_WIDTH, events], [APP, events]),
      text((CORE + CORE_WIDTH + APP) / 2, events - 10, '1. events, within the call', '', 'middle'),
      text((CORE + CORE_WIDTH + APP) / 2, events + 18, 'onOpen, onText, … onClosed', 'small', 'middle'),
      arrow('way', [APP, commands], [CORE + CORE_WIDTH, commands]),
      text((CORE + CORE_WIDTH + APP) / 2, commands - 10, 'commands, at any time', '', 'middle'),
      text((CORE + CORE_WIDTH + APP) / 2, commands + 18, 'accept, sendText, … pause, close', 'small', 'middle'),
    ],
  );
}
