import { isBytes, toBytes } from '../data.ts';
import { ANYTHING, NUMBER, OBJECT, type OptionTable, STRING } from '../option-check.ts';
import { encodeLatin1 } from '../text/latin1.ts';
import { formatFields, listFields } from './fields.ts';
import { encodeUtf8, isFieldValue } from './grammar.ts';
import { lowerFields } from './http2/fields.ts';
import type { Rejection } from './types.ts';

/** What a response that is no 101 may be made of. */
export const REJECTION_OPTIONS: OptionTable<Rejection> = {
  status: NUMBER,
  statusText: STRING,
  headers: OBJECT,
  body: ANYTHING,
};

/** Fields that say where a response ends and what becomes of the connection: nobody else's business. */
const OWNED_FIELDS: ReadonlySet<string> = new Set(['connection', 'content-length', 'transfer-encoding']);

/** Reason phrases of the statuses that a server refuses a handshake with, or may. RFC 9110 §15 */
const STATUS_TEXTS: ReadonlyMap<number, string> = new Map([
  [200, 'OK'],
  [204, 'No Content'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [303, 'See Other'],
  [304, 'Not Modified'],
  [307, 'Temporary Redirect'],
  [308, 'Permanent Redirect'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [406, 'Not Acceptable'],
  [408, 'Request Timeout'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [413, 'Content Too Large'],
  [414, 'URI Too Long'],
  [421, 'Misdirected Request'],
  [426, 'Upgrade Required'],
  [429, 'Too Many Requests'],
  [431, 'Request Header Fields Too Large'],
  [451, 'Unavailable For Legal Reasons'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
  [505, 'HTTP Version Not Supported'],
]);

/** A rejection of the handshake's own: the text becomes a line of plain text. */
export function refuse(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Rejection {
  return { status, headers, body: `${text}\n` };
}

/** RFC 6455 §4.2.2: tells a client what would be understood. */
export function refuseUpgrade(text: string): Rejection {
  return refuse(426, text, { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' });
}

/** The request did not come whole in time. */
export const TOO_SLOW: Rejection = { status: 408 };
/** Nobody has decided in time, or nobody will. There is no telling when it will be better: some seconds. */
export const UNAVAILABLE: Rejection = { status: 503, headers: { 'Retry-After': '5' } };
/** Whoever was to decide threw. */
export const DECISION_FAILED: Rejection = { status: 500, body: 'the server failed to decide\n' };
/** A client is to wait for the 101 (RFC 6455 §4.1), and has sent more than can be kept. */
export const EARLY_FRAMES: Rejection = { status: 400, body: 'frames before the handshake was over\n' };

/**
 * The bytes of the response over HTTP/1.1, with `Connection: close`. `toHead` leaves the body out, for a request whose
 * method is HEAD. Throws as `layOut` does.
 */
export function formatRejection(rejection: Rejection, toHead = false): Uint8Array {
  const { status, statusText, fields, body } = layOut(rejection);
  // RFC 9110 §7.8: who sends Upgrade names it in Connection too.
  if (hasField(fields, 'upgrade')) fields.push('Connection', 'Upgrade');
  fields.push('Connection', 'close');

  const head = `HTTP/1.1 ${status} ${statusText}\r\n${formatFields(fields)}\r\n`;
  const bytes = new Uint8Array(head.length + (toHead ? 0 : body.length));
  const bodyStart = encodeLatin1(head, bytes, 0);
  if (!toHead) bytes.set(body, bodyStart);
  return bytes;
}

/** The same over HTTP/2: the fields, `:status` first, and the body. */
export function rejectionFields(rejection: Rejection, toHead = false): { fields: string[]; body: Uint8Array } {
  const { status, fields, body } = layOut(rejection);
  return { fields: [':status', String(status), ...lowerFields(fields)], body: toHead ? new Uint8Array(0) : body };
}

/**
 * What a response consists of: with a Content-Length where the status allows one (RFC 9110 §8.6). A text becomes UTF-8,
 * as text/plain where no Content-Type is given.
 *
 * Throws a RangeError for a status outside of 200–599, and a TypeError for what is no response, for a status text or headers that
 * can't be sent or are not the caller's to set, and for a body where none may be.
 */
function layOut(rejection: Rejection): { status: number; statusText: string; fields: string[]; body: Uint8Array } {
  if (typeof rejection !== 'object' || rejection === null) {
    throw new TypeError('a response must be an object: { status, headers, body }');
  }
  const { status } = rejection;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError('the status of a rejection must be an integer from 200 to 599');
  }
  const statusText = rejection.statusText ?? STATUS_TEXTS.get(status) ?? '';
  if (typeof statusText !== 'string' || !isFieldValue(statusText)) {
    throw new TypeError('statusText has a character that may not stand there');
  }
  const fields = listFields(rejection.headers, OWNED_FIELDS);
  const body = encodeBody(rejection.body);
  const hasNoLength = status === 204 || status === 304;
  // RFC 9110 §15.3.6 for the third.
  if ((hasNoLength || status === 205) && body.length > 0)
    throw new TypeError(`a response with status ${status} has no body`);
  if (typeof rejection.body === 'string' && body.length > 0 && !hasField(fields, 'content-type')) {
    fields.push('Content-Type', 'text/plain; charset=utf-8');
  }
  if (!hasNoLength) fields.push('Content-Length', String(body.length));
  return { status, statusText, fields, body };
}

function hasField(fields: readonly string[], name: string): boolean {
  for (let i = 0; i < fields.length; i += 2) if (fields[i].toLowerCase() === name) return true;
  return false;
}

function encodeBody(body: string | Uint8Array | undefined): Uint8Array {
  if (body === undefined) return new Uint8Array(0);
  if (isBytes(body)) return toBytes(body);
  if (typeof body !== 'string') throw new TypeError('the body must be a string or a Uint8Array');
  return encodeUtf8(body);
}
