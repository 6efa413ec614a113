import { HandshakeError, TimeoutError, type WebSocketError } from '../../protocol/index.ts';
import { isError } from '../../protocol/internal.ts';

/** The longest URL that an error's text has. */
const MOST = 200;

/** A URL without what may be a secret: user info, query and fragment. */
export function shownUrl(url: string): string {
  const bare = url.replace(/^([a-z+]+:\/\/)[^/?#]*@/i, '$1').replace(/[?#].*$/s, '');
  return bare.length > MOST ? `${bare.slice(0, MOST)}…` : bare;
}

/** What an error said before the place was added, for one that several connections end with: a shared session's, say. */
const texts = new WeakMap<WebSocketError, string>();

/**
 * Says in the text of an opening handshake's error which URL was to be opened, and what a deadline waited for. Returns the
 * error to tell: another one where this has been told by another connection, whose URL is nobody else's business.
 */
export function addPlace(error: WebSocketError | undefined, url: string, stage: string | undefined) {
  if (!(error instanceof HandshakeError || error instanceof TimeoutError)) return error;
  // A caller's own that may not be changed says what it says.
  if (Object.isFrozen(error)) return error;
  const text = texts.get(error) ?? error.message;
  const waited = error instanceof TimeoutError && stage !== undefined ? `, waiting for ${stage}` : '';
  // Servers that speak TLS hang up on whoever doesn't, and mostly without a word.
  const isSilent = error.kind === 'lost' && (error as HandshakeError).isTemporary && /^ws:/i.test(url);
  const hint = isSilent ? '; where the server speaks TLS, the URL begins with wss:' : '';
  const message = `${text}${waited}: ${shownUrl(url)}${hint}`;
  if (texts.has(error)) return anotherOf(error, message);
  texts.set(error, text);
  error.message = message;
  // The stack's head has the text, too; making one anew costs less than taking one apart.
  recapture(error, addPlace);
  return error;
}

function anotherOf(error: HandshakeError | TimeoutError, message: string): WebSocketError {
  const init = { ...('cause' in error && { cause: error.cause }), kind: error.kind };
  if (error instanceof TimeoutError) return new TimeoutError(message, { ...init, timer: error.timer });
  return new HandshakeError(message, { ...init, response: error.response, isTemporary: error.isTemporary });
}

/**
 * Gives an error the stack of this moment, which has the line that waits for it: V8 knows who awaits what. Elsewhere it
 * keeps the one that it has.
 */
export function recapture(error: unknown, below: (...args: any[]) => unknown = recapture): void {
  const { captureStackTrace } = Error as { captureStackTrace?: (target: object, below: unknown) => void };
  if (isError(error) && Object.isExtensible(error)) captureStackTrace?.(error, below);
}
