import { InvalidStateError } from '../errors.ts';
import { checkOptions, nameOf, OBJECT, type OptionTable, STRING } from '../option-check.ts';
import { acceptKey } from './accept-key.ts';
import { isBase64Of16Bytes } from './base64.ts';
import { judgeRequest } from './http2/extended-connect.ts';
import { collectFields, formatFields, HANDSHAKE_FIELDS, listFields } from './fields.ts';
import { HEAD_DONE, HEAD_FAILED, HeadParser } from './http1/head-parser.ts';
import { isOriginAllowed, notAllowed } from './origin.ts';
import { lowerFields } from './http2/fields.ts';
import { DECISION_FAILED, formatRejection, refuse, rejectionFields } from './rejection.ts';
import { REQUEST_HEAD } from './http1/request-line.ts';
import type { RequestLine } from './http1/request-line.ts';
import { isRejection, plainRequest, validateHead, validateRequest } from './request.ts';
import type { ValidRequest } from './request.ts';
import type { Agreement } from './response.ts';
import { formatHead, responseFields, ServerOpening, STATUS_TEXT } from './http1/server-opening.ts';
import { ServerPolicy } from './server-policy.ts';
import type { ServerHandshakeOptions } from './server-policy.ts';
import { DONE, READING, REFUSED, REQUESTED } from './state.ts';
import { selectSubprotocol } from './subprotocols.ts';
import type {
  HeaderInit,
  Opening,
  PlainRequest,
  RefusalKind,
  Rejection,
  RequestHead,
  UpgradeRequest,
} from './types.ts';
import { isLate } from './verdict.ts';

/** How a server accepts a request. */
export interface AcceptOptions {
  /** More fields for the 101, after those of the options. */
  readonly headers?: HeaderInit | undefined;
  /** Takes the place of what the options select; must be one that was offered. */
  readonly subprotocol?: string | undefined;
}

const ACCEPT_OPTIONS: OptionTable<AcceptOptions> = { headers: OBJECT, subprotocol: STRING };

/** Nothing more than the options: that of most connections, which needs no look. */
const AS_THE_POLICY_HAS_IT: AcceptOptions = Object.freeze({});

function checkAcceptance(acceptance: AcceptOptions): AcceptOptions {
  if (acceptance === AS_THE_POLICY_HAS_IT) return acceptance;
  if (Object(acceptance) !== acceptance) {
    throw new TypeError(`an acceptance must be an object: { headers, subprotocol }, not ${nameOf(acceptance)}`);
  }
  return checkOptions('accept', ACCEPT_OPTIONS, acceptance);
}

/**
 * The server's side of the opening handshake, RFC 6455 §4.2.
 *
 * READING until a request has come. Then either it is valid: REQUESTED, with `request`, waiting for `accept` or
 * `reject`; or it is not: REFUSED, with `refusal`, which is to be handed to `reject`. DONE once it is answered.
 */
export class ServerHandshake {
  state: number;
  /** The request, once it is REQUESTED. */
  request: UpgradeRequest | undefined;
  /** How to refuse, once it is REFUSED. */
  refusal: Rejection | undefined;
  /** Why, and whom: the request, if its head was one. */
  refusalKind: RefusalKind;
  refused: PlainRequest | undefined;
  /** The request that is REFUSED, when it asks for no WebSocket: it may be answered with any response. */
  plain: PlainRequest | undefined;
  /** What `allowedOrigins` threw, if it did: the request is then refused with 500. */
  callbackError: unknown;
  /** What was agreed on, once it is accepted. */
  opening: Opening | undefined;
  /** Over HTTP/2, once it is answered: the fields of the answer, names and values in turn, `:status` first. */
  fields: readonly string[] | undefined;

  readonly #extension: ServerHandshakeOptions['extension'];
  readonly #sha1: ServerHandshakeOptions['sha1'];
  readonly #policy: ServerPolicy;
  #parser: HeadParser<RequestLine> | undefined;
  #valid: ValidRequest | undefined;
  /** The head as it was read here, or by something else. */
  #head: string | RequestHead;
  #isHeadRequest: boolean;
  /** Whether the request came over HTTP/2 (or 3): its answer is fields then, and not bytes. */
  #isHttp2: boolean;

