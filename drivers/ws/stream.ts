import { Duplex, type DuplexOptions } from 'node:stream';
import type { WebSocket } from './websocket.ts';
import { nextTick } from './clock.ts';

/** What is looked at of a stream's state: it is there in every Node. */
interface Internals {
  _readableState: { objectMode: boolean; endEmitted: boolean };
  _writableState: { finished: boolean };
}

/**
 * A WebSocket as a Duplex: each message is a chunk, each chunk a message. With `readableObjectMode`, TEXT comes as strings.
 */
export function createWebSocketStream(ws: WebSocket, options?: DuplexOptions): Duplex {
  let terminatesOnDestroy = true;
  const duplex = new Duplex({
    ...options,
    autoDestroy: false,
    emitClose: false,
    objectMode: false,
    writableObjectMode: false,
  }) as Duplex & Internals;
  const emitClose = () => nextTick(() => duplex.emit('close'));

  ws.on('message', (message: Buffer, isBinary: boolean) => {
    const chunk = !isBinary && duplex._readableState.objectMode ? message.toString() : message;
    if (!duplex.push(chunk)) ws.pause();
  });
  ws.once('error', (error: Error) => {
    if (duplex.destroyed) return;
    // The Close frame that tells of it is on its way: to terminate now might keep it from leaving.
    terminatesOnDestroy = false;
    duplex.destroy(error);
  });
  ws.once('close', () => {
    if (!duplex.destroyed) duplex.push(null);
  });

  duplex._destroy = (error, callback) => {
    if (ws.readyState === ws.CLOSED) {
      callback(error);
      emitClose();
      return;
    }
    let isCalled = false;
    ws.once('error', (wsError: Error) => {
      isCalled = true;
      callback(wsError);
    });
    ws.once('close', () => {
      if (!isCalled) callback(error);
      emitClose();
    });
    if (terminatesOnDestroy) ws.terminate();
  };

  duplex._final = (callback) => {
    if (ws.readyState === ws.CONNECTING) return void ws.once('open', () => duplex._final(callback));
    const stream = ws._socket as (Duplex & Internals) | null;
    // The handshake has failed: an 'error' is to come.
    if (stream === null) return;
    // One that was lost will not finish any more.
    const finish = (): void => {
      stream.off('finish', finish).off('close', finish);
      callback();
      // Otherwise 'end' is to come, when the WebSocket has closed.
      if (duplex._readableState.endEmitted) duplex.destroy();
    };
    if (stream._writableState.finished || stream.destroyed) return finish();
    stream.once('finish', finish).once('close', finish);
    ws.close();
  };

  duplex._read = () => {
    if (ws.isPaused) ws.resume();
  };

  duplex._write = (chunk, encoding, callback) => {
    if (ws.readyState === ws.CONNECTING) return void ws.once('open', () => duplex._write(chunk, encoding, callback));
    ws.send(chunk, callback);
  };

  duplex.on('end', () => {
    if (!duplex.destroyed && duplex._writableState.finished) duplex.destroy();
  });
  duplex.on('finish', () => {
    if (!duplex.destroyed && duplex._readableState.endEmitted) duplex.destroy();
  });
  duplex.on('error', function onError(error) {
    duplex.removeListener('error', onError);
    duplex.destroy();
    // Nobody else listens: as any unheard error.
    if (duplex.listenerCount('error') === 0) duplex.emit('error', error);
  });
  return duplex;
}
