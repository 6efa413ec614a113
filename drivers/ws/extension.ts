import { isSpace, isTokenChar, unexpectedCharacter, unexpectedEnd } from './grammar.ts';

/** The parameters of one element: each with all the values that it has, `true` where there is none. */
export type Parameters = Record<string, (string | true)[]>;

/** The elements of a Sec-WebSocket-Extensions field, by name. */
export type Extensions = Record<string, Parameters[]>;

/** Takes the field apart. Throws a SyntaxError, which names the place, for what RFC 6455 §9.1 doesn't allow. */
export function parse(header: string): Extensions {
  const extensions = Object.create(null) as Extensions;
  const scanner = new Scanner(header);
  do {
    const name = scanner.token();
    const params = Object.create(null) as Parameters;
    while (scanner.separator === ';') {
      const key = scanner.token(true);
      (params[key] ??= []).push(scanner.hasValue ? scanner.value() : true);
    }
    (extensions[name] ??= []).push(params);
  } while (scanner.separator === ',');
  return extensions;
}

/** Reads a word and the separator behind it: `,`, `;` or, at the end, nothing. */
class Scanner {
  separator: string;
  /** Whether a value follows the token that was read last. */
  hasValue: boolean;
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.separator = '';
    this.hasValue = false;
    this.#text = text;
    this.#at = 0;
  }

  /** The next token; `=` may follow at once where it may have a value. */
  token(mayHaveValue = false): string {
    const start = this.#skipSpace(this.#at > 0);
    const end = this.#skipToken(start);
    if (end === start && end < this.#text.length) throw unexpectedCharacter(end);
    if (end === start) throw unexpectedEnd();
    this.hasValue = mayHaveValue && this.#text[end] === '=';
    if (this.hasValue) {
      this.#at = end + 1;
    } else {
      this.#takeSeparator(end);
    }
    return this.#text.slice(start, end);
  }

  /** The value behind a `=`: a token, or a quoted string that is one without its quotes. */
  value(): string {
    if (this.#text[this.#at] === '"') return this.#quoted();
    const start = this.#at;
    const end = this.#skipToken(start);
    if (end === start && end < this.#text.length) throw unexpectedCharacter(end);
    if (end === start) throw unexpectedEnd();
    this.#takeSeparator(end);
    return this.#text.slice(start, end);
  }

  #quoted(): string {
    let value = '';
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at];
      if (character === '"' && value !== '') {
        this.#takeSeparator(at + 1);
        return value;
      }
      if (character === '\\') at++;
      if (at === this.#text.length) break;
      if (!isTokenChar(this.#text[at])) throw unexpectedCharacter(at);
      value += this.#text[at];
    }
    throw unexpectedEnd();
  }

  /** What stands behind a word that ends at `end`. White space must have something behind it. */
  #takeSeparator(end: number): void {
    this.#at = end;
    const at = this.#skipSpace(true);
    this.separator = this.#text[at] ?? '';
    if (this.separator === '' && at > end) throw unexpectedEnd();
    if (this.separator !== '' && this.separator !== ',' && this.separator !== ';') throw unexpectedCharacter(at);
    this.#at = at + 1;
  }

  /** Where the next character is that is not white space: the field itself may not begin with any. */
  #skipSpace(mayBegin: boolean): number {
    let at = this.#at;
    while (mayBegin && isSpace(this.#text[at] ?? '')) at++;
    return at;
  }

  #skipToken(start: number): number {
    let at = start;
    while (at < this.#text.length && isTokenChar(this.#text[at])) at++;
    return at;
  }
}

/** What one parameter may be given as, to be written. */
type Value = string | number | boolean;

/** Writes a field: parameters that are `true` stand without a value. */
export function format(
  extensions: Record<string, Record<string, Value | Value[]> | Record<string, Value | Value[]>[]>,
): string {
  return Object.entries(extensions)
    .flatMap(([name, elements]) => listOf(elements).map((params) => [name, ...parametersOf(params)].join('; ')))
    .join(', ');
}

function parametersOf(params: Record<string, Value | Value[]>): string[] {
  return Object.entries(params).flatMap(([key, values]) =>
    listOf(values).map((value) => (value === true ? key : `${key}=${value}`)),
  );
}

function listOf<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}
