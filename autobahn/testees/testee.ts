/** An implementation that can be put under test: a server that echoes, and a client that does. */
export interface Testee {
  /** Echoes every message as it came, on 127.0.0.1. */
  serve(port: number): Promise<EchoServer>;
  /**
   * Opens a connection and lets it run to its end. Echoes every message, or, when not, resolves to the last text.
   * Rejects when it never opened.
   */
  converse(url: string, echoes: boolean): Promise<string | undefined>;
}

export interface EchoServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Walks a client through all cases of a fuzzing server, so many at once, and has the reports written. Returns how many. */
export async function walkThrough(testee: Testee, server: string, agent: string, parallel = 1): Promise<number> {
  const count = Number(await testee.converse(`${server}/getCaseCount`, false));
  const name = encodeURIComponent(agent);
  let next = 1;
  const worker = async (): Promise<void> => {
    while (next <= count) await testee.converse(`${server}/runCase?case=${next++}&agent=${name}`, true);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, worker));
  await testee.converse(`${server}/updateReports?agent=${name}`, false);
  return count;
}
