import { connect as connectTcp, type Socket as NetSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Connection, resolveLimit } from '../../protocol/index.ts';
import type { Handlers } from '../handlers.ts';
import { SEND_HIGH_WATER, SEND_LIMIT } from '../handlers.ts';
import { Socket } from '../socket.ts';
import { nodeClock } from './clock.ts';
import { workspace } from './environment.ts';
import { NodeTransport } from './node-transport.ts';
import type { NodeClientOptions } from './options.ts';
import { zlibCodec } from './zlib-codec.ts';

/**
 * Opens a connection. What goes wrong comes as `close`, with the reason in `info.error`.
 * Throws a SyntaxError for a bad URL, and a TypeError or RangeError for bad options.
 */
export function connect<Data = unknown>(
  url: string | URL,
  options: NodeClientOptions,
  handlers: Handlers<Data>,
): Socket<Data> {
  const target = parseUrl(url);
  const socket = new Socket<Data>({
    handlers,
    clock: nodeClock,
    workspace,
    connect: (sink) => {
      const request = { ...options, url: target.href };
      return Connection.client(request, { ...options, now: nodeClock.now(), sink, workspace, codec: zlibCodec() });
    },
    url: target.href,
    remoteAddress: '',
    sendHighWater: resolveLimit('sendHighWater', options.sendHighWater, SEND_HIGH_WATER),
    sendLimit: resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT),
    signal: options.signal,
  });
  const stream = dial(target, options);
  stream.once('connect', () => socket.attach(transport, stream.remoteAddress));
  const transport = new NodeTransport(stream, socket.transportHandler);
  socket.attach(transport);
  return socket;
}

/** The URL in its normal form. What `new URL` would pass over in silence is refused. */
function parseUrl(url: string | URL): URL {
  const text = String(url);
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x20\x7f]/.test(text)) throw new SyntaxError('a URL must not have white space or control characters');
  if (!URL.canParse(text)) throw new SyntaxError('the URL is not valid');
  return new URL(text);
}

function dial(url: URL, options: NodeClientOptions): NetSocket {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const secure = url.protocol === 'wss:';
  const port = Number(url.port || (secure ? 443 : 80));
  const target = options.socketPath === undefined ? { host, port } : { path: options.socketPath };
  if (!secure) return connectTcp({ ...target, allowHalfOpen: true, noDelay: true });
  // RFC 6066 §3: a server name is never an address.
  const servername = /^[\d.]+$|:/.test(host) ? '' : host;
  const halfOpen = { ...target, allowHalfOpen: true }; // an option of tls.connect that its types lack
  return connectTls({ servername, ALPNProtocols: ['http/1.1'], ...options.tls, ...halfOpen }).setNoDelay(true);
}
