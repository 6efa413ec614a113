import { type FailedResponse, HandshakeError, type HandshakeErrorInit } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import { makeKey, type Sha1 } from './accept-key.ts';
import { BodyReader } from './http1/body.ts';
import { formatRequest, isSecure, makeRequest } from './client-request.ts';
import type { ClientRequest } from './client-request.ts';
import { makeConnect, readResponse } from './http2/extended-connect.ts';
import { collectFields } from './fields.ts';
import { followRedirect } from './redirect.ts';
import { HEAD_DONE, HEAD_FAILED, HeadParser } from './http1/head-parser.ts';
import type { AsciiDecoder, HeadFailure } from './http1/head-parser.ts';
import { validateAgreement, validateResponse } from './response.ts';
import { DONE, FAILED, READING } from './state.ts';
import { isTemporaryStatus, RESPONSE_HEAD } from './http1/status-line.ts';
import type { StatusLine } from './http1/status-line.ts';
import type { ExtensionNegotiator, Opening, ResponseHead, UpgradeRequest } from './types.ts';

export type { ClientRequest } from './client-request.ts';

/** What the runtime does faster than plain JavaScript. */
export interface HandshakeRuntime {
  readonly decodeAscii?: AsciiDecoder | undefined;
  readonly sha1?: Sha1 | undefined;
}

/** How many 1xx responses may come before the 101. */
const MAX_INTERIM = 8;

/**
 * The client's side of the opening handshake, RFC 6455 §4.1.
 *
 * `output` is to be sent; then it is READING until the response has come: DONE with `opening`, or FAILED with `error`.
 * A response other than a 101 is read with its body, so that it can be told what the server had to say.
 */
export class ClientHandshake {
  state: number;
  /** The bytes of the request. */
  readonly output: Uint8Array;
  /** The request. */
  request: UpgradeRequest;
  /** What was agreed on, once it is DONE. */
  opening: Opening | undefined;
  /** What went wrong, once it has FAILED. */
  error: HandshakeError | undefined;
  /** The request to make instead, once it has FAILED with a redirect that may be followed. */
  redirect: ClientRequest | undefined;
  /** Whether the request goes out over HTTP/2: the response comes as fields then, and not as bytes. */
  isHttp2: boolean;

  readonly #asked: ClientRequest;
  /** The request as HTTP/1.1 has it: what a redirect is followed with. */
  readonly #sent: UpgradeRequest;
  readonly #extension: ExtensionNegotiator | undefined;
  readonly #runtime: HandshakeRuntime;
  #parser: HeadParser<StatusLine>;
  #interim: number;
  /** The response that is not a 101, and the reader of its body. */
  #response: ResponseHead | undefined;
  #body: BodyReader | undefined;
  /** Why a redirect is not followed, if it is one. */
  #notFollowed: string;

  /**
   * `random` fills an array with random bytes; they need be unpredictable, not secret (RFC 6455 §10.3).
   * Throws a SyntaxError for a URL that isn't valid, and a TypeError for anything else that can't be sent.
   */
  constructor(
    request: ClientRequest,
    random: RandomSource,
    extension?: ExtensionNegotiator,
    runtime: HandshakeRuntime = {},
  ) {
    const offer = extension?.offer() ?? '';
    this.request = makeRequest(request, makeKey(random), offer);
    this.output = formatRequest(this.request);
    this.#sent = this.request;
    this.state = READING;
    this.opening = undefined;
    this.error = undefined;
    this.redirect = undefined;
    this.#asked = request;
    this.#notFollowed = '';
    // One that offers nothing may not be selected either.
    this.#extension = offer === '' ? undefined : extension;
    this.#runtime = runtime;
    this.#parser = new HeadParser(RESPONSE_HEAD, runtime.decodeAscii);
    this.#interim = 0;
    this.isHttp2 = false;
    this.#response = undefined;
    this.#body = undefined;
  }

