import { webClock } from './clock.ts';

/** What a message that waits takes besides its bytes: one without any counts too. */
export const ITEM_COST = 128;

/** What carries the messages of one connection: the runtime's WebSocket, or its WebSocketStream. */
export interface Carrier {
  /** Sends a message. */
  send(message: string | Uint8Array): void;
  /** Bytes that were sent and have not left, as far as the runtime tells. */
  readonly bufferedAmount: number;
  /** Starts the closing handshake, with a code where the runtime sends that one. */
  close(code: number | undefined, reason: string): void;
  /** Stops and goes on reading, where the runtime can. */
  pause?(): void;
  resume?(): void;
}

/** Where a carrier reports. */
export interface CarrierHandler {
  onOpen(opening: { protocol: string; extensions: string; url: string }): void;
  /** A message as the runtime has it: a string or bytes of any kind. With anything else it ends. */
  onMessage(message: unknown): void;
  /** There may be room again: asked for by looking, where the runtime doesn't tell. */
  onRoom(): void;
  /** The end, exactly once. `code` is 1006 where no Close frame came. */
  onEnd(code: number, reason: string, cause?: unknown): void;
}

/** Makes a carrier that reports to this handler. */
export type CarrierMaker = (handler: CarrierHandler) => Carrier;

/** What is used of a WebSocket as the WHATWG has it; those of browsers, Deno, Bun, Node and Workers are. */
export interface WebSocketLike {
  /** 0 to 3, as the standard counts them. */
  readonly readyState: number;
  /** The URL that was opened, where it is told. */
  readonly url?: string | null;
  /** The subprotocol that was agreed on. */
  readonly protocol?: string | null;
  /** The extensions that were agreed on. */
  readonly extensions?: string | null;
  /** Bytes that have not left, where it is told. */
  readonly bufferedAmount?: number;
  /** Is set to `'arraybuffer'`. */
  binaryType?: string;
  /** Sends a string as TEXT, bytes as BINARY. */
  send(data: any): void;
  /** Starts the closing handshake. */
  close(code?: number, reason?: string): void;
  /** Listens to `open`, `message`, `close` and `error`. */
  addEventListener(type: any, listener: (event: any) => void): void;
}

/** Carries nothing: for an opening handshake that was given up before anything was asked for. */
export const nowhere: CarrierMaker = () => ({ send() {}, bufferedAmount: 0, close() {} });

const OPEN = 1;

/** A WebSocket as a carrier. It can't stop reading, and tells what is buffered only to those who ask. */
export function overWebSocket(webSocket: WebSocketLike): CarrierMaker {
  return (handler) => {
    let isOpened = false;
    let isOver = false;
    const end = (code: number, reason: string): void => {
      if (isOver) return;
      isOver = true;
      handler.onEnd(code, reason);
    };
    const opened = (): void => {
      isOpened = true;
      const { protocol, extensions, url } = webSocket;
      handler.onOpen({ protocol: protocol ?? '', extensions: extensions ?? '', url: url ?? '' });
    };
    webSocket.binaryType = 'arraybuffer';
    if (webSocket.readyState < OPEN) webSocket.addEventListener('open', opened);
    webSocket.addEventListener('message', ({ data }: { data: unknown }) => handler.onMessage(data));
    // `wasClean` is always false in Bun; the code tells too. And Bun has codes of its own for what never was open.
    webSocket.addEventListener('close', ({ code, reason }: { code?: number; reason?: string }) =>
      isOpened ? end(code ?? 1006, reason ?? '') : end(1006, ''),
    );
    // It says nothing of why. 'close' follows, except in Node 22 for what never was open.
    webSocket.addEventListener('error', () => {
      if (!isOpened) webClock.defer(() => end(1006, ''));
    });
    if (webSocket.readyState === OPEN) opened();
    else if (webSocket.readyState > OPEN) webClock.defer(() => end(1006, ''));
    return {
      send: (message) => webSocket.send(message),
      get bufferedAmount() {
        return webSocket.bufferedAmount ?? 0;
      },
      close: (code, reason) => (code === undefined ? webSocket.close() : webSocket.close(code, reason)),
    };
  };
}

/** What is used of a WebSocketStream. */
export interface WebSocketStreamLike {
  readonly url: string;
  readonly opened: Promise<{
    readable: ReadableStream<string | ArrayBuffer | Uint8Array>;
    writable: WritableStream<string | Uint8Array>;
    protocol: string;
    extensions: string;
  }>;
  readonly closed: Promise<{ closeCode?: number; reason?: string }>;
  close(info?: { closeCode?: number; reason?: string }): void;
}

/** A WebSocketStream as a carrier: with backpressure both ways. */
export function overStream(stream: WebSocketStreamLike): CarrierMaker {
  return (handler) => {
    let writer: WritableStreamDefaultWriter<string | Uint8Array> | undefined;
    let buffered = 0;
    let paused = false;
    let goOn: (() => void) | undefined;

    const read = async (readable: ReadableStream<string | ArrayBuffer | Uint8Array>): Promise<void> => {
      const reader = readable.getReader();
      for (;;) {
        if (paused) await new Promise<void>((resolve) => (goOn = resolve));
        const { value, done } = await reader.read();
        if (done) return;
        handler.onMessage(value);
      }
    };
    let isOpen = false;
    const whole = stream.opened.then(({ readable, writable, protocol, extensions }) => {
      isOpen = true;
      writer = writable.getWriter();
      writer.closed.catch(() => {});
      const reading = read(readable).catch(() => {});
      handler.onOpen({ protocol, extensions, url: stream.url });
      return reading;
    });
    void stream.closed.then(
      async ({ closeCode, reason }) => {
        // What came before the end is delivered before it, at the pace of whoever receives.
        await whole.catch(() => {});
        handler.onEnd(closeCode ?? 1005, reason ?? '');
      },
      async (error: { closeCode?: number | null; reason?: string } | undefined) => {
        if (isOpen) await whole.catch(() => {});
        handler.onEnd(error?.closeCode ?? 1006, error?.reason ?? '', error);
      },
    );
    whole.catch(() => {});
    return {
      send(message) {
        // An empty one waits as well as any other.
        const size = message.length + ITEM_COST;
        buffered += size;
        writer!.write(message).then(
          () => {
            buffered -= size;
            handler.onRoom();
          },
          () => {},
        );
      },
      get bufferedAmount() {
        return buffered;
      },
      close: (code, reason) => stream.close(code === undefined ? {} : { closeCode: code, reason }),
      pause: () => void (paused = true),
      resume() {
        paused = false;
        goOn?.();
      },
    };
  };
}
