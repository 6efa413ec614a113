/** A link to an engine on a virtual clock: when it is lost, and when it is not. */
import { describe, expect, test } from 'vitest';
import { createNetwork } from '../../../drivers/pipe/index.ts';
import { Supervisor } from '../../../drivers/topics/supervisor.ts';

const HEARTBEAT = 1000;

/** A link whose engine answers and sends heartbeats back, as long as it is let. */
async function supervised(): Promise<{
  advance(milliseconds: number): Promise<void>;
  supervisor: Supervisor<object>;
  engine: { answers: boolean; sends: boolean; isThere: boolean; isStarting: boolean };
  told: string[];
  dials: number[];
  /** Why it was down, each time that was told. */
  reasons: string[];
  sent(): number;
}> {
  const network = createNetwork();
  const { clock } = network;
  const advance = (milliseconds: number): Promise<void> => network.advance(milliseconds);
  const engine = { answers: true, sends: true, isThere: true, isStarting: false };
  const told: string[] = [];
  const dials: number[] = [];
  const reasons: string[] = [];
  let sent = 0;
  const supervisor: Supervisor<object> = new Supervisor<object>({
    clock,
    heartbeat: HEARTBEAT,
    random: () => 0.5,
    dial: async () => {
      dials.push(clock.now());
      if (!engine.isThere) throw new Error(engine.isStarting ? 'starting' : 'refused');
      return {};
    },
    isStarting: ({ message }) => message === 'starting',
    end: () => void told.push('ended'),
    sendBeat: () =>
      new Promise<void>((resolve) => {
        sent++;
        clock.wakeAt(clock.now() + 1, () => {
          if (engine.answers) resolve();
          if (engine.sends) supervisor.heard();
        });
      }),
    up: () => void told.push('up'),
    down: ({ message }) => {
      reasons.push(message);
      if (told.at(-1) !== 'down') told.push('down');
    },
  });
  await supervisor.start();
  return { advance, supervisor, engine, told, dials, reasons, sent: () => sent };
}

describe('a link to an engine', () => {
  test('lives for hours when nothing comes but heartbeats, one a heartbeat', async () => {
    const { advance, told, sent } = await supervised();
    await advance(3600 * HEARTBEAT);
    expect(told).toEqual(['up']);
    expect(sent()).toBeGreaterThan(3590);
    expect(sent()).toBeLessThanOrEqual(3601);
  });

  test.each(['answers', 'sends'] as const)('that no longer %s is lost within 2.5 heartbeats', async (what) => {
    const { advance, engine, told } = await supervised();
    await advance(10.5 * HEARTBEAT);
    engine[what] = false;
    await advance(1.4 * HEARTBEAT);
    expect(told).toEqual(['up']);
    await advance(1.1 * HEARTBEAT);
    expect(told.slice(0, 3)).toEqual(['up', 'ended', 'down']);
    engine[what] = true;
    await advance(HEARTBEAT);
    expect(told).toEqual(['up', 'ended', 'down', 'up']);
  });

  test('is dialled again after waits that grow to two seconds, and what was under way is of unknown outcome', async () => {
    const { advance, supervisor, engine, told } = await supervised();
    const call = supervisor.call(() => new Promise(() => {})).catch((error: Error) => error.name);
    engine.isThere = false;
    supervisor.lose(new Error('gone'));
    expect(await call).toBe('OutcomeUnknownError');
    expect(await supervisor.call(async () => 1).catch((error: Error) => error.name)).toBe('EngineDownError');
    await advance(60 * HEARTBEAT);
    engine.isThere = true;
    await advance(2000);
    expect(told).toEqual(['up', 'ended', 'down', 'up']);
  });

  test('that is lost tells why it is not there yet, with each attempt', async () => {
    const { advance, supervisor, engine, dials, reasons } = await supervised();
    engine.isThere = false;
    supervisor.lose(new Error('gone'));
    await advance(10 * HEARTBEAT);
    expect(reasons).toEqual(['gone', ...dials.slice(1).map(() => 'refused')]);
    supervisor.close();
    const before = reasons.length;
    await advance(10 * HEARTBEAT);
    expect(reasons.length).toBe(before);
  });

  test('is dialled soon again while the engine says that it is starting', async () => {
    const { advance, supervisor, engine, dials } = await supervised();
    engine.isThere = false;
    supervisor.lose(new Error('gone'));
    await advance(10 * HEARTBEAT);
    expect(dials.length).toBeLessThan(15);
    engine.isStarting = true;
    await advance(2 * HEARTBEAT);
    const before = dials.length;
    await advance(HEARTBEAT);
    expect(dials.length - before).toBeGreaterThan(15);
  });
});
