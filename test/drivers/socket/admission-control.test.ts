/** The bound on opening handshakes under way, where no socket matters: over the in-memory network. */
import { describe, expect, test } from 'vitest';
import { AdmissionControl, pathMatcher, type PendingPeer } from '../../../drivers/socket/admission-control.ts';
import { createNetwork } from '../../../drivers/pipe/index.ts';
import type { WebSocket } from '../../../drivers/promise/index.ts';

const echo = async (ws: WebSocket) => {
  for await (const message of ws) await ws.send(message);
};
/** A request that never arrives. */
const SILENT = { handshakeTimeout: false, link: { toServer: { fault: { after: 0, kind: 'stall' } } } } as const;
/** One that stops in its middle. */
const HALF = { handshakeTimeout: false, link: { toServer: { fault: { after: 40, kind: 'stall' } } } } as const;

describe('`maxHandshakes`', () => {
  test.each([
    ['silent ones', SILENT],
    ['requests that stop half-way', HALF],
  ])('of more %s, the oldest is told to come back, at once', async (_, options) => {
    const network = createNetwork({ manual: true });
    const server = await network.listen({ port: 80, maxHandshakes: 2 }, echo);
    const ended: string[] = [];
    const attempt = (name: string): Promise<void> =>
      network.open('ws://localhost', options).then(
        () => void ended.push(`${name} opened`),
        (error) => void ended.push(`${name} ${error.response?.status}`),
      );
    const attempts = [attempt('first'), attempt('second')];
    await network.settle();
    expect(ended).toEqual([]);
    attempts.push(attempt('third'));
    await network.settle();
    expect(ended).toEqual(['first 503']);

    // Who is quick gets in, whoever stands in the door.
    const opening = network.open('ws://localhost');
    await network.settle();
    const ws = await opening;
    expect(ended).toEqual(['first 503', 'second 503']);
    await network.advance(10_000);
    await Promise.all(attempts);
    expect(ended).toEqual(['first 503', 'second 503', 'third 408']);

    const closed = ws.close();
    await network.settle();
    expect((await closed).clean).toBe(true);
    const end = server.close();
    await network.settle();
    await end;
    expect([network.clock.timers, network.links]).toEqual([0, []]);
  });

  test('thousands of silent ones hold no more than the default', async () => {
    const network = createNetwork({ manual: true });
    const server = await network.listen({ port: 80 }, echo);
    const attempts = Array.from({ length: 4100 }, () => network.open('ws://localhost', SILENT));
    const failures = Promise.allSettled(attempts);
    await network.settle();
    expect(network.links).toHaveLength(4096);
    const end = server.close();
    await network.settle();
    await end;
    expect((await failures).map(({ status }) => status)).not.toContain('fulfilled');
    expect([network.clock.timers, network.links]).toEqual([0, []]);
  });
});

test('a server that closes at once waits for none who was turned away and can’t be told', async () => {
  const network = createNetwork({ manual: true });
  const server = await network.listen({ port: 80, closeTimeout: false, handshakeTimeout: false }, echo);
  const attempt = expect(network.open('ws://localhost', SILENT)).rejects.toThrow();
  await network.settle();
  const end = server.close({ timeout: 0 });
  await network.settle();
  await end;
  await attempt;
  expect(network.clock.timers).toBe(0);
});

test('a door that is shut is empty once the last one who was waited for has gone, socket or not', () => {
  const admission = new AdmissionControl({});
  let isEmpty = false;
  const visitor: PendingPeer = { state: 'connecting', close() {}, terminate() {} };
  admission.wait(visitor);
  admission.stop(() => (isEmpty = true));
  expect(isEmpty).toBe(false);
  admission.stopWaiting(visitor);
  expect(isEmpty).toBe(true);
});

test('each newcomer ends another of those who stand in the door, though they take their time to go', () => {
  const admission = new AdmissionControl({ maxHandshakes: 2 });
  const ended: number[] = [];
  for (let i = 0; i < 5; i++) {
    const end = () => void ended.push(i);
    admission.wait({ state: 'connecting', close: end, terminate: end });
  }
  expect(ended).toEqual([0, 1, 2]);
});

describe('`path`', () => {
  test('is one, several, what a function says, or every one', () => {
    const paths = ['/', '/a', '/a/b', '/b'];
    const served = (of: Parameters<typeof pathMatcher>[0]) => paths.filter(pathMatcher(of));
    expect(served(undefined)).toEqual(paths);
    expect(served('/a')).toEqual(['/a']);
    expect(served(['/b', '/'])).toEqual(['/', '/b']);
    expect(served((path) => path.startsWith('/a'))).toEqual(['/a', '/a/b']);
  });

  test.each(['a', '', ['/a', 'b']])('begins with a slash: %j is an error', (path) => {
    expect(() => pathMatcher(path)).toThrow('path must begin with a slash, as the paths of requests do');
  });
});
