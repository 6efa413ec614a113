/**
 * A process of its own that prints, as JSON, the KiB that a server's side of a connection takes up for being compressed:
 * after a few messages each way, and after two pings' time without any. Both are what it gives back when it ends.
 */
import { createZlibCodec } from '../../../drivers/node/zlib/codec.ts';
import { PermessageDeflate } from '../../../protocol/internal.ts';
import { payloads } from '../wire/payloads.ts';

const MESSAGES = 4;
const ELEMENT = { name: 'permessage-deflate', params: [] };

function held(): number {
  gc!();
  gc!();
  // zlib's own memory is in no other figure.
  return process.memoryUsage().rss;
}

const count = Number(process.argv[2]);
const codec = createZlibCodec();
const client = new PermessageDeflate(false, {}, codec);
client.confirm(ELEMENT);
const messages = payloads('json', 1024, MESSAGES);
const compressed = messages.map((message) => client.compress(message, true).slice());
client.release();
/** What a server does with a connection's messages: it inflates each and sends it back. */
function use(side: PermessageDeflate): void {
  for (const message of compressed) {
    const inflated = side.decompress(message, 4096);
    if (typeof inflated === 'number') throw new Error(`it does not inflate: ${inflated}`);
    side.compress(inflated.slice(), true);
  }
}
function make(): PermessageDeflate {
  const side = new PermessageDeflate(true, {}, codec);
  side.accept([ELEMENT]);
  return side;
}
const warm = make();
use(warm);
warm.idle();
warm.idle();
warm.release();

const sides = Array.from({ length: count }, make);
for (const side of sides) use(side);
const used = held();
for (let ping = 0; ping < 2; ping++) for (const side of sides) side.idle();
const idle = held();
for (const side of sides) side.release();
const released = held();
process.stdout.write(JSON.stringify([used, idle].map((bytes) => (bytes - released) / 1024 / count)));
