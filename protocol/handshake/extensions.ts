import { CLASSES, isToken, isWhitespace, TCHAR } from './grammar.ts';
import type { ExtensionElement } from './types.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/**
 * Takes a Sec-WebSocket-Extensions field apart, RFC 6455 §9.1:
 *
 *     extension-list  = 1#extension
 *     extension       = extension-token *( ";" extension-param )
 *     extension-param = token [ "=" ( token | quoted-string ) ]
 *
 * White space may stand between any two of these (§9.1 takes the ABNF of RFC 2616 with its implied *LWS), and empty
 * elements of a list are skipped (RFC 9110 §5.6.1.2). A quoted string must be a token without its quotes.
 * Returns undefined when the field has another form, or no element: a peer that has none to name sends no such field.
 */
export function parseExtensions(field: string): ExtensionElement[] | undefined {
  const scanner = new Scanner(field);
  const elements: ExtensionElement[] = [];
  do {
    if (scanner.isAtEnd() || scanner.peek() === COMMA) continue;
    const element = parseElement(scanner);
    if (element === undefined) return undefined;
    elements.push(element);
  } while (scanner.skip(COMMA));
  return scanner.isAtEnd() && elements.length > 0 ? elements : undefined;
}

function parseElement(scanner: Scanner): ExtensionElement | undefined {
  const name = scanner.token();
  if (name === '') return undefined;
  const params: [string, string | undefined][] = [];
  while (scanner.skip(SEMICOLON)) {
    const parameter = scanner.token();
    if (parameter === '') return undefined;
    let value: string | undefined;
    if (scanner.skip(EQUALS)) {
      value = scanner.peek() === QUOTE ? scanner.quotedToken() : scanner.token();
      if (value === '') return undefined;
    }
    params.push([parameter, value]);
  }
  return { name, params };
}

/** Reads words from a text; white space before a word is skipped. */
class Scanner {
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = 0;
  }

  /** The next character that is not white space, as a code unit; NaN at the end. */
  peek(): number {
    while (isWhitespace(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text.charCodeAt(this.#at);
  }

  isAtEnd(): boolean {
    return Number.isNaN(this.peek());
  }

  /** Steps over this separator, if it is the next character. */
  skip(separator: number): boolean {
    if (this.peek() !== separator) return false;
    this.#at++;
    return true;
  }

  /** The token that stands here, or an empty string. */
  token(): string {
    this.peek();
    const start = this.#at;
    while ((CLASSES[this.#text.charCodeAt(this.#at)] & TCHAR) !== 0) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  /** The quoted string that stands here, if what it quotes is a token, or an empty string. */
  quotedToken(): string {
    let value = '';
    let start = ++this.#at;
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(unit)) return '';
      if (unit === QUOTE) break;
      if (unit === BACKSLASH) {
        // The character after it is taken as it is, a quote or a backslash too; neither is part of a token.
        value += this.#text.slice(start, this.#at++);
        start = this.#at;
      }
      this.#at++;
    }
    value += this.#text.slice(start, this.#at++);
    return isToken(value) ? value : '';
  }
}
