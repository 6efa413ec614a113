/** Connections over TLS, and over streams of HTTP/2 (RFC 8441), in place of TCP. */
import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { fail } from '../wire/control.ts';
import { checkResponse, type Opening, upgradeRequest } from './connection.ts';

/** Streams of one session: as many as a browser opens. */
const STREAMS = 32;

export async function openOverTls({ port, raw, onBytes }: Opening): Promise<Duplex> {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  if (!raw) {
    socket.write(upgradeRequest(port, false), 'latin1');
    let head = '';
    while (!head.endsWith('\r\n\r\n')) head += String((await once(socket, 'data'))[0]);
    checkResponse(head, false);
  }
  return carry(socket, onBytes);
}

/** Opens streams, so many on a session. */
export class Http2Opener {
  #session: ClientHttp2Session | undefined;
  #streams = 0;

  async open({ port, onBytes }: Opening): Promise<Duplex> {
    const isNew = this.#streams++ % STREAMS === 0;
    if (isNew) this.#session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const session = this.#session!;
    if (isNew) session.on('error', fail);
    if (session.remoteSettings.enableConnectProtocol !== true) await once(session, 'remoteSettings');
    const fields = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':path': '/' };
    const authority = `127.0.0.1:${port}`;
    const stream = session.request(
      { ...fields, ':authority': authority, 'sec-websocket-version': '13' },
      { endStream: false },
    );
    const [response] = (await once(stream, 'response')) as [{ ':status'?: number }];
    if (response[':status'] !== 200) throw new Error(`not accepted: ${response[':status']}`);
    return carry(stream, onBytes);
  }
}

function carry(stream: Duplex, onBytes: Opening['onBytes']): Duplex {
  stream.on('error', fail).on('end', () => fail(new Error('the peer ended the connection')));
  stream.on('data', (bytes: Buffer) => {
    try {
      onBytes(bytes, bytes.length);
    } catch (error) {
      fail(error);
    }
  });
  return stream;
}
