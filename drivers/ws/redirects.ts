import type { RequestOptions } from 'node:https';

/** Where a request goes, as far as credentials may follow. */
export interface Origin {
  readonly isIpc: boolean;
  readonly isSecure: boolean;
  /** The host with its port, or the path of the socket. */
  readonly host: string;
}

export function originOf(url: URL, socketPath: string | null | undefined): Origin {
  const isIpc = url.protocol === 'ws+unix:';
  return { isIpc, isSecure: url.protocol === 'wss:', host: isIpc ? String(socketPath) : url.host };
}

/** Where a response redirects to, if it does. */
export function followsTo(status: number, location: string | undefined): string | undefined {
  return location && status >= 300 && status < 400 ? location : undefined;
}

/** Credentials stay with the host that they were for, and with TLS. */
export function withoutCredentials(
  request: RequestOptions & { headers: Record<string, unknown> },
  from: Origin,
  to: Origin,
): void {
  const isSameHost = from.isIpc === to.isIpc && from.host === to.host;
  if (isSameHost && (to.isSecure || !from.isSecure)) return;
  delete request.headers.authorization;
  delete request.headers.cookie;
  if (!isSameHost) delete request.headers.host;
  request.auth = undefined;
}
