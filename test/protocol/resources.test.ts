import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Outbox } from '../../protocol/memory/outbox.ts';
import { portableText } from '../../protocol/text/text-codec.ts';
import { Resources, type ResourcesOptions } from '../../protocol/resources.ts';
import { join } from '../support/cuts.ts';
import { collectGarbage } from '../support/garbage.ts';
import { openEndpoint, ROLES } from '../support/endpoint.ts';
import { CLOSE, closePayload, type FrameSpec, noise, PING, TEXT } from '../support/frames.ts';

function write(outbox: Outbox, bytes: Uint8Array): void {
  const at = outbox.reserve(bytes.length + 3);
  outbox.slab.set(bytes, at);
  outbox.commit(bytes.length);
}

describe('the slab that connections share', () => {
  test('two who write in turn don’t mix', () => {
    const resources = new Resources();
    const [a, b] = [new Outbox(resources), new Outbox(resources)];
    for (let i = 0; i < 10; i++) {
      write(a, Uint8Array.of(1, i));
      write(b, Uint8Array.of(2, i));
    }
    expect(join(...a.take())).toEqual(Uint8Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : i >> 1)));
    expect(join(...b.take())).toEqual(Uint8Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 2 : i >> 1)));
  });

  test('one that begins a new slab leaves alone what another has in the old one', () => {
    const resources = new Resources({ slabSize: 8 });
    const [a, b] = [new Outbox(resources), new Outbox(resources)];
    write(a, Uint8Array.of(1, 1));
    write(b, Uint8Array.of(2, 2, 2));
    write(a, Uint8Array.of(3));
    expect(join(...a.take())).toEqual(Uint8Array.of(1, 1, 3));
    expect(join(...b.take())).toEqual(Uint8Array.of(2, 2, 2));
  });

  test('what was written out at its end is written over, so that one slab serves on and on', () => {
    const resources = new Resources();
    const outbox = new Outbox(resources);
    write(outbox, noise(100));
    const first = outbox.take()[0];
    resources.reclaim(first);
    for (let i = 0; i < 1000; i++) {
      write(outbox, noise(100, i));
      const [chunk] = outbox.take();
      expect(chunk.buffer).toBe(first.buffer);
      expect(chunk.byteOffset).toBe(first.byteOffset);
      resources.reclaim(chunk);
    }
  });

  test('a slab that lies somewhere in its memory serves likewise', () => {
    const memory = new ArrayBuffer(256);
    const resources = new Resources({ slab: new Uint8Array(memory, 100, 64), slabSize: 64 });
    const outbox = new Outbox(resources);
    for (let i = 0; i < 10; i++) {
      write(outbox, noise(40, i));
      const [chunk] = outbox.take();
      expect(chunk.buffer).toBe(memory);
      expect(chunk.byteOffset).toBe(100);
      resources.reclaim(chunk);
    }
  });

  test('other bytes of the slab’s memory are never taken for a part of it', () => {
    const memory = new ArrayBuffer(256);
    const resources = new Resources({ slab: new Uint8Array(memory, 100, 64), slabSize: 64 });
    const outbox = new Outbox(resources);
    write(outbox, noise(40));
    const [chunk] = outbox.take();
    for (let start = 0; start < 100; start++) {
      for (let end = start; end <= 140; end++) resources.reclaim(new Uint8Array(memory, start, end - start));
    }
    write(outbox, noise(5));
    expect(outbox.take()[0].byteOffset).toBe(140);
    expect(chunk).toEqual(noise(40));
  });

  test('what others hold still is not written over', () => {
    const resources = new Resources();
    const [a, b] = [new Outbox(resources), new Outbox(resources)];
    write(a, Uint8Array.of(1));
    const [early] = a.take();
    write(b, Uint8Array.of(2));
    resources.reclaim(early); // b is writing
    const [late] = b.take();
    write(a, Uint8Array.of(3));
    expect(late).toEqual(Uint8Array.of(2));
    expect(a.take()).toEqual([Uint8Array.of(3)]);
    resources.reclaim(new Uint8Array(16)); // none of ours
    expect(late).toEqual(Uint8Array.of(2));
  });

  test('whatever several do, no byte is lost, mixed up, or written over before it was written out', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), size: fc.nat(20) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('push' as const), size: fc.nat(9) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), size: fc.nat(1) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), size: fc.nat(1) }) },
    );
    const steps = fc.array(fc.tuple(fc.nat(2), step), { minLength: 1, maxLength: 60 });
    const slabs: fc.Arbitrary<ResourcesOptions> = fc.constantFrom(
      { slabSize: 16 },
      { slabSize: 64 },
      { slabSize: 0 },
      { slabSize: 32, slab: new Uint8Array(new ArrayBuffer(80), 24, 48) },
    );
    fc.assert(
      fc.property(slabs, steps, (options, all) => {
        const resources = new Resources(options);
        const outboxes = [0, 1, 2].map(() => new Outbox(resources));
        const expected: number[][] = [[], [], []];
        const held: { chunk: Uint8Array; was: Uint8Array }[] = [];
        let next = 1;
        for (const [who, { do: what, size }] of all) {
          const outbox = outboxes[who];
          if (what === 'write' || what === 'push') {
            const bytes = Uint8Array.from({ length: size }, () => next++ & 0xff);
            if (what === 'write') write(outbox, bytes);
            else outbox.push(bytes);
            expected[who].push(...bytes);
          } else if (what === 'clear') {
            outbox.clear();
            expected[who] = [];
          } else {
            const chunks = outbox.take();
            expect([...join(...chunks)]).toEqual(expected[who]);
            expected[who] = [];
            // Size 1: the transport took everything at once. Else it holds on to it.
            if (size === 1 && chunks.length > 0) resources.reclaim(chunks[chunks.length - 1]);
            const kept = size === 1 ? chunks.slice(0, -1) : chunks;
            held.push(...kept.map((chunk) => ({ chunk, was: chunk.slice() })));
          }
          expect(outbox.size).toBe(expected[who].length);
          for (const { chunk, was } of held) expect(chunk).toEqual(was);
        }
        outboxes.forEach((outbox, who) => expect([...join(...outbox.take())]).toEqual(expected[who]));
      }),
      { numRuns: 300, seed: 6455 },
    );
  });

  test('a connection that has nothing to write holds no slab', async () => {
    const resources = new Resources({ slabSize: 1024 });
    const idle = new Outbox(resources);
    const bufferOf = (outbox: Outbox): WeakRef<object> => {
      write(outbox, noise(10));
      return new WeakRef(outbox.take()[0].buffer);
    };
    const old = bufferOf(idle);
    const other = new Outbox(resources);
    for (let i = 0; i < 3; i++) {
      write(other, noise(1000));
      other.take();
    }
    expect(await collectGarbage(old)).toBe(true);
    expect(idle.size).toBe(0);
  });
});

