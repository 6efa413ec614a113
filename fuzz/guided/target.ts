/**
 * What the coverage-guided fuzzer tries: claims about plain bytes, which is all that it knows how to change. It
 * instruments everything that this file imports, so that nothing here may import fast-check.
 */
import { zlibCodec } from '../../drivers/node/zlib/codec.ts';
import { Connection } from '../../protocol/index.ts';
import { checkRefusal, summary } from '../support/opening.ts';
import { assertSplits, type Manner } from '../support/splits.ts';
import { decodeStrictly } from '../support/strict-decoder.ts';
import { Subject } from '../support/subject.ts';
import { assert, assertSame } from '../support/target.ts';

/** The first byte, bit by bit from the lowest, is the manner; the second the size of the pieces; the rest the wire. */
const PREFIX = 2;

/** Longer inputs are cut into pieces only. */
const MOST_BY_BYTE = 512;

/** An open connection: the same however it is cut, an output that may be sent, and an end as `Subject.finish` has it. */
export function checkBytes(input: Uint8Array): void {
  const [bits = 0, size = 0] = input;
  const manner: Manner = {
    role: (bits & 1) === 0 ? 'server' : 'client',
    deflate: (bits & 2) !== 0,
    small: (bits & 4) !== 0,
    streamed: (bits & 8) !== 0,
    pausing: (bits & 16) !== 0,
  };
  const wire = new Uint8Array(input.subarray(PREFIX)); // of a Buffer, whose `slice` is no copy
  const { sent } = assertSplits(manner, wire, multiples(size + 1, wire.length), MOST_BY_BYTE);
  decodeStrictly(sent, manner);
}

/** As the first bytes of an input of `checkBytes`. */
export function prefixOf({ role, deflate, small, streamed, pausing }: Manner, size: number): Uint8Array {
  const bits = [role === 'client', deflate, small, streamed, pausing];
  return Uint8Array.of(
    bits.reduce((sum, bit, i) => sum | (Number(bit) << i), 0),
    size - 1,
  );
}

/** A server's opening handshake: the same in one read, in pieces and byte by byte, and it ends in a documented way. */
export function checkHead(input: Uint8Array): void {
  const [size = 0] = input;
  const wire = new Uint8Array(input.subarray(1));
  const whole = openingOf(wire, wire.length);
  assertSame(summary(openingOf(wire, size + 1)), summary(whole), 'the server, cut');
  if (wire.length <= MOST_BY_BYTE) assertSame(summary(openingOf(wire, 1)), summary(whole), 'the server, byte by byte');
  const { connection, sent } = whole;
  const isOpen = connection.opening !== undefined;
  if (!isOpen && sent.length > 0) checkRefusal(Buffer.from(sent).toString('latin1'), whole);
  whole.finish();
  const { error } = connection.closeInfo!;
  assert(isOpen || error?.name === 'HandshakeError', `the server ended with ${String(error)}`);
}

function openingOf(wire: Uint8Array, size: number): Subject {
  const subject = new Subject(
    'server',
    {
      compress: true,
      subprotocols: ['a', 'b'],
      codec: zlibCodec(),
      within: ({ connection }, method) => method === 'onRequest' && connection.accept(),
    },
    (all) => Connection.server(all),
  );
  for (let at = 0; at < wire.length; at += size) subject.receive(wire.subarray(at, at + size));
  return subject;
}

function multiples(size: number, length: number): number[] {
  return Array.from({ length: Math.floor(length / size) }, (_, i) => (i + 1) * size);
}
