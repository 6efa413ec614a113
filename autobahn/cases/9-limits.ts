import type { Case, Payload } from '../case.ts';
import { NORMAL, octets, repeated } from '../case.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** The sizes of 9.1 and 9.2, and how many seconds the reply may take: for text, for binary. */
const SIZES = [
  { size: 64 * KIB, seconds: [10, 10] },
  { size: 256 * KIB, seconds: [10, 10] },
  { size: MIB, seconds: [100, 10] },
  { size: 4 * MIB, seconds: [100, 10] },
  { size: 8 * MIB, seconds: [100, 100] },
  { size: 16 * MIB, seconds: [100, 100] },
] as const;
const FRAGMENTS = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
const CHOPS = [64, 128, 256, 512, 1024, 2048];
const ROUND_TRIPS = [
  { size: 0, seconds: 60 },
  { size: 16, seconds: 60 },
  { size: 64, seconds: 60 },
  { size: 256, seconds: 120 },
  { size: 1024, seconds: 240 },
  { size: 4096, seconds: 480 },
];

const TEXT = { name: 'text', binary: false, pattern: 'BAsd7&jh23', unit: '*' };
const BINARY = { name: 'binary', binary: true, pattern: octets('00 fe 23 fa f0'), unit: octets('fe') };
type Kind = { name: string; binary: boolean; pattern: Payload; unit: Payload };

/** 9: limits and performance. The order is the one of the numbers: text and binary in turn. */
export const limits: Case[] = [
  ...[TEXT, BINARY].flatMap((kind, k) =>
    SIZES.map(({ size, seconds }, i) =>
      reply(`9.${1 + k}.${i + 1}`, kind, `of ${sizeOf(size)}`, () => repeated(kind.pattern, size), seconds[k]!),
    ),
  ),
  ...[TEXT, BINARY].flatMap((kind, k) =>
    FRAGMENTS.map((fragment, i) =>
      reply(
        `9.${3 + k}.${i + 1}`,
        kind,
        `of 4 MiB in fragments of ${sizeOf(fragment)}`,
        // As in the official suite, all but the first binary one have the text's payload.
        () => repeated(kind.binary && i > 0 ? '*' : kind.unit, 4 * MIB),
        100,
        { fragment },
      ),
    ),
  ),
  ...[TEXT, BINARY].flatMap((kind, k) =>
    CHOPS.map((chop, i) =>
      reply(
        `9.${5 + k}.${i + 1}`,
        kind,
        `of 1 MiB in chops of ${sizeOf(chop)}`,
        () => repeated(kind.pattern, MIB),
        1000,
        { chop },
      ),
    ),
  ),
  ...[TEXT, BINARY].flatMap((kind, k) =>
    ROUND_TRIPS.map(({ size, seconds }, i) => roundTrips(`9.${7 + k}.${i + 1}`, kind, size, seconds)),
  ),
];

function reply(
  id: string,
  kind: Kind,
  what: string,
  payload: () => Uint8Array,
  seconds: number,
  cuts: { fragment?: number; chop?: number } = {},
): Case {
  return {
    id,
    description: `A ${kind.name} message ${what}.`,
    expectation: `The message comes back within ${seconds} seconds; clean close with 1000.`,
    conduct: { kind: 'reply', binary: kind.binary, payload, seconds, ...cuts },
    closing: NORMAL,
    reportTime: true,
  };
}

function roundTrips(id: string, kind: Kind, size: number, seconds: number): Case {
  const count = 1000;
  const payload = repeated(kind.unit, size);
  return {
    id,
    description: `${count} round trips of a ${kind.name} message of ${sizeOf(size)}.`,
    expectation: `Every message comes back, all within ${seconds} seconds; clean close with 1000.`,
    conduct: { kind: 'round-trips', binary: kind.binary, count, payloads: () => () => payload, fragment: 0, seconds },
    closing: NORMAL,
    reportTime: true,
  };
}

function sizeOf(size: number): string {
  if (size >= MIB) return `${size / MIB} MiB`;
  return size >= KIB ? `${size / KIB} KiB` : `${size} octets`;
}