  /**
   * The request goes out over HTTP/2 (RFC 8441) and `output` does not: its fields are returned, names and values in turn.
   */
  useHttp2(): readonly string[] {
    const { request, fields } = makeConnect(this.#sent, isSecure(this.#asked));
    this.request = request;
    this.isHttp2 = true;
    return fields;
  }

  /** Takes in the fields of a response over HTTP/2. `isEnd` tells whether END_STREAM stood on them. */
  receiveFields(fields: readonly string[], isEnd: boolean): void {
    if (this.state !== READING || this.#body !== undefined) return; // the trailers of a body: nobody asks for them
    const response = readResponse(fields);
    if (response === undefined) return this.#fail('the response is not valid: the fields are malformed');
    this.#judge(response, response.status >= 200 && response.status < 300);
    if (isEnd && this.#body !== undefined) this.#failWithResponse();
  }

  /**
   * Takes in bytes of the response: `bytes[start, end)`, which are lent.
   * Returns the index after what was consumed: just after the head of a 101, and `end` for anything else. DONE, it
   * consumes nothing.
   */
  receive(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (this.state === READING && at < end) {
      if (this.#body !== undefined) {
        this.#body.receive(bytes, at, end);
        at = end;
        if (this.#body.isComplete) this.#failWithResponse();
      } else if (this.isHttp2) {
        this.#fail('the response is not valid: data came before its fields');
      } else {
        at = this.#parser.parse(bytes, at, end);
        if (this.#parser.state === HEAD_DONE) this.#judgeHead(this.#parser);
        else if (this.#parser.state === HEAD_FAILED) this.#failHead(this.#parser.failure!);
      }
    }
    return this.state === FAILED ? end : at;
  }

  /**
   * Nothing more will come: the connection has ended, or nobody wants to wait any longer. A response whose body was
   * being read is told as far as it came.
   */
  receiveEof(): void {
    if (this.state !== READING) return;
    if (this.#body !== undefined) this.#failWithResponse();
    else this.#fail('the connection ended before the response was complete', { isTemporary: true, kind: 'lost' });
  }

  /**
   * As `receiveEof`, where there is an error to tell already: a response whose body has not come whole is an answer all
   * the same, and told instead.
   */
  takePartialResponse(): HandshakeError | undefined {
    this.receiveEof();
    return this.error?.response === undefined ? undefined : this.error;
  }

  #judgeHead({ start, rawHeaders }: HeadParser<StatusLine>): void {
    const { version, status, statusText } = start!;
    const headers = collectFields(rawHeaders);
    this.#judge({ status, statusText, version, headers, rawHeaders }, status === 101);
  }

  #judge(response: ResponseHead, isOpen: boolean): void {
    const { status, headers } = response;
    if (status < 200 && !isOpen) {
      // RFC 9110 §15.2: a client must be able to take one or more of them before the final response.
      if (++this.#interim > MAX_INTERIM) return this.#fail('too many 1xx responses came before the answer');
      this.#parser = new HeadParser(RESPONSE_HEAD, this.#runtime.decodeAscii);
      return;
    }
    if (!isOpen) {
      this.#response = response;
      this.#body = new BodyReader(status, headers);
      const next = followRedirect(this.#asked, this.#sent, response);
      if (typeof next === 'string') this.#notFollowed = `; the redirect is not followed, for ${next}`;
      else this.redirect = next;
      // What a redirect has to say is said in its head.
      if (this.#body.isComplete || this.redirect !== undefined) this.#failWithResponse();
      return;
    }
    const { request } = this;
    const agreement = this.isHttp2
      ? validateAgreement(response, request.subprotocols, this.#extension)
      : validateResponse(response, request, this.#extension, this.#runtime.sha1);
    if (typeof agreement === 'string') return this.#fail(agreement, { response: failedResponse(response, NO_BODY) });
    const { subprotocol, extensions } = agreement;
    const offered = request.subprotocols;
    if (subprotocol === '' && offered.length > 0 && this.#asked.requireSubprotocol !== false) {
      const text = `the server selected none of the subprotocols offered (${offered.join(', ')})`;
      const remedy = 'requireSubprotocol: false lets that pass';
      return this.#fail(`${text}; ${remedy}`, { response: failedResponse(response, NO_BODY), kind: 'subprotocol' });
    }
    this.opening = { subprotocol, extensions, request, response };
    this.state = DONE;
  }

  #failWithResponse(): void {
    const { status } = this.#response!;
    const response = failedResponse(this.#response!, this.#body!.take());
    this.#body = undefined;
    const text = `the server answered with status ${status} instead of ${this.isHttp2 ? 200 : 101}${this.#notFollowed}`;
    this.#fail(text, { response, isTemporary: isTemporaryStatus(status), kind: 'response' });
  }

  #failHead({ text, isTls }: HeadFailure): void {
    if (isTls) this.#fail('the server speaks TLS there: the URL should begin with wss:', { kind: 'tls' });
    else this.#fail(`the response is not valid: ${text}`);
  }

  #fail(text: string, init: HandshakeErrorInit = {}): void {
    this.error = new HandshakeError(text, init);
    this.state = FAILED;
  }
}

const NO_BODY = new Uint8Array(0);

function failedResponse({ status, statusText, headers, rawHeaders }: ResponseHead, body: Uint8Array): FailedResponse {
  return { status, statusText, headers, rawHeaders, body };
}
