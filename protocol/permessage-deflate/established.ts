import { parseExtensions } from '../handshake/extensions.ts';
import { checkRole, nameOf } from '../option-check.ts';
import { CODEC, type DeflateCodec } from './codec.ts';
import type { CompressOptions } from './options.ts';
import { PermessageDeflate } from './permessage-deflate.ts';

/**
 * permessage-deflate for `Connection.established`, as something else has agreed on it: `extensions` is the value of
 * Sec-WebSocket-Extensions in the response. Returns undefined where that is empty.
 *
 * Throws a TypeError for a response that doesn't hold with the options, or that names anything but permessage-deflate.
 */
export function establishDeflate(
  role: 'client' | 'server',
  extensions: string,
  options: CompressOptions,
  codec: DeflateCodec,
): PermessageDeflate | undefined {
  checkRole('establishDeflate', role);
  if (typeof extensions !== 'string') {
    throw new TypeError(`establishDeflate: extensions must be a string, not ${nameOf(extensions)}`);
  }
  if (!CODEC.fits(codec)) {
    throw new TypeError(`establishDeflate: codec must be ${CODEC.expected}, not ${nameOf(codec)}`);
  }
  const deflate = new PermessageDeflate(role === 'server', options, codec);
  if (extensions === '') return undefined;
  const elements = parseExtensions(extensions);
  if (elements?.length !== 1 || elements[0].name !== deflate.name) {
    throw new TypeError(`these extensions can't have been agreed on: ${extensions}`);
  }
  const fault = deflate.establish(elements[0]);
  if (fault !== undefined) throw new TypeError(fault);
  return deflate;
}
