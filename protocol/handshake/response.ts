import { acceptKey, type Sha1 } from './accept-key.ts';
import { parseExtensions } from './extensions.ts';
import { countField, hasToken } from './fields.ts';
import type { ExtensionNegotiator, HeaderFields, ResponseHead, UpgradeRequest } from './types.ts';

/** What a server has agreed to. */
export interface Agreement {
  /** The selected subprotocol, or an empty string. */
  readonly subprotocol: string;
  /** The value of Sec-WebSocket-Extensions, or an empty string. */
  readonly extensions: string;
}

/**
 * Checks a 101 against the request that it answers, RFC 6455 §4.1. Returns what was agreed on, or what is wrong: a text
 * that repeats nothing of what the peer sent.
 */
export function validateResponse(
  response: ResponseHead,
  request: UpgradeRequest,
  extension: ExtensionNegotiator | undefined,
  sha1?: Sha1,
): Agreement | string {
  const { headers } = response;
  if (response.version !== '1.1') return 'the 101 is not HTTP/1.1';
  // RFC 6455 §4.1: a value, where a request's may be a list.
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'Upgrade is not websocket';
  if (!hasToken(headers.connection, 'upgrade')) return 'Connection lacks the token upgrade';
  if (headers['sec-websocket-accept'] !== acceptKey(request.headers['sec-websocket-key'], sha1)) {
    return 'Sec-WebSocket-Accept does not answer the key';
  }
  return validateAgreement(response, request.subprotocols, extension);
}

/** Checks the fields that the response to an extended CONNECT (RFC 8441 §5) has in common with a 101. */
export function validateAgreement(
  { headers, rawHeaders }: ResponseHead,
  offered: readonly string[],
  extension: ExtensionNegotiator | undefined,
): Agreement | string {
  // RFC 6455 §11.3.2, §11.3.4: neither field may stand twice in a response.
  if (countField(rawHeaders, 'sec-websocket-extensions') > 1) return 'Sec-WebSocket-Extensions is repeated';
  const problem = validateExtensions(headers, extension);
  if (problem !== undefined) return problem;
  // A repeated field has become a list, which is no subprotocol. An empty one says that none was selected.
  const subprotocol = headers['sec-websocket-protocol'] ?? '';
  if (subprotocol !== '' && !offered.includes(subprotocol))
    return 'the server selected a subprotocol that was not offered';
  return { subprotocol, extensions: headers['sec-websocket-extensions'] ?? '' };
}

function validateExtensions(headers: HeaderFields, extension: ExtensionNegotiator | undefined): string | undefined {
  const field = headers['sec-websocket-extensions'] ?? '';
  if (field === '') return undefined;
  const elements = parseExtensions(field);
  if (elements === undefined) return 'Sec-WebSocket-Extensions is malformed';
  for (const element of elements) {
    if (element.name !== extension?.name) return 'the server selected an extension that was not offered';
  }
  if (elements.length > 1) return 'the server selected an extension twice';
  return extension!.confirm(elements[0]);
}
