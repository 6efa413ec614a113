import type { ExtensionElement } from '../handshake/types.ts';
import type { ResolvedCompressOptions } from './options.ts';
import { MAX_WINDOW_BITS } from './options.ts';

export const EXTENSION_NAME = 'permessage-deflate';

/**
 * What both sides have agreed on, RFC 7692 §7.1; for what a server sends, what it holds itself to, which may be less than
 * what it has said.
 */
export interface Agreement {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

/** The parameters of one element. Window bits are undefined where they are not named. */
interface Parameters {
  serverNoContextTakeover: boolean;
  clientNoContextTakeover: boolean;
  serverMaxWindowBits: number | undefined;
  /** ANY_WINDOW_BITS for the parameter without a value, which only an offer may have. */
  clientMaxWindowBits: number | undefined;
}

/** `client_max_window_bits` without a value: the client accepts any, RFC 7692 §7.1.2.2. */
const ANY_WINDOW_BITS = 0;

/**
 * What a client offers. `client_max_window_bits` is always there: it costs nothing, and without it a server could not
 * ask for a smaller window (§7.1.2.2).
 */
export function makeOffer(options: ResolvedCompressOptions): string {
  let offer = EXTENSION_NAME;
  if (options.serverNoContextTakeover) offer += '; server_no_context_takeover';
  if (options.clientNoContextTakeover) offer += '; client_no_context_takeover';
  if (options.serverMaxWindowBits < MAX_WINDOW_BITS) offer += `; server_max_window_bits=${options.serverMaxWindowBits}`;
  offer += '; client_max_window_bits';
  if (options.clientMaxWindowBits < MAX_WINDOW_BITS) offer += `=${options.clientMaxWindowBits}`;
  return offer;
}

/** A server's agreement to one offer; undefined declines it: it has a parameter unknown, repeated or invalid (§7). */
export function agreeToOffer(offer: ExtensionElement, options: ResolvedCompressOptions): Agreement | undefined {
  const params = parseParameters(offer, true);
  if (typeof params === 'string') return undefined;
  return {
    serverNoContextTakeover: params.serverNoContextTakeover || options.serverNoContextTakeover,
    // Offered, it is the client's word that it will not take its context over, whatever we answer (§7.1.1.2): saying
    // it again costs nothing and spares us the window.
    clientNoContextTakeover: params.clientNoContextTakeover || options.clientNoContextTakeover,
    serverMaxWindowBits: Math.min(params.serverMaxWindowBits ?? MAX_WINDOW_BITS, options.serverMaxWindowBits),
    // §7.1.2.2: not in the offer, it must not be in the answer, and the client's window is the largest.
    clientMaxWindowBits:
      params.clientMaxWindowBits === undefined
        ? MAX_WINDOW_BITS
        : Math.min(params.clientMaxWindowBits || MAX_WINDOW_BITS, options.clientMaxWindowBits),
  };
}

/**
 * The server's answer. What it was asked for it grants in words (§7.1.1.1, §7.1.2.1). What it does of its own accord, a
 * smaller window or no context, needs none: any client's inflater takes that, and some refuse an answer that names what
 * they have not offered.
 */
export function makeAnswer(agreement: Agreement, offer: ExtensionElement): string {
  const isOffered = (parameter: string) => offer.params.some(([name]) => name === parameter);
  let answer = EXTENSION_NAME;
  if (isOffered('server_no_context_takeover')) answer += '; server_no_context_takeover';
  if (agreement.clientNoContextTakeover) answer += '; client_no_context_takeover';
  if (isOffered('server_max_window_bits')) answer += `; server_max_window_bits=${agreement.serverMaxWindowBits}`;
  if (agreement.clientMaxWindowBits < MAX_WINDOW_BITS) {
    answer += `; client_max_window_bits=${agreement.clientMaxWindowBits}`;
  }
  return answer;
}

/**
 * A client's agreement to the answer to its offer, or what is wrong with that answer (§7: fail the connection).
 *
 * Less than what was offered is enough: a server that says nothing of `server_max_window_bits` or
 * `server_no_context_takeover` ought to have repeated them (§7.1.1.1, §7.1.2.1), and some don't. It may use all of a window of
 * 15 bits then, which costs memory and is no harm.
 */
export function agreeToAnswer(answer: ExtensionElement, options: ResolvedCompressOptions): Agreement | string {
  const params = parseParameters(answer, false);
  if (typeof params === 'string') return params;
  if ((params.serverMaxWindowBits ?? 0) > options.serverMaxWindowBits) {
    return 'server_max_window_bits is greater than what was offered';
  }
  if ((params.clientMaxWindowBits ?? 0) > options.clientMaxWindowBits) {
    return 'client_max_window_bits is greater than what was offered';
  }
  return {
    serverNoContextTakeover: params.serverNoContextTakeover,
    // What the client offered it holds to, repeated or not.
    clientNoContextTakeover: params.clientNoContextTakeover || options.clientNoContextTakeover,
    serverMaxWindowBits: params.serverMaxWindowBits ?? MAX_WINDOW_BITS,
    clientMaxWindowBits: params.clientMaxWindowBits ?? options.clientMaxWindowBits,
  };
}

/** What an answer says that was given or got already, by itself. Or: what is wrong with it. */
export function agreedBy(answer: ExtensionElement): Agreement | string {
  const params = parseParameters(answer, false);
  if (typeof params === 'string') return params;
  return {
    serverNoContextTakeover: params.serverNoContextTakeover,
    clientNoContextTakeover: params.clientNoContextTakeover,
    serverMaxWindowBits: params.serverMaxWindowBits ?? MAX_WINDOW_BITS,
    clientMaxWindowBits: params.clientMaxWindowBits ?? MAX_WINDOW_BITS,
  };
}

/** Reads the parameters strictly, §7: every one known, once, with a value that it may have. Or: what is wrong. */
function parseParameters(element: ExtensionElement, isOffer: boolean): Parameters | string {
  const params: Parameters = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
  };
  for (const [name, value] of element.params) {
    switch (name) {
      case 'server_no_context_takeover':
        if (params.serverNoContextTakeover) return 'server_no_context_takeover is repeated';
        if (value !== undefined) return 'server_no_context_takeover has a value';
        params.serverNoContextTakeover = true;
        break;
      case 'client_no_context_takeover':
        if (params.clientNoContextTakeover) return 'client_no_context_takeover is repeated';
        if (value !== undefined) return 'client_no_context_takeover has a value';
        params.clientNoContextTakeover = true;
        break;
      case 'server_max_window_bits':
        if (params.serverMaxWindowBits !== undefined) return 'server_max_window_bits is repeated';
        params.serverMaxWindowBits = parseWindowBits(value);
        if (params.serverMaxWindowBits === undefined) return 'server_max_window_bits is not an integer from 8 to 15';
        break;
      case 'client_max_window_bits':
        if (params.clientMaxWindowBits !== undefined) return 'client_max_window_bits is repeated';
        params.clientMaxWindowBits = isOffer && value === undefined ? ANY_WINDOW_BITS : parseWindowBits(value);
        if (params.clientMaxWindowBits === undefined) return 'client_max_window_bits is not an integer from 8 to 15';
        break;
      default:
        return 'unknown parameter';
    }
  }
  return params;
}

/** §7.1.2: "a decimal integer value without leading zeroes between 8 to 15, inclusive". */
function parseWindowBits(value: string | undefined): number | undefined {
  return value !== undefined && /^(?:[89]|1[0-5])$/.test(value) ? Number(value) : undefined;
}