describe.each(ROLES)('connections of a %s’s side that share what decodes', (role) => {
  test.each<[string, readonly FrameSpec[]]>([
    ['a Close frame', [{ opcode: CLOSE, payload: closePayload(1000) }]],
    ['a fault', [{ opcode: 3 }]],
    ['a message that does not end', [{ opcode: TEXT, fin: false, payload: 'a' }]],
    ['a control frame that is cut', [{ opcode: PING, payload: 'abc' }]],
  ])('know nothing of what came to another: %s', (name, frames) => {
    const resources = new Resources();
    const one = openEndpoint(role, { resources });
    const bytes = join(...frames.map((spec) => one.peer(spec)));
    one.receive(name.endsWith('is cut') ? bytes.subarray(0, -1) : bytes);
    one.receiveEof();
    const another = openEndpoint(role, { resources });
    another.receive(another.peer({ opcode: TEXT, payload: 'b' }));
    another.receive(another.peer({ opcode: PING, payload: 'd' }));
    expect(another.outcome()).toMatchObject({ events: ['text "b"', 'ping 64'], sent: ['PONG 64'], phase: 'OPEN' });
  });
});

test('connections that share outboxes send each their own, however they take turns', () => {
  const resources = new Resources();
  const [one, other] = [openEndpoint('server', { resources }), openEndpoint('server', { resources })];
  one.connection.sendText('a');
  expect(one.sent()).toEqual(['TEXT "a"']);
  other.connection.sendText('b');
  one.connection.sendText('c');
  expect(other.sent()).toEqual(['TEXT "b"']);
  expect(one.sent()).toEqual(['TEXT "c"']);
});

test('output in memory that was lent comes back, to be lent again', () => {
  const resources = new Resources();
  const chunk = resources.blocks.lendOutput(5000);
  resources.reclaim(chunk);
  expect(resources.blocks.lend(5000)).toBe(chunk);
});

describe('own', () => {
  test.each([0, 1, 7, 8, 9, 2047, 2048, 2049, 10_000])('copies %i lent bytes', (length) => {
    const resources = new Resources();
    const lent = noise(length);
    const owned = resources.own(lent);
    lent.fill(0xdb);
    expect(owned).toEqual(noise(length));
  });

  test('copies that share their memory don’t overlap, and begin on a word', () => {
    const resources = new Resources();
    const copies = Array.from({ length: 300 }, (_, i) => resources.own(noise(i * 7, i)));
    copies.forEach((copy, i) => {
      expect(copy).toEqual(noise(i * 7, i));
      expect(copy.byteOffset % 8).toBe(0);
    });
    expect(new Set(copies.map((copy) => copy.buffer)).size).toBeLessThan(300);
  });

  test('a small one keeps at most 8 KiB alive, a large one nothing but itself', () => {
    const resources = new Resources();
    expect(resources.own(noise(1)).buffer.byteLength).toBe(8192);
    expect(resources.own(noise(2049)).buffer.byteLength).toBe(2049);
  });

  test('goes on when somebody has given the shared memory away', () => {
    const resources = new Resources();
    const first = resources.own(noise(10));
    structuredClone(first, { transfer: [first.buffer as ArrayBuffer] });
    for (const length of [0, 10, 0]) expect(resources.own(noise(length))).toEqual(noise(length));
  });
});

test('the defaults are plain JavaScript, and everything can be given', () => {
  const plain = new Resources();
  expect(plain.text).toBe(portableText);
  expect(plain.allocate(3)).toEqual(new Uint8Array(3));
  const text = { ...portableText };
  const masker = { apply: () => 0, copy: () => {} };
  const random = (bytes: Uint8Array): void => void bytes.fill(7);
  const allocate = (size: number): Uint8Array => new Uint8Array(size).fill(9);
  const resources = new Resources({ text, masker, random, allocate });
  expect(resources.text).toBe(text);
  expect(resources.masker).toBe(masker);
  expect(resources.random).toBe(random);
  expect(resources.allocate).toBe(allocate);
  expect(resources.keys.next()).toBe(0x07070707);
});

test('keeps a bounded number of outboxes for whoever has something to write next', () => {
  const { outboxes } = new Resources();
  const lent = Array.from({ length: 1025 }, () => outboxes.lend());
  expect(new Set(lent).size).toBe(1025);
  for (const outbox of lent) outboxes.giveBack(outbox);
  const again = new Set(Array.from({ length: 1025 }, () => outboxes.lend()));
  expect(lent.filter((outbox) => again.has(outbox)).length).toBe(1024);
});
