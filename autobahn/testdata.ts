/**
 * What 12.* and 13.* compress: five documents of the kinds and sizes that the official suite has, made here from a
 * fixed seed. Each is made once, when it is first asked for.
 */
export interface Document {
  readonly name: string;
  readonly binary: boolean;
  /** How long it is: octets, or characters where it is sent as text. */
  readonly size: number;
  /** So much of it, from a position on; it repeats itself. Text comes as its UTF-8. */
  slice(from: number, length: number): Uint8Array;
}

type Random = () => number;

export const documents = {
  json: textDocument('JSON, a list of records', 194_056, makeJson),
  bitmap: binaryDocument('A bitmap, 512 by 512, 8 bits grey', 263_222, makeBitmap),
  prose: binaryDocument('Prose, German', 222_218, makeProse),
  html: textDocument('HTML, a long table', 263_620, makeHtml),
  paper: binaryDocument('A paper: markup and streams that are compressed already', 1_042_328, makePaper),
} satisfies Record<string, Document>;

function binaryDocument(name: string, size: number, make: (random: Random, size: number) => Uint8Array): Document {
  let whole: Uint8Array | undefined;
  return {
    name,
    binary: true,
    size,
    slice(from, length) {
      whole ??= make(createRandom(size), size);
      return ring(size, from, length, (start, end) => whole!.subarray(start, end)).reduce(concat);
    },
  };
}

function textDocument(name: string, size: number, make: (random: Random, size: number) => string): Document {
  let whole: string | undefined;
  return {
    name,
    binary: false,
    size,
    slice(from, length) {
      whole ??= make(createRandom(size), size).slice(0, size);
      return new TextEncoder().encode(ring(size, from, length, (start, end) => whole!.slice(start, end)).join(''));
    },
  };
}

/** The pieces of a document that repeats itself. `length` is at most `size`. */
function ring<Piece>(size: number, from: number, length: number, cut: (start: number, end: number) => Piece): Piece[] {
  const start = from % size;
  const end = start + length;
  return end <= size ? [cut(start, end)] : [cut(start, size), cut(0, end - size)];
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

/** Numbers in [0, 1), the same for the same seed: mulberry32. */
function createRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const below = (random: Random, bound: number): number => Math.floor(random() * bound);
const pick = (random: Random, from: readonly string[]): string => from[below(random, from.length)]!;

const NAMES = ['Ada', 'Bela', 'Chika', 'Dmitri', 'Emre', 'Farah', 'Goran', 'Hana', 'Ines', 'Jonas', 'Kofi', 'Lena'];
const TOPICS = ['framing', 'masking', 'closing', 'pinging', 'fragmenting', 'compressing', 'negotiating'];
const WORDS = `der die das und nicht ein eine sich auf von mit dem des ist im als auch es an werden aus er hat dass sie
  nach wird bei Welt Geist Herz Nacht Licht Himmel Erde Feuer Wasser Wort Macht Traum Weg Zeit Auge Hand Stimme fern
  still müd schön weiß grün süß größer früh spät wohl leis stehen gehen sehen hören fühlen drängen schweben fließen
  ach o doch nur so wie wenn dann dort hier kein jeder alter neuer ew'ger treuer wilder sanfter`.split(/\s+/);

function makeJson(random: Random, size: number): string {
  let text = '[';
  for (let id = 1; text.length < size; id++) {
    const record = {
      id,
      name: `${pick(random, NAMES)} ${pick(random, NAMES)}son`,
      active: random() < 0.5,
      score: Number((random() * 1000).toFixed(3)),
      tags: Array.from({ length: 1 + below(random, 4) }, () => pick(random, TOPICS)),
      position: { latitude: Number((random() * 180 - 90).toFixed(6)), longitude: Number((random() * 360).toFixed(6)) },
      token: below(random, 2 ** 31).toString(36),
    };
    text += `${JSON.stringify(record)},\n`;
  }
  return text;
}

function makeBitmap(random: Random, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const start = size - 512 * 512;
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, size, true);
  view.setUint32(10, start, true);
  for (const [at, value] of [
    [14, 40],
    [18, 512],
    [22, 512],
    [28, 8],
    [34, 512 * 512],
  ] as const) {
    view.setUint32(at, value, true);
  }
  for (let grey = 0; grey < 256; grey++) bytes.set([grey, grey, grey, 0], 54 + 4 * grey);
  for (let y = 0; y < 512; y++) {
    for (let x = 0; x < 512; x++) {
      const smooth = 128 + 70 * Math.sin(x / 47) * Math.cos(y / 31) + 40 * Math.sin((x + y) / 90);
      bytes[start + 512 * y + x] = smooth + 12 * (random() - 0.5);
    }
  }
  return bytes;
}

/** `size` is in octets; a character may be cut at the end. */
function makeProse(random: Random, size: number): Uint8Array {
  let text = '';
  for (let octets = 0; octets < size;) {
    const words = Array.from({ length: 4 + below(random, 5) }, () => pick(random, WORDS)).join(' ');
    const line = words[0]!.toUpperCase() + words.slice(1) + pick(random, [',', ',', ';', '.', '!', '?']) + '\r\n';
    text += line;
    octets += Buffer.byteLength(line);
  }
  return Buffer.from(text).subarray(0, size);
}

function makeHtml(random: Random, size: number): string {
  let text = '<!DOCTYPE html>\n<html lang="de">\n<body>\n<table class="wikitable sortable">\n';
  for (let row = 1; text.length < size; row++) {
    const word = pick(random, WORDS);
    text += `<tr id="row-${row}" class="${row % 2 === 0 ? 'even' : 'odd'}"><td>${row}</td><td><a href="/wiki/`;
    text += `${encodeURIComponent(word)}" title="${word}">${word}</a></td><td align="right">${below(random, 1e6)}</td>`;
    text += `<td>${pick(random, NAMES)}, ${1900 + below(random, 120)}</td></tr>\n`;
  }
  return text;
}

function makePaper(random: Random, size: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let object = 1, octets = 0; octets < size; object++) {
    const stream = Uint8Array.from({ length: 1500 + below(random, 3000) }, () => below(random, 256));
    const words = Array.from({ length: 60 }, () => `(${pick(random, WORDS)}) Tj ${below(random, 600)} 0 Td`).join('\n');
    const head = `${object} 0 obj\n<< /Length ${stream.length} /Filter /FlateDecode >>\nBT\n${words}\nET\nstream\n`;
    for (const piece of [Buffer.from(head), stream, Buffer.from('\nendstream\nendobj\n')]) {
      pieces.push(piece);
      octets += piece.length;
    }
  }
  return Buffer.concat(pieces).subarray(0, size);
}
