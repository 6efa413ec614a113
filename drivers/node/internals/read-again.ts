import { Buffer } from 'node:buffer';
import type { IncomingMessage, Server } from 'node:http';
import process from 'node:process';
import type { Duplex } from 'node:stream';

type ConnectionListener = (this: Server, stream: Duplex) => void;

/** What a server of node:http does with a connection that has come. It is loaded: the server is its. */
function connectionListener(): ConnectionListener | undefined {
  const http: object | undefined = process.getBuiltinModule?.('node:http');
  return (http as { _connectionListener?: ConnectionListener } | undefined)?._connectionListener;
}

/** Whether that is there, once node:http is loaded. Newer versions of Node need it for nothing. */
export function works(): boolean {
  return typeof connectionListener() === 'function';
}

/** What no part of a head holds: it would be read as another head than the one that came. */
const SPLITS = /[\r\n\0]/;

/**
 * Has a server read a request once more, as one that asks for no upgrade: for versions of Node that can't be told before
 * that an upgrade is to be passed over (`shouldUpgradeCallback`, Node 22.21 and 24.9). `head` is what came behind it.
 * Returns false, with nothing done, where that can't be.
 */
export function readAgain(server: Server, request: IncomingMessage, stream: Duplex, head: Uint8Array): boolean {
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  const listener = connectionListener();
  const words = [method, url, ...rawHeaders];
  if (typeof listener !== 'function' || words.some((word) => SPLITS.test(word))) return false;
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    // RFC 9110 §7.8: whoever does not know what is in Upgrade is free to ignore it.
    if (rawHeaders[i].toLowerCase() !== 'upgrade') text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  }
  stream.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]));
  listener.call(server, stream);
  return true;
}
