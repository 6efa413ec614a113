/**
 * How many calls of ours lie between Node and a handler that is given a message. Each is a frame that an engine has to make or
 * to inline, for every message, and a reader to go through. It is a count and no time: the same on every machine.
 */
import { afterEach, expect, test } from 'vitest';
import { connect, serve } from '../../../drivers/node/index.ts';
import { ROOT } from '../../support/source.ts';

const MOST = 12;
const { stackTraceLimit } = Error;
afterEach(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** The functions of ours that are on the stack, the last called first. */
function ownFrames(): string[] {
  Error.stackTraceLimit = Infinity;
  const lines = new Error().stack!.split('\n').slice(1);
  return lines
    .filter((line) => line.includes(`${ROOT}/protocol/`) || line.includes(`${ROOT}/drivers/`))
    .map((line) => line.trim().replace(`${ROOT}/`, ''));
}

test.each([
  ['text', 'hello'],
  ['binary', new Uint8Array([1, 2, 3])],
])(`a handler is at most ${MOST} calls away from Node: %s`, async (kind, message) => {
  let handle: (frames: string[]) => void;
  const handled = new Promise<string[]>((resolve) => (handle = resolve));
  const listener = await serve({ host: '127.0.0.1', port: 0 }, { message: () => handle(ownFrames()) });
  try {
    connect(listener.url, {}, { open: (socket) => void socket.send(message) });
    const frames = await handled;
    console.info(`${frames.length} calls from Node to a handler, ${kind}:\n  ${frames.join('\n  ')}`);
    expect(frames.length).toBeLessThanOrEqual(MOST);
    // It sees them at all, from the read of Node's to the last step.
    expect(frames.at(-1)).toContain('drivers/node/');
    expect(frames[0]).toContain('drivers/socket/');
  } finally {
    await listener.close({ timeout: 0 });
  }
});
