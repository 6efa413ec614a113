import type { Deed, Scenario } from './simulation.ts';

const QUIET = { latency: 40, loss: 0, cut: 0, seed: 1, echo: true, pingInterval: 0, pongTimeout: 0 };

/** Scenarios to begin with, by their titles. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'Hello, and goodbye': {
    ...QUIET,
    deeds: [does(100, 'client', 'text', 'hello'), does(300, 'client', 'close', 'done')],
  },
  'Both close at once': {
    ...QUIET,
    deeds: [does(200, 'client', 'close', 'bye'), does(200, 'server', 'close', 'bye')],
  },
  'A text crosses a Close frame': {
    ...QUIET,
    echo: false,
    deeds: [does(200, 'client', 'close'), does(210, 'server', 'text', 'still here')],
  },
  'The cable is cut': {
    ...QUIET,
    pingInterval: 30_000,
    pongTimeout: 10_000,
    deeds: [does(100, 'client', 'text', 'hello'), does(500, 'link', 'lose')],
  },
  'A slow reader': {
    ...QUIET,
    deeds: [
      does(100, 'server', 'pause'),
      does(150, 'client', 'text', 'one'),
      does(160, 'client', 'text', 'two'),
      does(1000, 'server', 'resume'),
      does(1200, 'client', 'close'),
    ],
  },
  'Packets are lost': {
    ...QUIET,
    loss: 0.3,
    seed: 5,
    deeds: [
      does(100, 'client', 'text', 'one'),
      does(110, 'client', 'text', 'two'),
      does(2500, 'client', 'ping'),
      does(4000, 'client', 'close'),
    ],
  },
  'The server never answers a Close frame': {
    ...QUIET,
    deeds: [does(150, 'server', 'pause'), does(200, 'client', 'close'), does(210, 'link', 'stall')],
  },
};

function does(at: number, who: Deed['who'], what: string, text?: string): Deed {
  return { at, who, what, ...(text === undefined ? {} : { text }) };
}
