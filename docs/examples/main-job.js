// @ts-check
// The main job, on real input: an echo server on 127.0.0.1 and clients that send it what real traffic looks like.
// Every echo is compared with what was sent; a difference ends the run with an error.
//
//   npm start            builds the package and runs this file
import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { listen, open } from 'sansocket';

const TEXTS = {
  English: 'The quick brown fox jumps over the lazy dog.',
  Greek: 'Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.',
  Russian: 'Съешь же ещё этих мягких французских булок, да выпей чаю.',
  Hebrew: 'דג סקרן שט בים מאוכזב ולפתע מצא לו חברה.',
  Arabic: 'نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر ومغلف بجلد أزرق.',
  Hindi: 'ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश करने वाले विष्णुवतार भगवान श्रीराम।',
  Chinese: '視野無限廣，窗外有藍天。',
  Japanese: 'いろはにほへと ちりぬるを わかよたれそ つねならむ。',
  Korean: '키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다.',
  'emoji, joined': '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽',
  JSON: JSON.stringify({ id: 7, op: 'subscribe', channels: ['trades', 'book'], since: '2026-01-01T00:00:00Z' }),
  'an empty text': '',
};

const KIB = 1024;
const MIB = 1024 * KIB;
// Each length form of a frame (RFC 6455 §5.2) on both sides of its border, then sizes that come in many reads.
const SIZES = [0, 1, 125, 126, 4 * KIB, 65_535, 65_536, MIB, 8 * MIB];

/** @type {string[]} */
const failures = [];

const server = await listen(
  { host: '127.0.0.1', port: 0, onError: (error) => failures.push(`server: ${error}`) },
  async (ws) => {
    for await (const message of ws) await ws.send(message);
  },
);
const url = `ws://127.0.0.1:${server.port}`;
console.log(`echo server on ${url}, Node ${process.version}\n`);
console.log('what                         size    round trip');

const ws = await open(url);

for (const [name, text] of Object.entries(TEXTS)) {
  const took = await echo(ws, text);
  print('text', name, Buffer.byteLength(text), took);
}

for (const size of SIZES) {
  const took = await echo(ws, randomBytes(size));
  print('binary', '', size, took);
}

const fragments = Object.values(TEXTS);
const whole = fragments.join('');
const took = await echo(ws, whole, oneByOne(fragments));
print('text', `${fragments.length} fragments`, Buffer.byteLength(whole), took);

for (let i = 1; i <= 5; i++) {
  const roundTrip = await ws.ping(`ping ${i}`);
  print('ping', `${i} of 5`, 6, roundTrip);
}

const CONNECTIONS = 10;
const MESSAGES = 100;
const started = performance.now();
await Promise.all(
  Array.from({ length: CONNECTIONS }, (_, i) =>
    open(url, async (one) => {
      for (let j = 0; j < MESSAGES; j++) await echo(one, `connection ${i}, message ${j}`);
    }),
  ),
);
const all = performance.now() - started;
console.log(
  `\n${CONNECTIONS} connections at once, ${MESSAGES} texts each, one after the other: ${all.toFixed(0)} ms in all`,
);

const info = await ws.close(1000, 'the job is done');
assert.equal(info.clean, true);
assert.deepEqual(info.received, { code: 1000, reason: 'the job is done' });
console.log(`closed: sent ${info.sent?.code} "${info.sent?.reason}", received ${info.received?.code}, clean`);

await server.close();
assert.deepEqual(failures, []);
console.log('every echo was what had been sent');

/**
 * Sends a message, awaits its echo and compares. Returns the round trip in milliseconds.
 *
 * @param {import('sansocket').WebSocket} socket
 * @param {string | Uint8Array} message what must come back
 * @param {string | Uint8Array | AsyncIterable<string>} [as] how it is sent, when not in one piece
 */
async function echo(socket, message, as = message) {
  const sent = performance.now();
  const [reply] = await Promise.all([socket.receive(), socket.send(as)]);
  const took = performance.now() - sent;
  if (typeof message === 'string') assert.equal(reply, message);
  else assert.ok(reply instanceof Uint8Array && Buffer.compare(reply, message) === 0, 'the bytes came back changed');
  return took;
}

/**
 * A message that is not there yet when it begins to be sent.
 *
 * @param {Iterable<string>} parts
 */
async function* oneByOne(parts) {
  for (const part of parts) {
    await nextTurn();
    yield part;
  }
}

/**
 * @param {string} kind
 * @param {string} name
 * @param {number} bytes
 * @param {number} milliseconds
 */
function print(kind, name, bytes, milliseconds) {
  const [unit, per] = bytes < KIB || bytes % KIB > 0 ? ['B', 1] : bytes < MIB ? ['KiB', KIB] : ['MiB', MIB];
  const size = `${bytes / per} ${unit}`;
  console.log(`${kind.padEnd(7)} ${name.padEnd(14)} ${size.padStart(9)}  ${milliseconds.toFixed(3).padStart(9)} ms`);
}
