import { DEFAULT_LIMITS } from '../../../protocol/index.ts';
import { DEFAULT_RECEIVE_QUEUE } from '../../../drivers/promise/inbox.ts';
import { SEND_HIGH_WATER, SEND_LIMIT } from '../../../drivers/socket/options.ts';
import { arrow, box, picture, text } from './svg.ts';

const WIDTH = 340;
const HEIGHT = 72;
const STEP = 112;
const TOP = 64;

/** What holds up who sends to a slow reader, stage by stage, in both directions, with the defaults that the package has. */
export function backpressure(): string {
  const wire = ['The systems and the network', 'socket buffers on both sides, and TCP’s window'];
  const buffered = [
    `send waits from sendHighWater on (${size(SEND_HIGH_WATER)});`,
    `beyond sendLimit (${size(SEND_LIMIT)}) the connection is ended`,
  ];
  const queued = [
    `${DEFAULT_RECEIVE_QUEUE} messages (receiveQueue), or as many as have`,
    `${size(DEFAULT_LIMITS.maxMessageSize)} (maxMessageSize): then the socket is not read`,
  ];
  const sends = 'await ws.send(message)';
  const receives = 'for await (const message of ws)';
  const out = [
    ['Your loop sends', sends],
    ['Buffered here', ...buffered],
    wire,
    ['Come, and not received there', ...queued],
    ['The peer’s loop receives', receives],
  ];
  const back = [
    ['Your loop receives', receives],
    ['Come, and not received here', ...queued],
    wire,
    ['Buffered there', ...buffered],
    ['The peer’s loop sends', sends],
  ];
  const effects = ['send waits', 'nothing leaves', 'the window closes', 'it fills up'];
  const [left, right] = [20, 20 + WIDTH + 60];
  const title = 'Backpressure both ways: a slow reader holds up the sender, stage by stage';
  return picture(title, right + WIDTH + 20, TOP + 4 * STEP + HEIGHT + 44, [
    text(left, 36, 'What you send goes down', 'bold'),
    text(right, 36, 'What you receive comes up', 'bold'),
    ...column(left, out, effects, true),
    ...column(right, back, effects.toReversed(), false),
    text(
      left,
      TOP + 4 * STEP + HEIGHT + 28,
      'The dashed arrows: what a full stage does to the one before it.',
      'small',
    ),
  ]);
}

/** Stages from top to bottom. Messages go down or up, and what a full stage does goes the other way. */
function column(x: number, stages: readonly string[][], effects: readonly string[], isDown: boolean): string[] {
  const boxes = stages.map(([title, ...lines], i) => box(x, TOP + i * STEP, WIDTH, HEIGHT, title, ...lines));
  const between = effects.flatMap((effect, i) => {
    const [above, below] = [TOP + i * STEP + HEIGHT, TOP + (i + 1) * STEP];
    const [from, to] = isDown ? [above, below] : [below, above];
    return [
      arrow('way', [x + 60, from], [x + 60, to]),
      arrow('back', [x + 150, to], [x + 150, from]),
      text(x + 164, (above + below) / 2 + 4, effect, 'small'),
    ];
  });
  return [...boxes, ...between];
}

function size(bytes: number): string {
  return bytes < 1024 ** 2 ? `${bytes / 1024} KiB` : `${bytes / 1024 ** 2} MiB`;
}
