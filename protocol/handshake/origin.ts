import { parseAuthority } from './authority.ts';
import type { UpgradeRequest } from './types.ts';
import { verdictOf } from './verdict.ts';

/**
 * Origins that may connect: serialised origins (RFC 6454 §6.2, e.g. `https://example.com` or `null`), `'*'` for all, or
 * a function that decides. A list holds what it lists and no more: a request without an Origin isn't let in by it.
 * Undefined: the origin of the same host, and requests without an Origin.
 */
export type AllowedOrigins =
  readonly string[] | '*' | ((origin: string | undefined, request: UpgradeRequest) => boolean);

/** A scheme, a host in lower case and perhaps a port. An origin ends there: even a `/` after it would never match. */
const SERIALISED_ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\sA-Z/?#@,\\]+$/;

/** Throws a TypeError for what is none of these, a list of something but serialised origins included. */
export function checkAllowedOrigins(allowed: AllowedOrigins | undefined): void {
  if (allowed === undefined || allowed === '*' || typeof allowed === 'function') return;
  if (!Array.isArray(allowed)) throw new TypeError("allowedOrigins must be an array, '*' or a function");
  for (const origin of allowed) {
    if (typeof origin !== 'string' || (origin !== 'null' && !SERIALISED_ORIGIN.test(origin))) {
      throw new TypeError(
        `allowedOrigins must list serialised origins, such as https://example.com or null${meant(origin)}`,
      );
    }
  }
}

/** What somebody will have meant by something that is none. */
function meant(origin: unknown): string {
  if (origin === '*') return ": for all, it is '*' by itself";
  if (typeof origin !== 'string') return '';
  const bare = origin.toLowerCase().replace(/^(https?:\/\/[^/?#]*)[/?#].*$/s, '$1');
  const guess = bare.includes('://') ? bare : `https://${bare}`;
  return SERIALISED_ORIGIN.test(guess) && guess.length <= MAX_SHOWN ? `: did you mean ${guess}?` : '';
}

/**
 * Whether this request's origin may connect (RFC 6455 §4.2.2, §10.2). Origins are compared whole.
 * `secure` tells whether TLS ends here. Throws what the function throws.
 */
export function isOriginAllowed(
  allowed: AllowedOrigins | undefined,
  request: UpgradeRequest,
  secure: boolean,
): boolean {
  const origin = request.origin;
  // RFC 6454 §7.3: there is one Origin at most. Two fields arrive as one list, which is no origin.
  if (origin !== undefined && origin.includes(',')) return false;
  if (allowed === '*') return true;
  if (typeof allowed === 'function') {
    return verdictOf('allowedOrigins', allowed(origin, request));
  }
  if (origin === undefined) return allowed === undefined;
  return allowed === undefined ? isSameHost(origin, request.host, secure) : allowed.includes(origin);
}

/** The body of the 403, for whoever wonders why their page can't connect. It goes back to where its words came from. */
export function notAllowed({ origin = '', host }: UpgradeRequest): string {
  const whose = SERIALISED_ORIGIN.test(origin) && origin.length <= MAX_SHOWN ? `the Origin ${origin}` : 'this Origin';
  return `${whose} may not connect to ${host}: the server's option allowedOrigins does not list it`;
}

/** The longest Origin that is repeated. */
const MAX_SHOWN = 200;

/**
 * Whether an origin is that of the host in a Host field: the origins of this host are made and compared whole, so that
 * the Origin need not be taken apart.
 *
 * When TLS ends in front of the server, its Host has the port that belongs to the origin's scheme and not to ours: a
 * Host without a port then stands for either scheme's default.
 */
export function isSameHost(origin: string, host: string, secure: boolean): boolean {
  const authority = parseAuthority(host);
  if (authority === undefined) return false;
  const port = authority.port ?? (secure ? 443 : undefined);
  return SCHEMES.some(([scheme, defaultPort]) => origin === serialiseOrigin(scheme, authority.host, port, defaultPort));
}

/** No page has an origin of ws: or wss:, but programs send the address that they ask for (ws4py does). */
const SCHEMES = [
  ['http', 80],
  ['https', 443],
  ['ws', 80],
  ['wss', 443],
] as const;

function serialiseOrigin(scheme: string, host: string, port: number | undefined, defaultPort: number): string {
  return port === undefined || port === defaultPort ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}
