import type { Peer } from '../../../autobahn/memory.ts';
import { zlibCodec } from '../../../drivers/node/zlib/codec.ts';
import { Connection, TransportAction } from '../../../protocol/index.ts';
import type { ConnectionOptions, Sink } from '../../../protocol/index.ts';
import type { Timing, Wire, WireHandler } from '../../../autobahn/wire.ts';

/** The core, in one of its roles, as an echo over a wire in memory: a driver in its smallest form. */
export function corePeer(role: 'client' | 'server', options: Partial<ConnectionOptions> = {}): Peer {
  return (wire, timing) => new CorePeer(role, options, wire, timing);
}

class CorePeer implements WireHandler {
  private readonly connection: Connection;
  private readonly wire: Wire;
  private readonly timing: Timing;
  private cancel: () => void;

  constructor(role: 'client' | 'server', options: Partial<ConnectionOptions>, wire: Wire, timing: Timing) {
    this.wire = wire;
    this.timing = timing;
    this.cancel = () => {};
    const sink: Partial<Sink> = {
      onText: (text) => this.connection.sendText(text),
      onBinary: (bytes) => this.connection.sendBinary(bytes.slice()),
    };
    const all = { now: timing.now(), sink, compress: true, codec: zlibCodec(), ...options };
    this.connection = role === 'server' ? Connection.server(all) : Connection.client({ url: 'ws://memory/' }, all);
    this.flush();
  }

  onBytes(bytes: Uint8Array): void {
    this.connection.receive(bytes, this.timing.now());
    this.flush();
  }

  onGone(): void {
    this.connection.receiveEof(this.timing.now());
    this.flush();
    this.cancel();
  }

  private flush(): void {
    for (const chunk of this.connection.takeOutput()) this.wire.write(chunk);
    if (this.connection.transportAction === TransportAction.END) this.wire.end();
    if (this.connection.transportAction === TransportAction.ABORT) this.wire.abort();
    this.cancel();
    const due = this.connection.nextTimeout();
    if (due === Infinity) return;
    this.cancel = this.timing.after(due - this.timing.now(), () => {
      this.connection.handleTimeout(this.timing.now());
      this.flush();
    });
  }
}
