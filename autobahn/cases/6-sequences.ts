import { octets } from '../case.ts';

/** A sequence of octets, and whether it is UTF-8. */
export interface Sequence {
  readonly payload: Uint8Array;
  readonly valid: boolean;
}

export interface SequenceGroup {
  readonly name: string;
  readonly members: readonly Sequence[];
}

/**
 * 6.5 to 6.23, in order: the sequences of Markus Kuhn's UTF-8 decoder stress test
 * (https://www.cl.cam.ac.uk/~mgk25/ucs/examples/UTF-8-test.txt) as Autobahn has chosen and numbered them.
 */
export const sequences: readonly SequenceGroup[] = [
  group(
    'Some valid UTF-8 sequences',
    right('68656c6c6f 24 776f726c64', '68656c6c6f c2a2 776f726c64', '68656c6c6f e282ac 776f726c64'),
    right('68656c6c6f f0a4ada2 776f726c64', 'cebae1bdb9cf83cebcceb5'),
  ),
  group('All prefixes of a valid UTF-8 string that contains multi-byte code points', prefixes()),
  group('First possible sequence of a certain length', right('00', 'c280', 'e0a080', 'f0908080')),
  group('First possible sequence length 5/6 (invalid codepoints)', wrong('f888808080', 'fc8480808080')),
  group('Last possible sequence of a certain length', right('7f', 'dfbf', 'efbfbf', 'f48fbfbf')),
  group('Last possible sequence length 4/5/6 (invalid codepoints)', wrong('f7bfbfbf', 'fbbfbfbfbf', 'fdbfbfbfbfbf')),
  group('Other boundary conditions', right('ed9fbf', 'ee8080', 'efbfbd', 'f48fbfbf'), wrong('f4908080')),
  group(
    'Unexpected continuation bytes',
    wrong('80', 'bf', '80bf', '80bf80', '80bf80bf', '80bf80bf80', '80bf80bf80bf'),
    [{ payload: range(0x80, 0xbf), valid: false }],
  ),
  group(
    'Lonely start characters',
    // Each start character but the last of its kind, a space after it.
    [range(0xc0, 0xdf), range(0xe0, 0xef), range(0xf0, 0xf7), range(0xf8, 0xfb), range(0xfc, 0xfd)].map((starts) => ({
      payload: Uint8Array.from([...starts].flatMap((start) => [start, 0x20])),
      valid: false,
    })),
  ),
  group('Sequences with last continuation byte missing', wrong(...truncated())),
  group('Concatenation of incomplete sequences', wrong(truncated().join(''))),
  group('Impossible bytes', wrong('fe', 'ff', 'fefeffff')),
  group('Examples of an overlong ASCII character', wrong('c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af')),
  group('Maximum overlong sequences', wrong('c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf')),
  group(
    'Overlong representation of the NUL character',
    wrong('c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080'),
  ),
  group('Single UTF-16 surrogates', wrong('eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf')),
  group(
    'Paired UTF-16 surrogates',
    wrong(...['eda080', 'edadbf', 'edae80', 'edafbf'].flatMap((high) => [`${high}edb080`, `${high}edbfbf`])),
  ),
  group('Non-character code points (valid UTF-8)', right('efbfbe', 'efbfbf', ...lastOfEachPlane())),
  group(
    'Unicode specials (i.e. replacement char)',
    right('efbfb9', 'efbfba', 'efbfbb', 'efbfbc', 'efbfbd', 'efbfbe', 'efbfbf'),
  ),
];

function group(name: string, ...members: readonly (readonly Sequence[])[]): SequenceGroup {
  return { name, members: members.flat() };
}

function right(...hex: readonly string[]): Sequence[] {
  return hex.map((each) => ({ payload: octets(each), valid: true }));
}

function wrong(...hex: readonly string[]): Sequence[] {
  return hex.map((each) => ({ payload: octets(each), valid: false }));
}

/** κόσμε, cut after each octet: valid where a code point ends. */
function prefixes(): Sequence[] {
  const whole = octets('ceba e1bdb9 cf83 cebc ceb5');
  const ends = new Set([2, 5, 7, 9, 11]);
  return Array.from(whole, (_, i) => ({ payload: whole.subarray(0, i + 1), valid: ends.has(i + 1) }));
}

/** The first and the last sequence of two to six octets, without their last octet. */
function truncated(): string[] {
  const first = ['c0', 'e080', 'f08080', 'f8808080', 'fc80808080'];
  const last = ['df', 'efbf', 'f7bfbf', 'fbbfbfbf', 'fdbfbfbfbf'];
  return [...first, ...last];
}

/** U+nFFFE and U+nFFFF of the planes 1 to 16. */
function lastOfEachPlane(): string[] {
  return Array.from({ length: 16 }, (_, i) => i + 1).flatMap((plane) =>
    [0xfffe, 0xffff].map((low) => Buffer.from(String.fromCodePoint((plane << 16) + low)).toString('hex')),
  );
}

/** The octets from `first` up to, not including, `end`. */
function range(first: number, end: number): Uint8Array {
  return Uint8Array.from({ length: end - first }, (_, i) => first + i);
}
