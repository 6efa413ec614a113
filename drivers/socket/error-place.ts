import { HandshakeError, TimeoutError, type WebSocketError } from '../../protocol/index.ts';
import { isError } from '../../protocol/internal.ts';

/** The longest URL that an error's text has. */
const MOST = 200;

/** A URL without what may be a secret: user info, query and fragment. */
export function shownUrl(url: string): string {
  const bare = url.replace(/^([a-z+]+:\/\/)[^/?#]*@/i, '$1').replace(/[?#].*$/s, '');
  return bare.length > MOST ? `${bare.slice(0, MOST)}…` : bare;
}

/** Says in the text of an opening handshake's error which URL was to be opened, and what a deadline waited for. */
export function addPlace(error: WebSocketError | undefined, url: string, stage: string | undefined): void {
  if (!(error instanceof HandshakeError || error instanceof TimeoutError)) return;
  const waited = error instanceof TimeoutError && stage !== undefined ? `, waiting for ${stage}` : '';
  // Servers that speak TLS hang up on whoever doesn't, and mostly without a word.
  const isSilent = error.kind === 'lost' && /^ws:/i.test(url);
  const hint = isSilent ? '; where the server speaks TLS, the URL begins with wss:' : '';
  rewrite(error, `${error.message}${waited}: ${shownUrl(url)}${hint}`);
}

/** The stack's head has the text, too; making one anew costs less than taking one apart. */
function rewrite(error: Error, message: string): void {
  error.message = message;
  recapture(error, rewrite);
}

/**
 * Gives an error the stack of this moment, which has the line that waits for it: V8 knows who awaits what. Elsewhere it
 * keeps the one that it has.
 */
export function recapture(error: unknown, below: (...args: any[]) => unknown = recapture): void {
  const { captureStackTrace } = Error as { captureStackTrace?: (target: object, below: unknown) => void };
  if (isError(error) && Object.isExtensible(error)) captureStackTrace?.(error, below);
}
