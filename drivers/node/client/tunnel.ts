import type { Duplex } from 'node:stream';
import { HandshakeError } from '../../../protocol/index.ts';
import { TunnelHandshake, type TunnelOptions } from '../../../protocol/internal.ts';

/** Asks the HTTP proxy at the other end of a stream for a tunnel. Rejects with a HandshakeError, and leaves the stream as it is. */
export function openTunnel(stream: Duplex, options: TunnelOptions): Promise<void> {
  const handshake = new TunnelHandshake(options);
  const answer = readAnswer(stream, handshake);
  stream.write(handshake.output);
  return answer;
}

/** Reads what a proxy answers. Rejects with a HandshakeError where that is no tunnel. */
export function readAnswer(stream: Duplex, handshake: TunnelHandshake): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      stream.off('data', onData).off('end', onEnd).off('error', onLost).off('close', onLost);
      if (error !== undefined) return reject(error);
      stream.pause();
      resolve();
    };
    const onData = (chunk: Buffer): void => {
      const consumed = handshake.receive(new Uint8Array(chunk));
      if (handshake.error !== undefined) settle(handshake.error);
      else if (handshake.isOpen && consumed < chunk.length) {
        // Whoever is at the other end of the tunnel has been asked nothing yet.
        settle(new HandshakeError('the proxy sent more than its answer', { kind: 'proxy' }));
      } else if (handshake.isOpen) settle();
    };
    const onEnd = (): void => {
      handshake.receiveEof();
      settle(handshake.error);
    };
    const onLost = (cause?: Error): void => {
      handshake.receiveEof();
      const { response } = handshake.error!;
      settle(response !== undefined ? handshake.error : lost(cause));
    };
    stream.on('data', onData).on('end', onEnd).on('error', onLost).on('close', onLost);
  });
}

function lost(cause: Error | undefined): HandshakeError {
  const init = cause === undefined ? {} : { cause };
  return new HandshakeError('the connection to the proxy was lost', { ...init, isTemporary: true, kind: 'proxy' });
}
