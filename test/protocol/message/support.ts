import type { FaultKind } from '../../../protocol/errors.ts';
import { MessageAssembler } from '../../../protocol/message/assembler.ts';
import type { MessageInflater, MessageLimits } from '../../../protocol/message/targets.ts';
import { portableText } from '../../../protocol/text/text-codec.ts';
import { utf8 } from '../../support/frames.ts';

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;

/** What an inflater was asked. */
export interface AskedPart {
  readonly bytes: number[];
  readonly fin: boolean;
  readonly maxLength: number;
}

/**
 * Inflates every byte to two of the same, and 0xff not at all. What it gives is lent as an extension's is: overwritten
 * with the next call.
 */
export function toyInflater(): MessageInflater & { readonly parts: AskedPart[] } {
  const parts: AskedPart[] = [];
  const lent = new Uint8Array(64 * 1024);
  return {
    parts,
    mayLackContext: false,
    cause: undefined,
    decompressPart: (part, fin, maxLength) => {
      parts.push({ bytes: [...part], fin, maxLength });
      lent.fill(0xdb);
      if (part.includes(0xff)) return 1007;
      if (2 * part.length > maxLength) return 1009;
      part.forEach((byte, i) => lent.fill(byte, 2 * i, 2 * i + 2));
      return lent.subarray(0, 2 * part.length);
    },
  };
}

/** Memory that is dirty, the sizes that it was asked for, and what of it is lent. What comes back is made dirty again. */
export function dirtyMemory() {
  const asked: number[] = [];
  const lent = new Set<Uint8Array>();
  const allocate = (size: number): Uint8Array => {
    asked.push(size);
    return new Uint8Array(size).fill(0xee);
  };
  const lend = (size: number): Uint8Array => {
    const block = allocate(size);
    lent.add(block);
    return block;
  };
  const giveBack = (block: Uint8Array): void => {
    if (!lent.delete(block) && block.length > 0) throw new Error('what was not lent comes back');
    block.fill(0xee);
  };
  return { memory: { allocate, lend, giveBack }, asked, lent };
}

export interface AssemblerOptions {
  readonly limits?: Partial<MessageLimits>;
  readonly inflater?: MessageInflater;
  readonly textAsBytes?: boolean;
  /** What is called with each event's name, after it was noted. */
  readonly within?: (name: string, one: ReturnType<typeof makeAssembler>) => void;
}

/**
 * An assembler, what it told its target, of faults the kind, what was found and the cause by themselves, and the sizes that it
 * asked memory for. What it gets is dirty.
 */
export function makeAssembler({ limits, inflater, textAsBytes, within }: AssemblerOptions = {}) {
  const told: unknown[][] = [];
  const kinds: unknown[][] = [];
  const { memory, asked, lent } = dirtyMemory();
  const target = {
    isPaused: false,
    onText: (text: string) => tell('text', text),
    onTextBytes: (bytes: Uint8Array, owned: boolean) => tell('text bytes', [...bytes], owned),
    onBinary: (bytes: Uint8Array, owned: boolean) => tell('binary', [...bytes], owned),
    onMessageStart: (binary: boolean) => tell('start', binary),
    onMessageChunk: (chunk: string | Uint8Array, owned: boolean) =>
      tell('chunk', typeof chunk === 'string' ? chunk : [...chunk], owned),
    onMessageEnd: () => tell('end'),
    spent: 0,
    spend: (cost: number) => void (target.spent += cost),
    onMessageFault: (code: number, reason: string, kind: FaultKind, found?: number, cause?: unknown) => {
      kinds.push([kind, found, cause]);
      tell('fault', code, reason);
    },
  };
  const assembler = new MessageAssembler(target, portableText, memory);
  const reset = (limits: Partial<MessageLimits> = {}, inflater?: MessageInflater, textAsBytes = false): void => {
    const all = { maxMessageSize: 1000, maxFragments: 10, ...limits };
    assembler.reset({ owner: target, sink: target, limits: all, inflater, textAsBytes });
  };
  reset(limits, inflater, textAsBytes);
  const one = { reset, assembler, target, told, kinds, asked, lent };
  function tell(...event: unknown[]): void {
    told.push(event);
    within?.(event[0] as string, one);
  }
  return one;
}

type Piece = Uint8Array | string | readonly number[];

/** A frame that comes in these pieces, each within a chunk of its own that is garbage afterwards. */
export function come(
  { assembler }: ReturnType<typeof makeAssembler>,
  opcode: number,
  pieces: Piece | readonly Piece[],
  { fin = true, compressed = false } = {},
): boolean {
  const all = (Array.isArray(pieces) && typeof pieces[0] !== 'number' ? pieces : [pieces]) as Piece[];
  const chunks = all.map((piece) => Uint8Array.of(0xaa, ...(typeof piece === 'string' ? utf8(piece) : piece), 0xaa));
  const length = chunks.reduce((sum, chunk) => sum + chunk.length - 2, 0);
  if (!assembler.begin(opcode, fin, compressed, length)) return false;
  for (const [i, chunk] of chunks.entries()) {
    const seen = chunk.subarray(1, -1).reduce((bits, byte) => bits | byte, 0);
    assembler.append(chunk, 1, chunk.length - 1, seen, i === chunks.length - 1);
    assembler.endChunk();
    chunk.fill(0xaa);
  }
  return true;
}
