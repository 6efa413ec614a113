import type { ClientRequest } from 'node:http';
import process from 'node:process';
import type { Duplex } from 'node:stream';

/** The side of a request that agents give sockets to. */
interface Applicant {
  onSocket(socket: any, error?: unknown): void;
}

/**
 * Tells of the socket that an agent gives a request, in place of the request, which never hears of it; or of the error that it
 * has instead. Agents know no other way to hand one out, and Node documents none.
 */
export function takeSocketOf(request: ClientRequest, taken: (socket: Duplex, error: unknown) => void): void {
  (request as unknown as Applicant).onSocket = taken;
}

/** Whether requests are given sockets so. Loads node:http, if nothing else has. */
export function works(): boolean {
  const http = process.getBuiltinModule?.('node:http') as typeof import('node:http') | undefined;
  return typeof (http?.ClientRequest.prototype as Partial<Applicant> | undefined)?.onSocket === 'function';
}
