import * as fc from 'fast-check';
import { openSubject, type Role } from '../support/subject.ts';
import { assert, describe, type Target } from '../support/target.ts';
import { anyRole, anyStream, encode, type Stream } from '../support/wire.ts';
import { DIFFERENCES } from '../differences.ts';
import { type Reading, readWithUndici, readWithWs } from '../support/peers.ts';

interface Input {
  readonly role: Role;
  readonly deflate: boolean;
  readonly stream: Stream;
}

/** The same bytes into our core, ws's receiver and undici's parser. */
export const differential: Target<Input> = {
  name: 'differential',
  claim: 'ws and undici read the same messages and codes, but for the differences that are listed',
  runs: 150,
  arbitrary: fc.record({ role: anyRole, deflate: fc.boolean(), stream: anyStream }),
  async check({ role, deflate, stream }) {
    const wire = encode(stream, role, deflate);
    const ours = readWithOurs(wire, role, deflate);
    const peers: [string, Reading][] = [['ws', await readWithWs(wire, role, deflate)]];
    // undici has a client only.
    if (role === 'client') peers.push(['undici', await readWithUndici(wire, deflate)]);
    for (const [peer, theirs] of peers) {
      if (describe([ours.events, ours.end]) === describe([theirs.events, theirs.end])) continue;
      const known = DIFFERENCES.find((one) => one.peers.includes(peer) && one.explains(ours, theirs, deflate));
      assert(known !== undefined, () => `${peer} reads\n  ${describe(theirs)}\nand we\n  ${describe(ours)}`);
    }
  },
};

/** What our core makes of the bytes. */
function readWithOurs(wire: Uint8Array, role: Role, deflate: boolean): Reading {
  const subject = openSubject(role, deflate, { maxMessageSize: 1 << 20 });
  subject.receive(wire);
  const events = subject.events.flatMap((event): (string | Uint8Array)[] => {
    if (event.type === 'text') return [`text ${event.text}`];
    if (event.type === 'binary') return [event.bytes];
    if (event.type === 'ping') return [`ping ${Buffer.from(event.payload).toString('hex')}`];
    if (event.type === 'pong') return [`pong ${Buffer.from(event.payload).toString('hex')}`];
    return [];
  });
  subject.finish();
  const { error, received } = subject.connection.closeInfo!;
  const end =
    received !== undefined
      ? `close ${received.code} ${received.reason}`
      : error?.code === 1006
        ? 'open'
        : `failed ${error!.code}`;
  return { events, end, why: error?.message };
}
