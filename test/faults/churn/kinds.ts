/** The lives that a connection of the churn may have, one after the other until its end. */
import { connect as connectTcp, type Socket as NetSocket } from 'node:net';
import { connect, type NodeClientOptions, type Socket } from '../../../drivers/node/index.ts';
import type { CloseInfo } from '../../../protocol/index.ts';

/** Where to connect to: a plain server and one with a certificate that nobody trusts. */
export interface Targets {
  readonly plain: number;
  readonly secure: number;
  /** Whom to connect as, so that no address runs out of ports: 127.0.0.x. */
  readonly localAddress: string;
}

/** What the kinds are, and what makes one connection of each. Rejects when it did not come out as it must. */
export const KINDS = { clean, reset, badKey, refused, aborted, tlsFailure } as const;
export type Kind = keyof typeof KINDS;

/** For the opening handshake, on both sides: what the churn holds is no matter of time. */
export const PATIENCE = 120_000;

const GOOD =
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** Opens, sends, receives the echo, closes: both sides say 1000. */
async function clean({ plain, localAddress }: Targets): Promise<void> {
  let echo: unknown;
  const info = await life(`ws://127.0.0.1:${plain}/`, { localAddress }, (socket) => socket.send('hello'), {
    message(socket, data) {
      echo = data;
      socket.close();
    },
  });
  expectThat(echo === 'hello' && info.clean && info.code === 1000, 'a clean close', info);
}

/** Opens, and is reset. */
async function reset({ plain, localAddress }: Targets): Promise<void> {
  const socket = connectTcp({ port: plain, host: '127.0.0.1', localAddress });
  const closed = endOf(socket);
  const opened = new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve).once('close', () => reject(new Error('no answer came')));
  });
  socket.write(GOOD);
  expectThat((await opened).toString('latin1').startsWith('HTTP/1.1 101 '), 'a 101', undefined);
  socket.resetAndDestroy();
  await closed;
}

/** Sends a key that is none: 400. */
async function badKey({ plain, localAddress }: Targets): Promise<void> {
  const socket = connectTcp({ port: plain, host: '127.0.0.1', localAddress });
  let response = '';
  socket.on('data', (chunk) => (response += chunk.toString('latin1')));
  socket.write(GOOD.replace('dGhl', '!!!!'));
  await endOf(socket);
  expectThat(response.startsWith('HTTP/1.1 400 '), 'a 400', response);
}

/** Is not authorized: 403. */
async function refused({ plain, localAddress }: Targets): Promise<void> {
  const { error } = await life(`ws://127.0.0.1:${plain}/refused`, { localAddress });
  const status = (error as { response?: { status: number } } | undefined)?.response?.status;
  expectThat(status === 403, 'a 403', error);
}

/** Gives up while the server decides. */
async function aborted({ plain, localAddress }: Targets): Promise<void> {
  const giveUp = new AbortController();
  const ended = life(`ws://127.0.0.1:${plain}/undecided`, { localAddress, signal: giveUp.signal });
  setTimeout(() => giveUp.abort(), 5);
  const { error } = await ended;
  expectThat(/aborted/.test(String(error)), 'an abort', error);
}

/** Does not trust the certificate. */
async function tlsFailure({ secure, localAddress }: Targets): Promise<void> {
  const { error } = await life(`wss://127.0.0.1:${secure}/`, { localAddress });
  const { cause } = (error ?? {}) as { cause?: { code?: string } };
  expectThat(cause?.code === 'DEPTH_ZERO_SELF_SIGNED_CERT', 'a certificate that is not trusted', cause ?? error);
}

/** A client's connection, from `connect` to `close`. */
function life(
  url: string,
  options: NodeClientOptions,
  open?: (socket: Socket<unknown>) => void,
  handlers: Parameters<typeof connect>[2] = {},
): Promise<CloseInfo> {
  return new Promise((resolve, reject) => {
    connect(
      url,
      { ...options, handshakeTimeout: PATIENCE },
      { open, ...handlers, close: (_, info) => resolve(info), error: reject },
    );
  });
}

function endOf(socket: NetSocket): Promise<void> {
  return new Promise((resolve) => void socket.on('error', () => {}).once('close', () => resolve()));
}

function expectThat(condition: boolean, what: string, found: unknown): void {
  if (!condition) throw new Error(`not ${what}`, { cause: found });
}
