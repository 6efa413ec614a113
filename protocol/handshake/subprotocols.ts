import { isToken, trimWhitespace } from './grammar.ts';
import type { UpgradeRequest } from './types.ts';

/** Selects one of the offered subprotocols; undefined (or null) selects none. */
export type SubprotocolSelector = (offered: readonly string[], request: UpgradeRequest) => string | undefined;

/**
 * The subprotocols in a Sec-WebSocket-Protocol field of a request, or undefined when it is not valid: each must be a
 * token, and no two may be equal (RFC 6455 §4.1, item 10). Empty elements of the list are passed over, as RFC 9110
 * §5.6.1.2 asks of whoever reads one.
 *
 * A list without any element is not valid (§4.3: `1#token`): a client that has nothing to offer sends no such field, so that
 * whoever does send it has lost a name on the way, and is better told now than served without a subprotocol.
 */
export function parseSubprotocols(field: string): string[] | undefined {
  const subprotocols = field.split(',').map(trimWhitespace).filter(isNotEmpty);
  return subprotocols.length > 0 && subprotocols.every(isToken) && areUnique(subprotocols) ? subprotocols : undefined;
}

/** Throws a TypeError for what can't be offered, or known to a server: not an array of different tokens. */
export function checkSubprotocols(subprotocols: readonly string[]): void {
  if (!Array.isArray(subprotocols)) throw new TypeError('subprotocols must be an array');
  for (const subprotocol of subprotocols) {
    if (typeof subprotocol !== 'string' || !isToken(subprotocol)) throw new TypeError('a subprotocol must be a token');
  }
  if (!areUnique(subprotocols)) throw new TypeError('a subprotocol may stand only once');
}

/** The first of `known`, which is in order of preference, that was offered; an empty string when none was. */
export function selectSubprotocol(known: readonly string[], offered: readonly string[]): string {
  for (const subprotocol of known) if (offered.includes(subprotocol)) return subprotocol;
  return '';
}

function isNotEmpty(text: string): boolean {
  return text !== '';
}

function areUnique(subprotocols: readonly string[]): boolean {
  return subprotocols.length < 2 || new Set(subprotocols).size === subprotocols.length;
}
