import { isSpace, isTokenChar, unexpectedCharacter, unexpectedEnd } from './grammar.ts';

/**
 * The names in a Sec-WebSocket-Protocol field, in order. Throws a SyntaxError, which names the place, for what is not a
 * list of different tokens.
 */
export function parse(header: string): Set<string> {
  const names = new Set<string>();
  let at = 0;
  for (;;) {
    // White space may stand around a name, but not begin the field.
    while (at > 0 && isSpace(header[at] ?? '')) at++;
    const start = at;
    while (at < header.length && isTokenChar(header[at])) at++;
    const end = at;
    while (start < end && isSpace(header[at] ?? '')) at++;
    if (at === header.length) {
      if (start === end || end < at) throw unexpectedEnd();
      return add(names, header.slice(start, end));
    }
    if (start === end || header[at] !== ',') throw unexpectedCharacter(at);
    add(names, header.slice(start, end));
    at++;
  }
}

function add(names: Set<string>, name: string): Set<string> {
  if (names.has(name)) throw new SyntaxError(`The "${name}" subprotocol is duplicated`);
  return names.add(name);
}
