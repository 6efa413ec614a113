/** What the server and the clients keep account of, and what must hold between the two when all is over. */

/** For whatever is no matter of time here, in milliseconds. */
export const PATIENCE = 120_000;
/** How many messages of a connection are under way at once: fewer than a receive queue takes. */
export const WINDOW = 4;

export interface ServerBooks {
  /** Connections that were open when the signal came. */
  readonly openAtSignal: number;
  /** For each connection, how many messages its handler was given, all in order and none twice. */
  readonly received: readonly number[];
  /** How many of them were answered: `trySend` took the acknowledgement. */
  readonly answered: readonly number[];
  /** Handlers that had returned, on connections that ended cleanly, when `close` resolved. */
  readonly served: number;
  /** What must not be, the first of it. */
  readonly violations: readonly string[];
  /** The most resident memory, in bytes. */
  readonly peak: number;
}

export interface ClientBooks {
  /** For each connection, how many messages were sent while it was open. */
  readonly sent: readonly number[];
  /** How many of them were acknowledged, all in order and none twice. */
  readonly acknowledged: readonly number[];
  /** How many connections ended cleanly, with 1001. */
  readonly goneAway: number;
  readonly violations: readonly string[];
}

/** What a process says to its parent. */
export type ServerReport = { readonly port: number } | { readonly books: ServerBooks };
export type ClientReport =
  { readonly served: number } | { readonly acknowledged: number } | { readonly books: ClientBooks };

/** What does not hold, the first of it. Nothing, if all is well. */
export function compare(connections: number, server: ServerBooks, client: ClientBooks): string[] {
  const failures = [...server.violations, ...client.violations];
  const expectThat = (condition: boolean, failure: string): void => {
    if (!condition && failures.length < 20) failures.push(failure);
  };
  expectThat(server.openAtSignal === connections, `${server.openAtSignal} of ${connections} were open at the signal`);
  expectThat(server.served === connections, `${server.served} of ${connections} handlers saw a clean end and returned`);
  expectThat(
    client.goneAway === connections,
    `${client.goneAway} of ${connections} clients saw a clean end, with 1001`,
  );
  for (let i = 0; i < connections; i++) {
    const [sent, received] = [client.sent[i], server.received[i]];
    const [answered, acknowledged] = [server.answered[i], client.acknowledged[i]];
    expectThat(sent > 0, `connection ${i} sent nothing`);
    // What was accepted from the user is delivered, whichever side's Close frame was on its way by then.
    expectThat(received === sent, `connection ${i}: ${sent} were sent, ${received} received`);
    expectThat(acknowledged === answered, `connection ${i}: ${answered} were answered, ${acknowledged} acknowledged`);
    // Only what comes behind our Close frame can't be answered any more. RFC 6455 §5.5.1
    expectThat(received - answered <= WINDOW, `connection ${i}: ${received - answered} of ${received} had no answer`);
  }
  return failures;
}

/** Keeps the first few of what must not be. */
export class Violations {
  readonly list: string[];

  constructor() {
    this.list = [];
  }

  add(what: string): void {
    if (this.list.length < 10) this.list.push(what);
  }
}