  /**
   * `policy` is what `new ServerPolicy(options)` has made of the same options, for a server that makes it once for all
   * its connections. Throws a TypeError for options that can't be right.
   */
  constructor(options: ServerHandshakeOptions, policy: ServerPolicy = new ServerPolicy(options)) {
    this.state = READING;
    this.request = undefined;
    this.refusal = undefined;
    this.refusalKind = 'bad-request';
    this.refused = undefined;
    this.plain = undefined;
    this.callbackError = undefined;
    this.opening = undefined;
    this.fields = undefined;
    this.#extension = options.extension;
    this.#sha1 = options.sha1;
    this.#policy = policy;
    this.#parser = new HeadParser(REQUEST_HEAD, options.decodeAscii);
    this.#valid = undefined;
    this.#head = '';
    this.#isHeadRequest = false;
    this.#isHttp2 = false;
  }

  /** Whether the request is whole, its end included, and is to be answered with any response. */
  get isWhole(): boolean {
    return this.#isHttp2 && this.plain !== undefined;
  }

  /**
   * Takes in bytes of the request: `bytes[start, end)`, which are lent.
   * Returns the index after what was consumed: just after the head once that is complete, else `end`. Not READING, it
   * consumes nothing.
   */
  receive(bytes: Uint8Array, start: number, end: number): number {
    const parser = this.#parser;
    if (this.state !== READING || parser === undefined) return start;
    const next = parser.parse(bytes, start, end);
    if (parser.state === HEAD_DONE) {
      const { method, target, version } = parser.start!;
      this.#head = parser.text;
      this.#judge({ method, target, version, rawHeaders: parser.rawHeaders });
    } else if (parser.state === HEAD_FAILED) {
      const { status, text, isTls } = parser.failure!;
      this.#refuse(refuse(status, isTls ? 'the client speaks TLS, and this server does not' : text));
    }
    return next;
  }

  /**
   * Takes in a request that something else has parsed, instead of its bytes. Everything in it is validated again.
   * Throws an InvalidStateError when a request has come already, and a TypeError for what is no head.
   */
  receiveHead(head: RequestHead): void {
    if (this.state !== READING) throw new InvalidStateError('a request has been received already');
    const valid = validateHead(head);
    if (isRejection(valid)) return this.#refuse(valid);
    this.#head = valid;
    this.#judge(valid);
  }

  /**
   * Takes in the fields of a request over HTTP/2, RFC 8441: names and values in turn. `isEnd` tells whether END_STREAM
   * stood on them. Throws as `receiveHead` does.
   */
  receiveFields(fields: readonly string[], isEnd: boolean): void {
    if (this.state !== READING) throw new InvalidStateError('a request has been received already');
    const { method, verdict, plain } = judgeRequest(fields, isEnd);
    this.#isHttp2 = true;
    this.#isHeadRequest = method === 'HEAD';
    this.plain = plain;
    if (plain !== undefined) this.refusalKind = 'no-upgrade';
    this.refused = plain;
    if (isRejection(verdict)) this.#refuse(verdict);
    else this.#admit(verdict);
  }

