/** What a hub could not do, or was not let do. `kind` is stable. */
export class TopicsError extends Error {
  readonly kind: TopicsErrorKind;

  constructor(kind: TopicsErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }

  override get name(): string {
    return 'TopicsError';
  }
}

/**
 * `'down'`: an EngineDownError; `'unknown'`: an OutcomeUnknownError; `'denied'`: `authorize` didn't say yes; `'limit'`: a
 * limit is reached; `'gone'`: the socket has ended; `'closed'`: the hub was closed; `'unsupported'`: the engine can't do it.
 */
export type TopicsErrorKind = 'down' | 'unknown' | 'denied' | 'limit' | 'gone' | 'closed' | 'unsupported';

/** The engine is not there: what was asked for has not been done and will not be. */
export class EngineDownError extends TopicsError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('down', message, options);
  }

  override get name(): string {
    return 'EngineDownError';
  }
}

/** The engine was lost, or silent, before it answered: a publish may have been done or not. Retry it with its `key`. */
export class OutcomeUnknownError extends TopicsError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('unknown', message, options);
  }

  override get name(): string {
    return 'OutcomeUnknownError';
  }
}

/** What is asked of a hub too early. */
export const NOT_STARTED = 'the hub has not started: await hub.start() first';

/** What is asked of a hub too late. */
export function closed(): TopicsError {
  return new TopicsError('closed', 'the hub was closed');
}
