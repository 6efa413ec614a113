/** What a peer may send: mostly right, so that it gets far, and wrong in every place where it can be. */
import * as zlib from 'node:zlib';
import * as fc from 'fast-check';
import { join } from '../../test/support/cuts.ts';
import { frame, KEY } from '../../test/support/frames.ts';
import type { Role } from './subject.ts';

/** A control frame. */
export interface Control {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** A message, cut into fragments, with control frames between them. */
export interface MessagePiece {
  readonly is: 'message';
  readonly text: boolean;
  readonly payload: Uint8Array;
  /** Where its fragments end, in thousandths of its length. */
  readonly cuts: readonly number[];
  readonly deflate: boolean;
  readonly between: readonly Control[];
}

/** A frame of any kind. */
export interface FramePiece {
  readonly is: 'frame';
  readonly opcode: number;
  readonly fin: boolean;
  /** RSV1 to RSV3, RSV1 the highest. */
  readonly rsv: number;
  readonly wrongMask: boolean;
  readonly lengthForm: 7 | 16 | 64 | 0;
  /** What the header says its length is, where that is not so. */
  readonly lie: number;
  readonly payload: Uint8Array;
}

export interface RawPiece {
  readonly is: 'raw';
  readonly bytes: Uint8Array;
}

export type Piece = MessagePiece | FramePiece | RawPiece;

/** One change to the bytes as they stand. */
export interface Edit {
  readonly how: 'flip' | 'insert' | 'delete' | 'truncate';
  /** Where, in thousandths. */
  readonly at: number;
  readonly value: number;
}

export interface Stream {
  readonly pieces: readonly Piece[];
  readonly edits: readonly Edit[];
}

export const anyRole: fc.Arbitrary<Role> = fc.constantFrom('client', 'server');

/** The fields of a `Manner` (splits.ts), for a record. */
export const anyManner = {
  role: anyRole,
  deflate: fc.boolean(),
  small: fc.boolean(),
  streamed: fc.boolean(),
  pausing: fc.boolean(),
};

/** Texts whose UTF-8 has all lengths of sequences, and surrogates in pairs only. */
export const anyText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(fc.constantFrom('a', 'ß', '€', '\u{1f600}', '\ufeff', '\0', '\uffff'), { maxLength: 200 })
    .map((it) => it.join('')),
);

const utf8 = new TextEncoder();

/** Bytes that are text, are nearly so, or are not. */
export const anyPayload = fc.oneof(
  anyText.map((text) => utf8.encode(text)),
  fc.uint8Array({ maxLength: 40 }),
  fc
    .tuple(fc.nat(255), fc.constantFrom(124, 125, 126, 127, 255, 256, 1000, 65535, 65536))
    .map(([byte, length]) => new Uint8Array(length).fill(byte & 0x7f)),
);

export const anyControl: fc.Arbitrary<Control> = fc.record({
  opcode: fc.constantFrom(9, 10),
  payload: fc.uint8Array({ maxLength: 125, size: 'small' }),
});

const anyClose: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constant(new Uint8Array(0)),
  fc
    .tuple(fc.oneof(fc.constantFrom(1000, 1001, 1005, 1006, 1012, 2999, 3000, 4999), fc.nat(65535)), anyText)
    .map(([code, reason]) => join(Uint8Array.of(code >> 8, code & 0xff), utf8.encode(reason).subarray(0, 123))),
  fc.uint8Array({ maxLength: 3 }),
);

const anyMessage: fc.Arbitrary<MessagePiece> = fc.record({
  is: fc.constant('message' as const),
  text: fc.boolean(),
  payload: anyPayload,
  cuts: fc.array(fc.nat(1000), { maxLength: 6, size: 'small' }),
  deflate: fc.boolean(),
  between: fc.array(anyControl, { maxLength: 2 }),
});

const anyFrame: fc.Arbitrary<FramePiece> = fc.record({
  is: fc.constant('frame' as const),
  opcode: fc.nat(15),
  fin: fc.boolean(),
  rsv: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(7)),
  wrongMask: fc.integer({ min: 0, max: 9 }).map((it) => it === 9),
  lengthForm: fc.constantFrom(0 as const, 0 as const, 0 as const, 7 as const, 16 as const, 64 as const),
  lie: fc.oneof({ weight: 5, arbitrary: fc.constant(-1) }, fc.nat(300), fc.constantFrom(2 ** 31, 2 ** 53 - 1, 2 ** 53)),
  payload: anyPayload,
});

