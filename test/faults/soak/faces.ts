/** Both ends of a conversation over the event face, and over the promise API. */
import { listen, open, type WebSocket } from '../../../drivers/index.ts';
import { connect, serve, type NodeClientOptions, type NodeServerOptions } from '../../../drivers/node/index.ts';
import type { Socket } from '../../../drivers/socket/socket.ts';
import type { End, Line } from './end.ts';

/** What both faces tell. */
export interface Watch {
  /** The end that a connection belongs to, by the target that was asked for. */
  endOf(target: string): End;
  onOpen(): void;
  /** Once for each that was opened. */
  onClose(): void;
  onViolation(error: unknown): void;
}

export interface Face {
  /** Serves; returns the port, and what ends it. */
  serve(options: NodeServerOptions, watch: Watch): Promise<{ port: number; close(): Promise<void> }>;
  /** Connects again and again until `isOver`; resolves when the last connection is closed. */
  dial(url: string, options: NodeClientOptions, watch: Watch, end: End, isOver: () => boolean): Promise<void>;
}

const RETRY_AFTER = 5;

export const eventFace: Face = {
  async serve(options, watch) {
    const listener = await serve<[End, Line]>(options, {
      open(socket) {
        watch.onOpen();
        const line = lineOfSocket(socket);
        socket.data = [watch.endOf(socket.request!.target), line];
        socket.data[0].attach(line);
      },
      message: ({ data: [end, line] }, data) => end.take(line, data),
      close({ data }) {
        if (data === undefined) return;
        watch.onClose();
        data[0].detach(data[1]);
      },
      error: watch.onViolation,
    });
    const close = async (): Promise<void> => {
      listener.stopListening();
      for (const socket of listener.connections) socket.close(1001);
      await listener.closed;
    };
    return { port: listener.port, close };
  },

  dial(url, options, watch, end, isOver) {
    return new Promise((resolve) => {
      const again = (): void => {
        let line: Line | undefined;
        connect(url, options, {
          open(socket) {
            watch.onOpen();
            end.attach((line = lineOfSocket(socket)));
          },
          message: (_, data) => end.take(line!, data),
          close() {
            if (line !== undefined) watch.onClose();
            if (line !== undefined) end.detach(line);
            if (isOver()) resolve();
            else setTimeout(again, RETRY_AFTER);
          },
          error: watch.onViolation,
        });
      };
      again();
    });
  },
};

export const promiseFace: Face = {
  async serve(options, watch) {
    const server = await listen({ ...options, onError: () => {} }, async (ws) => {
      await converse(ws, watch.endOf(ws.request!.target), watch);
    });
    return { port: server.port, close: () => server.close() };
  },

  async dial(url, options, watch, end, isOver) {
    const patience = { baseDelay: RETRY_AFTER, maxDelay: 4 * RETRY_AFTER, isFatal: () => false };
    for await (const ws of open.reconnecting(url, { ...options, ...patience })) {
      await converse(ws, end, watch);
      if (isOver()) return;
    }
  },
};

/** One connection of the promise API, to its end. */
async function converse(ws: WebSocket, end: End, watch: Watch): Promise<void> {
  watch.onOpen();
  const line = lineOfWebSocket(ws);
  end.attach(line);
  try {
    for await (const data of ws) {
      try {
        end.take(line, data);
      } catch (error) {
        watch.onViolation(error);
      }
    }
  } catch {
    // How it ended is no matter; what it carried is.
  }
  await ws.closed;
  end.detach(line);
  watch.onClose();
}

function lineOfSocket(socket: Socket<any>): Line {
  return {
    send(data, fragmented) {
      if (!fragmented) return void socket.send(data);
      for (const [part, isLast] of halves(data)) socket.sendFragment(part, isLast);
    },
    close: () => socket.close(),
    terminate: () => socket.terminate(),
  };
}

function lineOfWebSocket(ws: WebSocket): Line {
  return {
    send(data, fragmented) {
      const message = fragmented ? (halves(data).map(([part]) => part) as string[] | Uint8Array[]) : data;
      ws.send(message).catch(() => {}); // the connection has ended, which `converse` is told
    },
    close: () => void ws.close(),
    terminate: () => ws.terminate(),
  };
}

function halves(data: string | Uint8Array): [part: string | Uint8Array, isLast: boolean][] {
  // Not within a code point: each half is text by itself.
  let at = data.length >> 1;
  if (typeof data === 'string' && (data.charCodeAt(at) & 0xfc00) === 0xdc00) at++;
  const [first, second] =
    typeof data === 'string' ? [data.slice(0, at), data.slice(at)] : [data.subarray(0, at), data.subarray(at)];
  return [
    [first, false],
    [second, true],
  ];
}
