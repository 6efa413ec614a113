/** The bound on opening handshakes under way, where no socket matters: over the in-memory network. */
import { describe, expect, test } from 'vitest';
import { AdmissionControl, type PendingPeer } from '../../../drivers/socket/admission-control.ts';
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
