/** Frames that were encoded before, by the face itself or by `ws`, as Socket.IO's adapter does it where its engine is the face. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import * as original from 'ws';
import * as face from '../../../drivers/ws/index.ts';
import { pair } from './scripts.ts';

const { Sender: OriginalSender } = original as unknown as { Sender: typeof face.Sender };
const makers = [
  ['the face', face.Sender],
  ['ws', OriginalSender],
] as const;

test.each(makers)('frames that %s has encoded arrive, to many from one list', async (_, { frame }) => {
  const one = await pair(face, () => {});
  const other = await pair(face, () => {});
  for (const size of [0, 1, 125, 126, 65_535, 65_536]) {
    for (const opcode of [1, 2]) {
      const list = frame(Buffer.alloc(size, 'x'), { fin: true, rsv1: false, opcode, mask: false, readOnly: false });
      for (const { peer, client } of [one, other]) {
        const came = once(client, 'message');
        const sent = new Promise<unknown>((resolve) => peer._sender.sendFrame(list, resolve));
        const [data, isBinary] = (await came) as [Buffer, boolean];
        expect([data.length, isBinary]).toEqual([size, opcode === 2]);
        expect((await sent) ?? undefined).toBeUndefined();
      }
    }
  }
  for (const { client, end } of [one, other]) {
    client.close();
    await end();
  }
});

test.each(makers)('what %s has encoded that is no message goes out as it is, and in order', async (_, { frame }) => {
  const notes: string[] = [];
  const { peer, client, end } = await pair(face, (text) => notes.push(text));
  const send = (payload: string, opcode: number, fin: boolean) => {
    const options = { fin, rsv1: false, opcode, mask: false, readOnly: false };
    peer._sender.sendFrame(frame(Buffer.from(payload), options));
  };
  peer.send('before');
  send('ping', 9, true);
  send('be', 1, false);
  send('tween', 0, true);
  peer.send('after');
  client.on('message', (data: Buffer) => String(data) === 'after' && client.close());
  await end();
  const text = (data: string) => `client: message false Buffer ${Buffer.from(data).toString('hex')}`;
  const ping = `client: ping Buffer ${Buffer.from('ping').toString('hex')}`;
  expect(notes.filter((note) => /client: (message|ping)/.test(note))).toEqual([
    text('before'),
    ping,
    text('between'),
    text('after'),
  ]);
});
