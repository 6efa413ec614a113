/** A port for a program that must be told one. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Linux gives out ports from 32,768 on by itself, others from 49,152 on: to each listener at port 0 and to each connection. */
const FIRST = 10_000;
const LAST = 32_767;

const given = new Set<number>();

/**
 * A port of 127.0.0.1 that nobody listens on, and that the system gives to nobody by itself: a port that was got from it
 * and given back may be another test's, or a connection's, before the program listens.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST + 1);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
