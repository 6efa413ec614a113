import type { Socket as NetSocket } from 'node:net';
import { SocksClient } from 'socks';
import { HandshakeError } from '../../protocol/index.ts';
import type { Proxy } from './proxy.ts';

/** What may be otherwise a little later, in the words of the library: RFC 1928 §6, X'01' and X'03' to X'06'. */
const PASSING = /Failure|NetworkUnreachable|HostUnreachable|ConnectionRefused|TTLExpired|Socket closed|ECONN|EPIPE/;

/**
 * Asks the SOCKS5 proxy (RFC 1928, RFC 1929) at the other end of a stream for a connection. `timeout` is how long the
 * library may wait, whatever happens to the stream. Rejects with a HandshakeError.
 */
export async function openSocks(
  stream: NetSocket,
  proxy: Proxy,
  destination: { host: string; port: number },
  timeout: number,
): Promise<void> {
  try {
    await SocksClient.createConnection({
      proxy: {
        host: proxy.host,
        port: proxy.port,
        type: 5,
        userId: proxy.credentials?.user,
        password: proxy.credentials?.password,
      },
      command: 'connect',
      destination,
      existing_socket: stream,
      timeout,
    });
  } catch (error) {
    const { message } = error as Error;
    // The library's error carries its options, and with them the password.
    throw new HandshakeError('the SOCKS proxy did not connect', {
      cause: new Error(message),
      isTemporary: PASSING.test(message),
    });
  }
}
