import type { CloseInfo } from '../../../protocol/index.ts';
import type { Handlers, Socket } from '../../../drivers/socket/socket.ts';
import type { NetworkDriver } from '../../../drivers/pipe/network.ts';
import type { PipeClientOptions, PipeServerOptions } from '../../../drivers/pipe/options.ts';

/** What happened to the connections of one side, as lines, and how they ended. */
export class Recorder {
  readonly log: string[] = [];
  readonly sockets: Socket[] = [];
  readonly infos: CloseInfo[] = [];
  readonly messages: (string | Uint8Array)[] = [];
  readonly handlers: Handlers;
  private readonly waiting: (() => void)[] = [];

  constructor(on: Handlers = {}) {
    this.handlers = {
      open: (socket) => {
        this.sockets.push(socket);
        this.note('open');
        on.open?.(socket);
      },
      message: (socket, data, binary) => {
        this.messages.push(data);
        this.note(typeof data === 'string' ? `text ${data}` : `binary ${data.length}`);
        on.message?.(socket, data, binary);
      },
      ping: (socket, payload) => {
        this.note('ping');
        on.ping?.(socket, payload);
      },
      pong: (socket, payload, id, roundTrip) => {
        this.note(`pong ${roundTrip}`);
        on.pong?.(socket, payload, id, roundTrip);
      },
      drain: (socket) => {
        this.note('drain');
        on.drain?.(socket);
      },
      close: (socket, info) => {
        this.infos.push(info);
        this.note(`close ${info.code}`);
        on.close?.(socket, info);
      },
      error: (error) => this.note(`error ${String(error)}`),
    };
  }

  /** Resolves at the next event for which `is` holds, or now. */
  async until(is: () => boolean): Promise<void> {
    while (!is()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private note(line: string): void {
    this.log.push(line);
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** A server named `server` that echoes, unless it has handlers of its own, and a client of it, both recorded. */
export async function echo(
  network: NetworkDriver,
  options: { client?: PipeClientOptions; server?: PipeServerOptions; onClient?: Handlers; onServer?: Handlers } = {},
) {
  const server = new Recorder(options.onServer ?? { message: (socket, data) => void socket.send(data) });
  const client = new Recorder(options.onClient);
  const listener = await network.serve({ host: 'server', ...options.server }, server.handlers);
  const socket = network.connect('ws://server/', options.client, client.handlers);
  return { server, client, listener, socket };
}

/** The `code` of the error behind the error. */
export function causeCode(info: CloseInfo | undefined): unknown {
  return (info?.error?.cause as { code?: unknown } | undefined)?.code;
}

/** Lets the real event loop turn for a while: whatever could happen by itself happens. */
export async function idle(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}
