/** Servers for the doctor to look at, each as it is wanted. */
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { examine, type DoctorOptions } from '../../../drivers/cli/doctor/doctor.ts';
import { listen, type NodeServerOptions, type WebSocket } from '../../../drivers/index.ts';
import { acceptKey } from '../../../protocol/index.ts';

export const OPTIONS: DoctorOptions = {
  origin: undefined,
  headers: {},
  subprotocols: [],
  proxy: undefined,
  insecure: false,
  messages: true,
  idle: 0,
  timeout: 400,
};

export const cleanups: (() => unknown)[] = [];
/** Ends all of them: for `afterEach`. */
export async function endPatients(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** Where something listens that does this with each connection. */
export async function tcp(onConnection: (socket: Socket) => void, server: NetServer = createServer()): Promise<string> {
  const sockets = new Set<Socket>();
  server.on(
    server.listenerCount('tlsClientError') >= 0 && 'setSecureContext' in server ? 'secureConnection' : 'connection',
    (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      onConnection(socket);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A server that begins so, and goes on with this every few milliseconds, for ever. */
export function dripping(first: string, then: string): Promise<string> {
  return tcp((socket) => {
    socket.write(first, 'latin1');
    const timer = setInterval(() => void socket.write(then), 20);
    socket.on('close', () => clearInterval(timer));
  });
}

/** A server that answers every request with these bytes, made from its key, and does this afterwards. */
export function answering(
  answer: (key: string) => string,
  then: (socket: Socket, key: string) => void = () => {},
): Promise<string> {
  return tcp((socket) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      const key = /sec-websocket-key: (\S+)/i.exec(text)![1];
      socket.write(answer(key));
      then(socket, key);
    };
    socket.on('data', onData);
  });
}

/** A response without a body. */
export const plain =
  (status: string, ...fields: string[]) =>
  () =>
    `HTTP/1.1 ${[status, 'Content-Length: 0', ...fields].join('\r\n')}\r\n\r\n`;

/** A 101 that answers the key, with these fields changed or left out. */
export const upgraded =
  (change: Record<string, string | undefined> = {}, first = 'HTTP/1.1 101 Switching Protocols') =>
  (key: string) => {
    const fields = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': acceptKey(key), ...change };
    const lines = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
    return `${[first, ...lines].join('\r\n')}\r\n\r\n`;
  };

/** A server of ours. */
export async function ours(
  options: NodeServerOptions,
  handler: (ws: WebSocket) => Promise<void> = echo,
): Promise<string> {
  const server = await listen({ host: '127.0.0.1', port: 0, ...options }, handler);
  cleanups.push(() => server.close({ timeout: 0 }));
  return server.url;
}

export async function echo(ws: WebSocket): Promise<void> {
  for await (const message of ws) await ws.send(message);
}

/** A server that speaks TLS, and does this with each connection. */
export async function tls(
  certificate: { key: string; cert: string },
  onConnection: (socket: Socket) => void = () => {},
): Promise<string> {
  return (await tcp(onConnection, createTlsServer(certificate))).replace('ws:', 'wss:');
}

/** What is found that is not well, by its names. */
export async function ids(url: string, options: Partial<DoctorOptions> = {}): Promise<string[]> {
  const findings = await examine(url, { ...OPTIONS, ...options });
  return findings.filter(({ severity }) => severity !== 'ok').map(({ id }) => id);
}