  /**
   * Accepts the request and returns the 101 to send, RFC 6455 §4.2.2, of which each code unit is a byte; `opening` is set.
   * Over HTTP/2 it is a 200 (RFC 8441 §5): `fields` is set, and the text is empty.
   * Throws before anything changes: an InvalidStateError when there is no request to accept, a TypeError for headers
   * that can't be sent and for a subprotocol that was not offered.
   */
  accept(acceptance: AcceptOptions = AS_THE_POLICY_HAS_IT): string {
    const valid = this.#valid;
    if (this.state !== REQUESTED || valid === undefined) throw new InvalidStateError('there is no request to accept');
    const more = checkAcceptance(acceptance);
    const headers = listFields(more.headers, HANDSHAKE_FIELDS);
    const subprotocol = this.#selectSubprotocol(valid.request, more.subprotocol);
    // The application has been asked, and may have answered by itself.
    if (this.#valid === undefined) throw new InvalidStateError('the request has been answered already');
    const extensions = this.#selectExtension(valid);

    const added = headers.length === 0 ? this.#policy.rawHeaders : [...this.#policy.rawHeaders, ...headers];
    const agreed = { subprotocol, extensions };
    if (this.#isHttp2) return this.#acceptHttp2(agreed, valid, added);

    const fields = formatFields(responseFields(acceptKey(valid.key, this.#sha1), agreed, added));
    const head = typeof this.#head === 'string' ? this.#head : formatHead(this.#head);
    this.opening = new ServerOpening({ subprotocol, extensions, head, added });
    this.#end();
    return `HTTP/1.1 101 ${STATUS_TEXT}\r\n${fields}\r\n`;
  }

  /**
   * Returns the response to send instead of a 101; the connection ends after it. Over HTTP/2 `fields` is set, and what is
   * returned is the body. Any time before the answer is right
   * for it: a server that is shutting down, or has waited long enough, need not wait for the request.
   * Throws before anything changes: an InvalidStateError once it is answered, a RangeError or TypeError for a response
   * that can't be sent.
   */
  reject(rejection: Rejection): Uint8Array {
    if (this.state === DONE) throw new InvalidStateError('the request has been answered already');
    if (this.#isHttp2) {
      const { fields, body } = rejectionFields(rejection, this.#isHeadRequest);
      this.fields = fields;
      this.#end();
      return body;
    }
    const bytes = formatRejection(rejection, this.#isHeadRequest);
    this.#end();
    return bytes;
  }

  #acceptHttp2(agreed: Agreement, { request, key }: ValidRequest, added: readonly string[]): string {
    const { subprotocol, extensions } = agreed;
    const rawHeaders: string[] = [];
    // RFC 8441 §5 has dropped both fields. Node 26's own client sends the one and refuses a 200 without the other.
    if (isBase64Of16Bytes(key)) rawHeaders.push('sec-websocket-accept', acceptKey(key, this.#sha1));
    if (subprotocol !== '') rawHeaders.push('sec-websocket-protocol', subprotocol);
    if (extensions !== '') rawHeaders.push('sec-websocket-extensions', extensions);
    rawHeaders.push(...lowerFields(added));
    this.fields = [':status', '200', ...rawHeaders];
    const response = { status: 200, statusText: '', version: '2', headers: collectFields(rawHeaders), rawHeaders };
    this.opening = { ...agreed, request, response };
    this.#end();
    return '';
  }

  #judge(head: RequestHead): void {
    this.#isHeadRequest = head.method === 'HEAD';
    const valid = validateRequest(head);
    if (isRejection(valid)) {
      this.plain = plainRequest(head);
      if (this.plain !== undefined) this.refusalKind = 'no-upgrade';
      this.refused = this.plain;
      return this.#refuse(valid);
    }
    this.#admit(valid);
  }

  /** Lets a valid request wait for its answer, if its Origin may connect. */
  #admit(valid: ValidRequest): void {
    try {
      const isAllowed = isOriginAllowed(this.#policy.allowedOrigins, valid.request, this.#policy.secure);
      // The application has been asked, and may have answered by itself.
      if (this.state !== READING) return;
      if (!isAllowed) {
        this.refusalKind = 'origin';
        this.refused = valid.request;
        return this.#refuse(refuse(403, notAllowed(valid.request)));
      }
    } catch (error) {
      this.callbackError = error;
      this.refusalKind = 'error';
      this.refused = valid.request;
      return this.#refuse(DECISION_FAILED);
    }
    this.#parser = undefined;
    this.#valid = valid;
    this.request = valid.request;
    this.state = REQUESTED;
  }

  #refuse(rejection: Rejection): void {
    this.#parser = undefined;
    this.refusal = rejection;
    this.state = REFUSED;
  }

  #end(): void {
    this.#parser = undefined;
    this.#valid = undefined;
    this.state = DONE;
  }

  #selectSubprotocol(request: UpgradeRequest, given: string | undefined): string {
    const offered = request.subprotocols;
    let selected = given;
    if (selected === undefined && offered.length > 0) {
      const select = this.#policy.selectSubprotocol;
      if (select === undefined) return selectSubprotocol(this.#policy.subprotocols, offered);
      selected = select(offered, request) ?? undefined;
    }
    if (selected === undefined) return '';
    if (isLate(selected)) throw new TypeError('selectSubprotocol must return a subprotocol, not a promise of one');
    if (!offered.includes(selected)) throw new TypeError('the subprotocol was not offered');
    return selected;
  }

  #selectExtension({ extensions }: ValidRequest): string {
    const extension = this.#extension;
    if (extension === undefined) return '';
    const offers = extensions.filter((element) => element.name === extension.name);
    return offers.length === 0 ? '' : (extension.accept(offers) ?? '');
  }
}
