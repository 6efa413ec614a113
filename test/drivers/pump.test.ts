import { expect, test } from 'vitest';
import { Pump } from '../../drivers/pump.ts';
import type { Clock } from '../../drivers/clock.ts';
import type { Transport } from '../../drivers/transport.ts';
import { Connection, Workspace } from '../../protocol/index.ts';

const clock: Clock = { now: () => 0, wakeAt: () => ({ cancel() {} }), defer() {} };

/** A transport that takes everything and sends nothing. */
class Stuck implements Transport {
  bufferedAmount = 0;

  write(chunks: readonly Uint8Array[]): boolean {
    for (const chunk of chunks) this.bufferedAmount += chunk.length;
    return false;
  }

  end(): void {}
  abort(): void {}
  pause(): void {}
  resume(): void {}
}

/** Where in the slab the next frame comes to lie, after one that was written and not sent when its transport was lost. */
function nextAfterALoss(isReleased: boolean): number {
  const workspace = new Workspace({ slab: new Uint8Array(1024) });
  const make = () => Connection.established('server', { sink: {}, now: 0, workspace });
  const connection = make();
  const pump = new Pump({ connection, clock, workspace, owner: { onWritable() {} }, highWater: 1024 });
  const transport = new Stuck();
  pump.attach(transport);
  connection.sendText('not sent');
  pump.flush();
  expect(transport.bufferedAmount).toBe('..not sent'.length);
  if (isReleased) pump.onReleased();
  pump.onLost(undefined);
  const other = make();
  other.sendText('next');
  return other.takeOutput()[0].byteOffset;
}

test('memory that was written and not sent is used again when its transport is lost, if it says that nobody holds it', () => {
  expect(nextAfterALoss(true)).toBe(0);
  expect(nextAfterALoss(false)).toBe('..not sent'.length);
});
