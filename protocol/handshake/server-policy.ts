import type { Sha1 } from './accept-key.ts';
import { FUNCTION, type OptionTable, POLICY_OPTIONS, withMethods } from '../option-check.ts';
import { HANDSHAKE_FIELDS, listFields } from './fields.ts';
import type { AsciiDecoder } from './http1/head-parser.ts';
import { checkAllowedOrigins } from './origin.ts';
import type { AllowedOrigins } from './origin.ts';
import { checkSubprotocols } from './subprotocols.ts';
import type { SubprotocolSelector } from './subprotocols.ts';
import type { ExtensionNegotiator, HeaderInit } from './types.ts';

/** What a server knows before a request comes. */
export interface ServerHandshakeOptions {
  /** The subprotocols that it knows, in order of preference. */
  readonly subprotocols?: readonly string[] | undefined;
  /** Selects one of the offered subprotocols instead; not called when none is offered. */
  readonly selectSubprotocol?: SubprotocolSelector | undefined;
  /** Origins that may connect. */
  readonly allowedOrigins?: AllowedOrigins | undefined;
  /** More fields for every 101. */
  readonly headers?: HeaderInit | undefined;
  /** The extension that it speaks, one negotiator for each connection. */
  readonly extension?: ExtensionNegotiator | undefined;
  /** Whether TLS ends here. */
  readonly secure?: boolean | undefined;
  /** A runtime's faster way to make strings of ASCII bytes. */
  readonly decodeAscii?: AsciiDecoder | undefined;
  /** A runtime's faster SHA-1. */
  readonly sha1?: Sha1 | undefined;
}

export const SERVER_HANDSHAKE_OPTIONS: OptionTable<ServerHandshakeOptions> = {
  ...POLICY_OPTIONS,
  extension: withMethods('an extension', 'offer', 'accept', 'confirm'),
  decodeAscii: FUNCTION,
  sha1: FUNCTION,
};

/**
 * The options of a server, checked once for all its connections. Throws a TypeError for subprotocols that are not
 * different tokens, for origins that could never match, and for headers that can't be sent or are the handshake's own.
 */
export class ServerPolicy {
  readonly subprotocols: readonly string[];
  readonly selectSubprotocol: SubprotocolSelector | undefined;
  readonly allowedOrigins: AllowedOrigins | undefined;
  readonly secure: boolean;
  /** Names and values of more fields for every 101, in turn. */
  readonly rawHeaders: readonly string[];

  constructor(options: ServerHandshakeOptions) {
    const { subprotocols = [], selectSubprotocol, allowedOrigins, secure = false } = options;
    checkSubprotocols(subprotocols);
    if (selectSubprotocol !== undefined && typeof selectSubprotocol !== 'function') {
      throw new TypeError('selectSubprotocol must be a function');
    }
    checkAllowedOrigins(allowedOrigins);
    this.subprotocols = subprotocols;
    this.selectSubprotocol = selectSubprotocol;
    this.allowedOrigins = allowedOrigins;
    this.secure = secure;
    this.rawHeaders = listFields(options.headers, HANDSHAKE_FIELDS);
  }
}