const anyPiece: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 8, arbitrary: anyMessage },
  { weight: 2, arbitrary: anyFrame },
  { weight: 1, arbitrary: anyClose.map((payload) => closePiece(payload)) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('raw' as const), bytes: fc.uint8Array({ maxLength: 20 }) }) },
);

export const anyEdit: fc.Arbitrary<Edit> = fc.record({
  how: fc.constantFrom('flip', 'insert', 'delete', 'truncate'),
  at: fc.nat(1000),
  value: fc.nat(255),
});

/** What a peer sends once the connection is open. */
export const anyStream: fc.Arbitrary<Stream> = fc.record({
  pieces: fc.array(anyPiece, { maxLength: 8 }),
  edits: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(anyEdit, { maxLength: 3 })),
});

function closePiece(payload: Uint8Array): FramePiece {
  return { is: 'frame', opcode: 8, fin: true, rsv: 0, wrongMask: false, lengthForm: 0, lie: -1, payload };
}

/** The bytes of a stream as the peer of `role` sends it. */
export function encode(stream: Stream, role: Role, deflate: boolean): Uint8Array {
  return edit(join(...stream.pieces.map((piece) => encodePiece(piece, role, deflate))), stream.edits);
}

export function edit(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  let result = bytes;
  for (const { how, at, value } of edits) {
    const place = Math.floor((result.length * at) / 1001);
    const [before, after] = [result.slice(0, place), result.slice(place)];
    if (how === 'flip' && after.length > 0) after[0] ^= 1 << (value & 7);
    if (how === 'insert') result = join(before, Uint8Array.of(value), after);
    else if (how === 'delete') result = join(before, after.subarray(1 + (value & 3)));
    else if (how === 'truncate') result = before;
    else result = join(before, after);
  }
  return result;
}

function encodePiece(piece: Piece, role: Role, deflate: boolean): Uint8Array {
  const right = role === 'server' ? KEY : undefined;
  if (piece.is === 'raw') return piece.bytes;
  if (piece.is === 'frame') {
    const { opcode, fin, rsv, payload, lengthForm, lie, wrongMask } = piece;
    const fits = lengthForm === 16 ? payload.length < 65536 : lengthForm !== 7 || payload.length < 126;
    return frame({
      opcode,
      fin,
      payload,
      rsv1: (rsv & 4) !== 0,
      rsv2: (rsv & 2) !== 0,
      rsv3: (rsv & 1) !== 0,
      key: wrongMask ? (right === undefined ? KEY : undefined) : right,
      lengthForm: lengthForm === 0 || !fits ? undefined : lengthForm,
      length: lie < 0 || lengthForm !== 0 ? undefined : lie,
    });
  }
  const compressed = deflate && piece.deflate;
  return encodeMessage(compressed ? deflateAlone(piece.payload) : piece.payload, { ...piece, compressed }, role);
}

/** A message's payload, compressed already where it is to be, in fragments with control frames between them. */
export function encodeMessage(
  payload: Uint8Array,
  { text, compressed, cuts, between }: Pick<MessagePiece, 'text' | 'cuts' | 'between'> & { compressed: boolean },
  role: Role,
): Uint8Array {
  const key = role === 'server' ? KEY : undefined;
  const ends = cuts.map((cut) => Math.floor((cut * payload.length) / 1000)).sort((a, b) => a - b);
  ends.push(payload.length);
  let start = 0;
  return join(
    ...ends.flatMap((end, i) => {
      const opcode = i > 0 ? 0 : text ? 1 : 2;
      const fragment = payload.subarray(start, end);
      const last = i === ends.length - 1;
      start = end;
      const one = frame({ opcode, fin: last, rsv1: compressed && i === 0, payload: fragment, key });
      const controls = last ? [] : between.map((control) => frame({ ...control, key }));
      return [one, ...controls];
    }),
  );
}

/** A message of its own, as RFC 7692 §7.2.1 has it. */
function deflateAlone(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(0);
  const deflated = zlib.deflateRawSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  return new Uint8Array(deflated.subarray(0, -4));
}
