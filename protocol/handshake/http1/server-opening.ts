import { latin1Bytes } from '../../text/latin1.ts';
import { acceptKey } from '../accept-key.ts';
import { collectFields, formatFields } from '../fields.ts';
import { HeadParser } from './head-parser.ts';
import { REQUEST_HEAD } from './request-line.ts';
import { type ValidRequest, validateRequest } from '../request.ts';
import type { Opening, RequestHead, ResponseHead, UpgradeRequest } from '../types.ts';

export interface ServerOpeningParts {
  subprotocol: string;
  extensions: string;
  /** The request's head as it was read, or as `formatHead` has it. */
  head: string;
  /** More fields of the 101, names and values in turn. */
  added: readonly string[];
}

/**
 * What a server keeps of an opening handshake over HTTP/1.1: one string, which is taken apart again by the first who
 * asks. The objects that it comes to would be the better part of what an idle connection takes.
 */
export class ServerOpening implements Opening {
  readonly subprotocol: string;
  readonly extensions: string;
  readonly #head: string;
  readonly #added: readonly string[];
  /** What it was taken apart into, once somebody has asked. */
  #asked: { request: UpgradeRequest; response: ResponseHead | undefined } | undefined;

  constructor(parts: ServerOpeningParts) {
    this.subprotocol = parts.subprotocol;
    this.extensions = parts.extensions;
    this.#head = parts.head;
    this.#added = parts.added;
    this.#asked = undefined;
  }

  get request(): UpgradeRequest {
    this.#asked ??= { request: readAgain(this.#head), response: undefined };
    return this.#asked.request;
  }

  get response(): ResponseHead {
    const { headers } = this.request;
    return (this.#asked!.response ??= makeResponse(headers['sec-websocket-key'], this, this.#added));
  }
}

function makeResponse(key: string, agreed: Opening, added: readonly string[]): ResponseHead {
  const rawHeaders = responseFields(acceptKey(key), agreed, added);
  return { status: 101, statusText: STATUS_TEXT, version: '1.1', headers: collectFields(rawHeaders), rawHeaders };
}

export const STATUS_TEXT = 'Switching Protocols';

/** The fields of the 101 that accepts a request, names and values in turn; `accept` is what answers its key. RFC 6455 §4.2.2 */
export function responseFields(
  accept: string,
  { subprotocol, extensions }: { subprotocol: string; extensions: string },
  added: readonly string[],
): string[] {
  const fields = ['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Accept', accept];
  if (subprotocol !== '') fields.push('Sec-WebSocket-Protocol', subprotocol);
  if (extensions !== '') fields.push('Sec-WebSocket-Extensions', extensions);
  fields.push(...added);
  return fields;
}

/** A valid head that something else has taken apart, as one string again: flat, so that it keeps no part of what it was made of alive. */
export function formatHead({ method, target, version, rawHeaders }: RequestHead): string {
  return [method, ' ', target, ' HTTP/', version, '\r\n', formatFields(rawHeaders), '\r\n'].join('');
}

/** A head that was read and found valid before. */
function readAgain(head: string): UpgradeRequest {
  const bytes = latin1Bytes(head);
  const parser = new HeadParser(REQUEST_HEAD);
  parser.parse(bytes, 0, bytes.length);
  return (validateRequest({ ...parser.start!, rawHeaders: parser.rawHeaders }) as ValidRequest).request;
}
