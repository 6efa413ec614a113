import process from 'node:process';
import { URL } from 'node:url';
import { getProxyForUrl } from 'proxy-from-env';
import { authorityOf, type Target } from './target.ts';

/** A proxy, and how to speak to it. */
export interface Proxy {
  readonly kind: 'http' | 'https' | 'socks5' | 'socks5h';
  readonly host: string;
  readonly port: number;
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
}

const DEFAULT_PORTS = { http: 80, https: 443, socks5: 1080, socks5h: 1080 } as const;

/**
 * The proxy that the option `proxy` means for a target, if it means one.
 * Throws a TypeError for what is no proxy's URL; its text doesn't repeat it, for it may hold a password.
 */
export function resolveProxy(option: string | URL | undefined, target: Target): Proxy | undefined {
  const url = option === 'env' ? fromEnvironment(target) : option;
  return url === undefined || url === '' ? undefined : parseProxy(url);
}

function parseProxy(option: string | URL): Proxy {
  const text = String(option);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  const kind = parsed?.protocol.slice(0, -1) as Proxy['kind'] | undefined;
  if (parsed === undefined || kind === undefined || !Object.hasOwn(DEFAULT_PORTS, kind) || parsed.hostname === '') {
    throw new TypeError('a proxy is an http:, https:, socks5: or socks5h: URL, or "env"');
  }
  const { username, password } = parsed;
  return {
    kind,
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? DEFAULT_PORTS[kind] : Number(parsed.port),
    credentials: username === '' && password === '' ? undefined : readCredentials(username, password),
  };
}

function readCredentials(username: string, password: string): Proxy['credentials'] {
  try {
    const user = decodeURIComponent(username);
    // RFC 7617 §2: the first colon ends the user.
    if (!user.includes(':')) return { user, password: decodeURIComponent(password) };
  } catch {
    // Reported below.
  }
  throw new TypeError('the user info of the proxy is not valid');
}

/**
 * What the usual variables say: `wss_proxy`, or else `https_proxy`, or else `all_proxy` for wss; the same without the s
 * for ws; and `no_proxy` before them all. Lower case comes before upper case.
 */
function fromEnvironment(target: Target): string {
  const [own, other] = target.secure ? ['wss', 'https'] : ['ws', 'http'];
  const scheme = variable(`${own}_proxy`) === undefined ? other : own;
  const url = getProxyForUrl({ protocol: `${scheme}:`, host: authorityOf(target), port: String(target.port) });
  // A proxy without a scheme has got that of the URL, which says nothing about how to speak to the proxy.
  const isComplete = [variable(`${scheme}_proxy`), variable('all_proxy')].includes(url);
  return isComplete ? url : url.replace(/^[a-z]+:/, 'http:');
}

function variable(name: string): string | undefined {
  return process.env[name] || process.env[name.toUpperCase()] || undefined;
}
