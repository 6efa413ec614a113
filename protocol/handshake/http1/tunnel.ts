import { toBytes } from '../../data.ts';
import { HandshakeError } from '../../errors.ts';
import { latin1Bytes } from '../../text/latin1.ts';
import { parseAuthority } from '../authority.ts';
import { encodeBase64 } from '../base64.ts';
import { BodyReader } from './body.ts';
import { collectFields, formatFields, listFields } from '../fields.ts';
import { encodeUtf8 } from '../grammar.ts';
import { HEAD_DONE, HEAD_FAILED, HeadParser } from './head-parser.ts';
import { isTemporaryStatus, RESPONSE_HEAD } from './status-line.ts';
import type { StatusLine } from './status-line.ts';
import type { HeaderInit, ResponseHead } from '../types.ts';

/** How many 1xx responses may come before the answer. */
const MAX_INTERIM = 8;

/** Fields of a CONNECT that are not the caller's to set, in lower case. */
const TUNNEL_FIELDS: ReadonlySet<string> = new Set(['connection', 'content-length', 'host', 'transfer-encoding']);

export interface TunnelOptions {
  /** Where to: a host and its port, "example.com:443". */
  readonly authority: string;
  /** The user and the password for the proxy, which go out as Basic authentication (RFC 7617). */
  readonly credentials?: { readonly user: string; readonly password: string } | undefined;
  /** More fields for the proxy. */
  readonly headers?: HeaderInit | undefined;
}

/**
 * The client's side of a CONNECT, RFC 9110 §9.3.6: what asks an HTTP proxy for a tunnel (RFC 6455 §4.1, step 2).
 *
 * `output` is to be sent. When the proxy has answered, either `isOpen` and all that follows belongs to the tunnel, or
 * there is an `error`. Its answer may be as large as a server's, and no larger.
 */
export class TunnelHandshake {
  readonly output: Uint8Array;
  isOpen: boolean;
  error: HandshakeError | undefined;
  #parser: HeadParser<StatusLine>;
  #interim: number;
  #response: ResponseHead | undefined;
  #body: BodyReader | undefined;

  /** Throws a TypeError for an authority or for fields that can't be sent. */
  constructor(options: TunnelOptions) {
    const { authority, credentials, headers } = options;
    if (parseAuthority(authority)?.port === undefined) throw new TypeError('a tunnel leads to a host and a port');
    const fields = ['Host', authority, ...listFields(headers, TUNNEL_FIELDS)];
    if (credentials !== undefined) {
      const { user, password } = credentials;
      fields.push('Proxy-Authorization', `Basic ${encodeBase64(encodeUtf8(`${user}:${password}`))}`);
    }
    this.output = latin1Bytes(`CONNECT ${authority} HTTP/1.1\r\n${formatFields(fields)}\r\n`);
    this.isOpen = false;
    this.error = undefined;
    this.#parser = new HeadParser(RESPONSE_HEAD);
    this.#interim = 0;
    this.#response = undefined;
    this.#body = undefined;
  }

  /**
   * Takes in `bytes`, which are lent. Returns the index after what was consumed: where the tunnel begins. Throws a
   * TypeError for what is no bytes.
   */
  receive(bytes: Uint8Array): number {
    return this.#receive(toBytes(bytes));
  }

  #receive(bytes: Uint8Array): number {
    let at = 0;
    while (!this.isOpen && this.error === undefined && at < bytes.length) {
      if (this.#body !== undefined) {
        this.#body.receive(bytes, at, bytes.length);
        at = bytes.length;
        if (this.#body.isComplete) this.#refuse();
      } else {
        at = this.#parser.parse(bytes, at, bytes.length);
        if (this.#parser.state === HEAD_DONE) this.#judge(this.#parser);
        else if (this.#parser.state === HEAD_FAILED) {
          const { text, isTls } = this.#parser.failure!;
          const why = isTls ? 'it speaks TLS: its URL should begin with https:' : text;
          this.#fail(`the proxy’s answer is not valid: ${why}`, false);
        }
      }
    }
    return this.error === undefined ? at : bytes.length;
  }

  /** The proxy has ended the connection, or nobody wants to wait any longer for the rest of a refusal. */
  receiveEof(): void {
    if (this.isOpen || this.error !== undefined) return;
    if (this.#body !== undefined) this.#refuse();
    else this.#fail('the proxy ended the connection before it had answered', true);
  }

  #judge({ start, rawHeaders }: HeadParser<StatusLine>): void {
    const { version, status, statusText } = start!;
    if (status < 200) {
      // RFC 9110 §9.3.6 knows no switch of protocols here.
      if (status === 101 || ++this.#interim > MAX_INTERIM)
        return this.#fail('the proxy never came to an answer', false);
      this.#parser = new HeadParser(RESPONSE_HEAD);
    } else if (status < 300) {
      // Content-Length and Transfer-Encoding mean nothing in a 2xx: the tunnel begins right after the head.
      this.isOpen = true;
    } else {
      const headers = collectFields(rawHeaders);
      this.#response = { status, statusText, version, headers, rawHeaders };
      this.#body = new BodyReader(status, headers);
      if (this.#body.isComplete) this.#refuse();
    }
  }

  #refuse(): void {
    const { status, statusText, headers, rawHeaders } = this.#response!;
    const response = { status, statusText, headers, rawHeaders, body: this.#body!.take() };
    this.#fail(`the proxy refused the tunnel with status ${status}`, isTemporaryStatus(status), response);
  }

  #fail(text: string, isTemporary: boolean, response?: HandshakeError['response']): void {
    this.error = new HandshakeError(text, { isTemporary, response, kind: 'proxy' });
  }
}
