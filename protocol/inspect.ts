/** What Node's `console.log` asks an object for; elsewhere it means nothing. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/** What a log wants to know of a connection. */
export function standingOf(connection: {
  readonly isServer: boolean;
  readonly state: string;
  readonly bufferedAmount: number;
  readonly closeInfo: object | undefined;
}): Record<string, unknown> {
  const { isServer, state, bufferedAmount, closeInfo } = connection;
  return { isServer, state, bufferedAmount, ...(closeInfo && { closeInfo }) };
}

/** `util.inspect`, as it is handed to that. */
export type Inspect = (value: unknown, options: object) => string;
