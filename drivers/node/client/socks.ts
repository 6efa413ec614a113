import type { Socket as NetSocket } from 'node:net';
import { SocksClient, type SocksClientOptions } from 'socks';
import { HandshakeError } from '../../../protocol/index.ts';
import { checkAlive } from './failure.ts';
import type { Proxy } from './proxy.ts';

/** What may be otherwise a little later, in the words of the library: RFC 1928 §6, X'01' and X'03' to X'06'. */
const PASSING = /Failure|NetworkUnreachable|HostUnreachable|ConnectionRefused|TTLExpired|Socket closed|ECONN|EPIPE/;

/**
 * Asks the SOCKS5 proxy (RFC 1928, RFC 1929) at the other end of a stream for a connection. Rejects with a HandshakeError,
 * whose deadline is not known here: destroy the stream.
 */
export async function openSocks(
  stream: NetSocket,
  proxy: Proxy,
  destination: { host: string; port: number },
): Promise<void> {
  checkAlive(stream);
  // A proxy that hangs up has nothing more to say; the library waits for 'close' alone.
  const hangUp = (): void => void stream.destroy();
  stream.once('end', hangUp);
  try {
    await connect({
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
      timeout: 1,
    });
  } catch (error) {
    const { message } = error as Error;
    // The library's error carries its options, and with them the password.
    throw new HandshakeError('the SOCKS proxy did not connect', {
      kind: 'proxy',
      cause: new Error(message),
      isTemporary: PASSING.test(message),
    });
  } finally {
    stream.off('end', hangUp);
  }
}

/** As `SocksClient.createConnection`, without its deadline, whose timer nothing would call off. */
function connect(options: SocksClientOptions): Promise<unknown> {
  const client = new SocksClient(options);
  Object.assign(client, { onEstablishedTimeout() {} });
  return new Promise((resolve, reject) => {
    client.once('established', resolve).once('error', reject);
    client.connect(options.existing_socket);
  });
}
