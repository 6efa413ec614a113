import type { IncomingMessage } from 'node:http';
import type { ServerOptions } from './options.ts';

/** Whether a request's Origin may connect: any may, unless `allowedOrigins` or `safe` says otherwise. */
export function mayConnect(request: IncomingMessage, { allowedOrigins, safe }: ServerOptions): boolean {
  const { origin } = request.headers;
  if (allowedOrigins === undefined) return safe !== true || origin === undefined || isSameHost(origin, request);
  if (allowedOrigins === '*') return true;
  if (typeof allowedOrigins === 'function') return allowedOrigins(origin, request);
  return origin === undefined || allowedOrigins.includes(origin);
}

function isSameHost(origin: string, request: IncomingMessage): boolean {
  try {
    const { protocol, host } = new URL(origin);
    return host === new URL(`${protocol}//${request.headers.host}`).host;
  } catch {
    return false;
  }
}
