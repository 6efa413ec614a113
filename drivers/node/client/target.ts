import { URL } from 'node:url';
import { parseWebSocketUrl } from '../../../protocol/index.ts';

/** Where a client is to connect to. */
export interface Target {
  /** The URL in its normal form, as `socket.url` tells it. */
  readonly href: string;
  /** The `ws:` or `wss:` URL that the request is made of. */
  readonly url: string;
  readonly secure: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The Unix socket or named pipe, if it is one. */
  readonly socketPath: string | undefined;
}

/**
 * What a URL means: `ws:`, `wss:`, or `ws+unix:/path/of/socket:/resource`. What `new URL` would pass over in silence is
 * refused. Throws a SyntaxError that doesn't repeat the URL, which may hold a password.
 */
export function parseTarget(url: string | URL, socketPath?: string): Target {
  const text = String(url);
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x20\x7f]/.test(text)) throw new SyntaxError('a URL must not have white space or control characters');
  if (!URL.canParse(text)) {
    parseWebSocketUrl(text); // says what is wrong with it, where that is known
    throw new SyntaxError('the URL is not valid');
  }
  const parsed = new URL(text);
  if (parsed.protocol !== 'ws+unix:') return targetOf(parsed.href, parsed.href, socketPath);
  if (socketPath !== undefined) throw new TypeError('a ws+unix: URL has its socketPath in it');
  if (parsed.host !== '') throw new SyntaxError('a ws+unix: URL has no host');
  if (parsed.hash !== '') throw new SyntaxError('a WebSocket URL has no fragment');
  const [, path, resource] = /^([^:]+)(?::(.*))?$/s.exec(parsed.pathname) ?? [];
  if (path === undefined) throw new SyntaxError('a ws+unix: URL has the path of a socket');
  if (resource !== undefined && resource !== '' && !resource.startsWith('/')) {
    throw new SyntaxError('the resource of a ws+unix: URL begins with a slash');
  }
  return targetOf(parsed.href, `ws://localhost${resource ?? ''}${parsed.search}`, decodePath(path));
}

/** The target of a `ws:` or `wss:` URL in its normal form. */
export function targetOf(href: string, url: string, socketPath: string | undefined): Target {
  const { secure, hostname, port } = parseWebSocketUrl(url);
  return { href, url, secure, host: hostname.replace(/^\[|\]$/g, ''), port, socketPath };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new SyntaxError('the path in the ws+unix: URL is not valid');
  }
}

/** A host and its port as they stand in a URL and in a CONNECT. */
export function authorityOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
