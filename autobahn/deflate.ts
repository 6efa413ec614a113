import zlib from 'node:zlib';
import type { DeflateAcceptance, DeflateOffer, DeflateTerms } from './case.ts';
import { joinBytes } from './frames.ts';
import type { ExtensionElement } from './handshake.ts';

/**
 * The suite's own permessage-deflate (RFC 7692), on node:zlib's one-shot calls: what a context takes over is handed to
 * each call as its dictionary. So nothing of it is shared with what it judges, and it is synchronous.
 */
export interface DeflateParameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  /** 8 to 15. */
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

const NAME = 'permessage-deflate';
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);

/** One direction of a connection. */
class Context {
  private readonly takeover: boolean;
  readonly windowBits: number;
  private window: Uint8Array;

  constructor(takeover: boolean, windowBits: number) {
    this.takeover = takeover;
    this.windowBits = windowBits;
    this.window = new Uint8Array(0);
  }

  get options(): zlib.ZlibOptions {
    return {
      windowBits: this.windowBits,
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
      // zlib minds a distance beyond the window only from one chunk of output to the next.
      chunkSize: 1 << this.windowBits,
      ...(this.window.length === 0 ? {} : { dictionary: this.window }),
    };
  }

  /** Remembers the end of a message, as far as the window goes. */
  took(message: Uint8Array): void {
    if (!this.takeover) return;
    const size = 1 << this.windowBits;
    this.window = message.length >= size ? message.slice(-size) : joinBytes([this.window, message]).slice(-size);
  }
}

/** Both directions, as one side sees them. */
export class Deflate {
  private readonly out: Context;
  private readonly into: Context;

  constructor(role: 'client' | 'server', parameters: DeflateParameters) {
    const client = new Context(!parameters.clientNoContextTakeover, parameters.clientMaxWindowBits);
    const server = new Context(!parameters.serverNoContextTakeover, parameters.serverMaxWindowBits);
    this.out = role === 'client' ? client : server;
    this.into = role === 'client' ? server : client;
  }

  /** §7.2.1 */
  compress(message: Uint8Array): Uint8Array {
    const whole = zlib.deflateRawSync(message, this.out.options);
    this.out.took(message);
    return whole.subarray(0, whole.length - TAIL.length);
  }

  /** §7.2.2. Throws when the data is not what this context's DEFLATE can have made. */
  decompress(payload: Uint8Array): Uint8Array {
    const message = zlib.inflateRawSync(joinBytes([payload, TAIL]), this.into.options);
    this.into.took(message);
    return message;
  }
}

/** The value of Sec-WebSocket-Extensions for these offers. */
export function formatOffers(offers: readonly DeflateOffer[]): string {
  return offers
    .map((offer) =>
      [
        NAME,
        'client_no_context_takeover',
        'client_max_window_bits',
        ...(offer.serverNoContextTakeover ? ['server_no_context_takeover'] : []),
        ...(offer.serverMaxWindowBits === 0 ? [] : [`server_max_window_bits=${offer.serverMaxWindowBits}`]),
      ].join('; '),
    )
    .join(', ');
}

/** Client: what a server's answer comes to: undefined when it declined. Throws an Error for what is no valid answer. */
export function confirm(answer: readonly ExtensionElement[], terms: DeflateTerms): DeflateParameters | undefined {
  if (answer.length === 0) return undefined;
  const [element] = answer;
  if (answer.length > 1 || element!.name !== NAME) throw new Error('an extension that was not offered');
  const read = readParameters(element!);
  const wanted = terms.offers.some(
    (offer) =>
      (!offer.serverNoContextTakeover || read.serverNoContextTakeover) &&
      (offer.serverMaxWindowBits === 0 || (read.serverMaxWindowBits ?? 15) <= offer.serverMaxWindowBits),
  );
  if (!wanted) throw new Error('an answer that keeps to none of the offers');
  if (read.clientMaxWindowBits === true) throw new Error('client_max_window_bits without a value');
  return {
    serverNoContextTakeover: read.serverNoContextTakeover,
    clientNoContextTakeover: read.clientNoContextTakeover,
    serverMaxWindowBits: read.serverMaxWindowBits ?? 15,
    clientMaxWindowBits: read.clientMaxWindowBits ?? 15,
  };
}

export interface Accepted {
  /** The element to answer with. */
  readonly element: string;
  readonly parameters: DeflateParameters;
}

/** Server: the first of the case's acceptances that one of the offers allows, if any. */
export function accept(offers: readonly ExtensionElement[], terms: DeflateTerms): Accepted | undefined {
  for (const acceptance of terms.accepts) {
    for (const offer of offers) {
      if (offer.name !== NAME) continue;
      const accepted = acceptOne(readParameters(offer), acceptance);
      if (accepted !== undefined) return accepted;
    }
  }
  return undefined;
}

function acceptOne(offer: ReadParameters, acceptance: DeflateAcceptance): Accepted | undefined {
  const { clientNoContextTakeover, clientMaxWindowBits } = acceptance;
  // RFC 7692 §7.1.2.2: a client's window may be limited only if it said that it can. Its context may always be.
  if (clientMaxWindowBits !== 0 && offer.clientMaxWindowBits === undefined) return undefined;
  const element = [
    NAME,
    ...(offer.serverNoContextTakeover ? ['server_no_context_takeover'] : []),
    ...(offer.serverMaxWindowBits === undefined ? [] : [`server_max_window_bits=${offer.serverMaxWindowBits}`]),
    ...(clientNoContextTakeover ? ['client_no_context_takeover'] : []),
    ...(clientMaxWindowBits === 0 ? [] : [`client_max_window_bits=${clientMaxWindowBits}`]),
  ].join('; ');
  const parameters = {
    serverNoContextTakeover: offer.serverNoContextTakeover,
    clientNoContextTakeover,
    serverMaxWindowBits: offer.serverMaxWindowBits ?? 15,
    clientMaxWindowBits: clientMaxWindowBits === 0 ? 15 : clientMaxWindowBits,
  };
  return { element, parameters };
}

interface ReadParameters {
  serverNoContextTakeover: boolean;
  clientNoContextTakeover: boolean;
  serverMaxWindowBits: number | undefined;
  /** `true`: without a value, as an offer may have it. */
  clientMaxWindowBits: number | true | undefined;
}

function readParameters(element: ExtensionElement): ReadParameters {
  const read: ReadParameters = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
  };
  const seen = new Set<string>();
  for (const [name, value] of element.parameters) {
    if (seen.has(name)) throw new Error(`${name} twice`);
    seen.add(name);
    if (name === 'server_no_context_takeover' && value === undefined) read.serverNoContextTakeover = true;
    else if (name === 'client_no_context_takeover' && value === undefined) read.clientNoContextTakeover = true;
    else if (name === 'server_max_window_bits' && isWindowBits(value)) read.serverMaxWindowBits = Number(value);
    else if (name === 'client_max_window_bits' && value === undefined) read.clientMaxWindowBits = true;
    else if (name === 'client_max_window_bits' && isWindowBits(value)) read.clientMaxWindowBits = Number(value);
    else throw new Error(`${name}=${value}: not a parameter of ${NAME}`);
  }
  return read;
}

function isWindowBits(value: string | undefined): boolean {
  return value !== undefined && /^(?:[89]|1[0-5])$/.test(value);
}
