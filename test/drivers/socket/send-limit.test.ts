import { expect, test } from 'vitest';
import { AdmissionControl } from '../../../drivers/socket/admission-control.ts';
import type { Handlers } from '../../../drivers/socket/socket.ts';
import { Link, SeededRandom, VirtualClock } from '../../../drivers/pipe/index.ts';
import type { TransportEnd } from '../../../drivers/pipe/index.ts';
import { Socket } from '../../../drivers/socket/socket.ts';
import { SocketSetting } from '../../../drivers/socket/socket-parts.ts';
import { type CloseInfo, Connection, Resources } from '../../../protocol/index.ts';

const LIMIT = 256 * 1024;

/** A client, open, whose peer has stopped reading. */
function openToDeafPeer(): { client: Socket; closed: () => CloseInfo | undefined } {
  const clock = new VirtualClock({ manual: true });
  const link = new Link({ clock, random: new SeededRandom(1), options: [] });
  let info: CloseInfo | undefined;
  const socket = (end: TransportEnd, isServer: boolean, handlers: Handlers): Socket => {
    const resources = new Resources();
    const made = new Socket({
      setting: new SocketSetting({
        handlers,
        clock,
        resources,
        admission: new AdmissionControl({}),
        sendHighWater: 64 * 1024,
        sendLimit: LIMIT,
      }),
      connect: (sink) => {
        const options = { now: clock.now(), sink, resources, pingInterval: false } as const;
        return isServer ? Connection.server(options) : Connection.client({ url: 'ws://pipe/' }, options);
      },
      url: 'ws://pipe/',
      remoteAddress: '',
    });
    end.start(made.transportHandler);
    made.attach(end);
    return made;
  };
  socket(link.server, true, { open: (it) => it.pause() });
  const client = socket(link.client, false, { close: (_, it) => void (info = it) });
  clock.advanceSync(100);
  expect(client.state).toBe('open');
  return { client, closed: () => info };
}

test.each([
  ['bytes', new Uint8Array(2 * LIMIT)],
  ['text of two bytes a character', 'ж'.repeat(LIMIT)],
  ['text of three', '界'.repeat(LIMIT)],
  ['text of four', '🚀'.repeat(LIMIT)],
])('one message larger than sendLimit may be sent: %s', (_, message) => {
  const { client, closed } = openToDeafPeer();
  expect(client.send(message)).toBe(false);
  expect(client.bufferedAmount).toBeGreaterThan(LIMIT);
  expect(closed()).toBeUndefined();
  expect(client.state).toBe('open');
});

test.each(['one more', 'й', '', 'x'.repeat(LIMIT), 'й'.repeat(LIMIT)])(
  'what is sent while more waits ends the connection',
  (text) => {
    const { client, closed } = openToDeafPeer();
    client.send(new Uint8Array(2 * LIMIT));
    expect(client.send(text)).toBe(false);
    expect(client.state).toBe('closed');
    expect(closed()?.error?.message).toContain(`${LIMIT} bytes, wait`);
  },
);
