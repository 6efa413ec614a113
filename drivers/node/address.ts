import type { AddressInfo } from 'node:net';

/** What a server's `address()` says. */
export type Address = AddressInfo | string | null;

/** The port, or 0 where there is none. */
export function portOf(address: Address): number {
  return isInternet(address) ? address.port : 0;
}

/** The URL that reaches it. There is none with a Unix socket and TLS: that takes its `socketPath` as well. */
export function urlOf(address: Address, secure: boolean): string {
  if (typeof address === 'string' && !secure) return `ws+unix:${inUrl(address)}:`;
  return (secure ? 'wss://' : 'ws://') + (isInternet(address) ? authority(address) : 'localhost');
}

function isInternet(address: Address): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

/** Where to connect to: an unspecified address is reached as the loopback one. */
function authority({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0') return `127.0.0.1:${port}`;
  if (address === '::') return `[::1]:${port}`;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The path of a Unix socket or a named pipe as it stands in a ws+unix: URL, in which two slashes would begin a host. */
function inUrl(path: string): string {
  return encodeURIComponent(path).replaceAll('%2F', '/').replace(/^\/\//, '/%2F');
}
