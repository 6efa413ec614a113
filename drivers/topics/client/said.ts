import { printable } from '../../../protocol/internal.ts';

/** What the server refused (`kind` is what it says), or what was not answered (`'lost'`, `'closed'`, `'timeout'`). */
export class TopicsClientError extends Error {
  readonly kind: string;
  /** Whose subscription was refused, if one was. */
  readonly topic: string | undefined;

  constructor(kind: string, message: string, topic?: string) {
    super(message);
    this.kind = kind;
    this.topic = topic;
  }

  override get name(): string {
    return 'TopicsClientError';
  }
}

/** What a server says, as JSON, as far as it makes sense. */
export interface Said {
  readonly topic: string | undefined;
  readonly message: unknown;
  readonly position: string | undefined;
  readonly gap: string | undefined;
  /** The answer to the request of this number. */
  readonly done: number | undefined;
  readonly error: TopicsClientError | undefined;
}

/** The longest position that is kept, in characters: a hub's have about a hundred. */
const LONGEST_POSITION = 1000;

/** Throws for what is no JSON, or no object of it; what makes no sense in that is not there. */
export function readSaid(text: string | Uint8Array): Said {
  if (typeof text !== 'string') throw new TypeError('the server sent bytes, not JSON as text');
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    throw new TypeError(`the server said something that is no JSON: ${printable(text.slice(0, 40))}`);
  }
  if (typeof said !== 'object' || said === null) throw new TypeError('the server said something that is no object');
  const { topic, message, position, gap, done, error } = said as Record<string, unknown>;
  return {
    topic: typeof topic === 'string' ? topic : undefined,
    message,
    position: typeof position === 'string' && position.length <= LONGEST_POSITION ? position : undefined,
    gap: gap === undefined ? undefined : String(gap),
    done: typeof done === 'number' ? done : undefined,
    error: error === undefined ? undefined : readError(error),
  };
}

function readError(error: unknown): TopicsClientError {
  const { kind, message } = Object(error) as Record<string, unknown>;
  return new TopicsClientError(
    typeof kind === 'string' ? kind : 'unknown',
    typeof message === 'string' ? printable(message) : 'the server did not say why',
  );
}
