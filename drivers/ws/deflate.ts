import type { CompressOptions } from '../../protocol/index.ts';
import { format, type Parameters } from './extension.ts';

/** The name of the one extension. */
export const EXTENSION = 'permessage-deflate';

/** The option object `perMessageDeflate`. What zlib is told of its own work, and `concurrencyLimit`, is not looked at. */
export interface PerMessageDeflateOptions {
  serverNoContextTakeover?: boolean | undefined;
  clientNoContextTakeover?: boolean | undefined;
  serverMaxWindowBits?: boolean | number | undefined;
  clientMaxWindowBits?: boolean | number | undefined;
  /** Messages shorter than this are not compressed, without context takeover. Default 1024. */
  threshold?: number | undefined;
  zlibDeflateOptions?: { level?: number; memLevel?: number; [other: string]: unknown } | undefined;
  zlibInflateOptions?: object | undefined;
  concurrencyLimit?: number | undefined;
}

/** What was agreed on: parameters with their values. */
export type Agreed = Record<string, true | number>;

const DEFAULT_THRESHOLD = 1024;

/** What a client offers. */
export function makeOffer(options: PerMessageDeflateOptions): string {
  const { clientMaxWindowBits, serverMaxWindowBits } = options;
  const params: Agreed = {};
  if (options.serverNoContextTakeover) params.server_no_context_takeover = true;
  if (options.clientNoContextTakeover) params.client_no_context_takeover = true;
  if (serverMaxWindowBits) params.server_max_window_bits = serverMaxWindowBits;
  if (clientMaxWindowBits) params.client_max_window_bits = clientMaxWindowBits;
  else if (clientMaxWindowBits == null) params.client_max_window_bits = true;
  return format({ [EXTENSION]: params });
}

/** What a server answers to the first offer that it can accept. Throws for offers that are none, and when it can accept none. */
export function acceptOffer(options: PerMessageDeflateOptions, offers: readonly Parameters[]): Agreed {
  const { serverMaxWindowBits, clientMaxWindowBits } = options;
  const accepted = offers.map((offer) => normalize(offer, true)).find((offer) => isAcceptable(options, offer));
  if (accepted === undefined) throw new Error('None of the extension offers can be accepted');
  if (options.serverNoContextTakeover) accepted.server_no_context_takeover = true;
  if (options.clientNoContextTakeover) accepted.client_no_context_takeover = true;
  if (typeof serverMaxWindowBits === 'number') accepted.server_max_window_bits = serverMaxWindowBits;
  if (typeof clientMaxWindowBits === 'number') accepted.client_max_window_bits = clientMaxWindowBits;
  else if (accepted.client_max_window_bits === true || clientMaxWindowBits === false) {
    delete accepted.client_max_window_bits;
  }
  return accepted;
}

function isAcceptable(options: PerMessageDeflateOptions, offer: Agreed): boolean {
  const { serverNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } = options;
  const { server_max_window_bits: server, client_max_window_bits: client } = offer;
  if (serverNoContextTakeover === false && offer.server_no_context_takeover) return false;
  if (server !== undefined) {
    if (serverMaxWindowBits === false) return false;
    if (typeof serverMaxWindowBits === 'number' && serverMaxWindowBits > Number(server)) return false;
  }
  if (typeof clientMaxWindowBits !== 'number') return true;
  return typeof client === 'number' ? clientMaxWindowBits <= client : client !== undefined;
}

/** What a client agrees to. Throws for an answer that it has not asked for. */
export function acceptAnswer(options: PerMessageDeflateOptions, answer: readonly Parameters[]): Agreed {
  const { clientNoContextTakeover, clientMaxWindowBits } = options;
  const [agreed] = answer.map((params) => normalize(params, false));
  const { client_max_window_bits: client } = agreed;
  if (clientNoContextTakeover === false && agreed.client_no_context_takeover) {
    throw new Error('Unexpected parameter "client_no_context_takeover"');
  }
  if (client === undefined) {
    if (typeof clientMaxWindowBits === 'number') agreed.client_max_window_bits = clientMaxWindowBits;
  } else if (
    clientMaxWindowBits === false ||
    (typeof clientMaxWindowBits === 'number' && Number(client) > clientMaxWindowBits)
  ) {
    throw new Error('Unexpected or invalid parameter "client_max_window_bits"');
  }
  return agreed;
}

/** Parameters as numbers and flags: each known, once, with a value that it may have (RFC 7692 §7). */
function normalize(params: Parameters, isOffer: boolean): Agreed {
  const agreed: Agreed = {};
  for (const [name, values] of Object.entries(params)) {
    if (values.length > 1) throw new Error(`Parameter "${name}" must have only a single value`);
    agreed[name] = valueOf(name, values[0], isOffer);
  }
  return agreed;
}

function valueOf(name: string, value: string | true, isOffer: boolean): true | number {
  const invalid = () => new TypeError(`Invalid value for parameter "${name}": ${value}`);
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      if (value !== true) throw invalid();
      return true;
    case 'client_max_window_bits':
    case 'server_max_window_bits':
      if (value === true) {
        if (isOffer && name === 'client_max_window_bits') return true;
        throw invalid();
      }
      if (!/^(?:[89]|1[0-5])$/.test(value)) throw invalid();
      return Number(value);
    default:
      throw new Error(`Unknown parameter "${name}"`);
  }
}

/** Throws a RangeError for numbers that nothing can be compressed with. */
export function checkDeflate(options: PerMessageDeflateOptions): void {
  const { serverMaxWindowBits, clientMaxWindowBits } = options;
  const { level, memLevel } = options.zlibDeflateOptions ?? {};
  // What is no number says whether.
  if (typeof serverMaxWindowBits === 'number') check('serverMaxWindowBits', serverMaxWindowBits, 8, 15);
  if (typeof clientMaxWindowBits === 'number') check('clientMaxWindowBits', clientMaxWindowBits, 8, 15);
  if (level !== undefined) check('zlibDeflateOptions: level', level, -1, 9);
  if (memLevel !== undefined) check('zlibDeflateOptions: memLevel', memLevel, 1, 9);
}

function check(name: string, value: number, from: number, to: number): void {
  if (Number.isInteger(value) && value >= from && value <= to) return;
  throw new RangeError(`perMessageDeflate: ${name} must be an integer from ${from} to ${to}, not ${String(value)}`);
}

/** The same in the driver's words. */
export function compressOf(options: PerMessageDeflateOptions, agreed: Agreed, isServer: boolean): CompressOptions {
  const { level, memLevel } = options.zlibDeflateOptions ?? {};
  const takesOver = !(isServer ? agreed.server_no_context_takeover : agreed.client_no_context_takeover);
  return {
    threshold: takesOver ? 0 : thresholdOf(options.threshold),
    ...(level !== undefined && level >= 0 && { level }),
    ...(memLevel !== undefined && { memLevel }),
  };
}

/** No length is as large as what is no number. */
function thresholdOf(given = DEFAULT_THRESHOLD): number {
  const length = Number(given);
  return Number.isNaN(length) ? Infinity : Math.max(length, 0);
}

/** permessage-deflate as it was agreed on. */
export interface AgreedExtension {
  readonly params: Agreed;
  readonly compress: CompressOptions;
}
