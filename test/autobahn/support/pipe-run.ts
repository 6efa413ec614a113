import type { Case } from '../../../autobahn/case.ts';
import type { Role } from '../../../autobahn/endpoint.ts';
import { CaseRun } from '../../../autobahn/run.ts';
import type { Outcome } from '../../../autobahn/run.ts';
import type { Timing, Wire, WireHandler } from '../../../autobahn/wire.ts';
import type { Handlers } from '../../../drivers/socket/socket.ts';
import { zlibCodec } from '../../../drivers/node/zlib/codec.ts';
import { Link, SeededRandom, VirtualClock } from '../../../drivers/pipe/index.ts';
import type { LinkOptions, TransportEnd } from '../../../drivers/pipe/index.ts';
import { AdmissionControl } from '../../../drivers/socket/admission-control.ts';
import { Socket } from '../../../drivers/socket/socket.ts';
import { SocketSetting } from '../../../drivers/socket/socket-parts.ts';
import type { TransportHandler } from '../../../drivers/transport.ts';
import { Connection, Resources } from '../../../protocol/index.ts';

/** Runs a case over the in-memory network, on its virtual clock, against a socket that echoes. `role` is the suite's. */
export function runOverPipe(test: Case, role: Role, options: LinkOptions = {}): Outcome {
  const clock = new VirtualClock({ manual: true });
  const link = new Link({ clock, random: new SeededRandom(1), options: [options] });
  let outcome: Outcome | undefined;
  const done = (it: Outcome): void => void (outcome = it);
  const timing: Timing = {
    now: () => clock.now(),
    after(milliseconds, callback) {
      const wake = clock.wakeAt(clock.now() + milliseconds, callback);
      return () => wake.cancel();
    },
    soon: (callback) => void clock.wakeAt(clock.now(), callback),
  };
  const run = new CaseRun(test, { role, timing, host: 'pipe', resource: '/', done });
  const [mine, theirs] = role === 'client' ? [link.client, link.server] : [link.server, link.client];
  echoOver(theirs, role === 'client' ? 'server' : 'client', clock);
  run.start(new PipeWire(mine, run));
  for (let seconds = 0; outcome === undefined; seconds++) {
    if (seconds > 1100) throw new Error(`${test.id} does not end`);
    clock.advanceSync(1000);
  }
  return outcome;
}

function echoOver(end: TransportEnd, role: Role, clock: VirtualClock): void {
  const resources = new Resources();
  const handlers: Handlers = { message: (socket, data) => void socket.send(data) };
  const socket = new Socket({
    setting: new SocketSetting({
      handlers,
      clock,
      resources,
      admission: new AdmissionControl({}),
      sendHighWater: 64 * 1024,
      sendLimit: 64 * 1024 * 1024,
    }),
    connect: (sink) => {
      const common = { now: clock.now(), sink, resources, compress: true, codec: zlibCodec() };
      return role === 'server' ? Connection.server(common) : Connection.client({ url: 'ws://pipe/' }, common);
    },
    url: 'ws://pipe/',
    remoteAddress: '',
  });
  end.start(socket.transportHandler);
  socket.attach(end);
}

/** The suite's wire over an end of a link. */
class PipeWire implements Wire, TransportHandler {
  private readonly end_: TransportEnd;
  private readonly handler: WireHandler;
  private ended: boolean;
  private told: boolean;

  constructor(end: TransportEnd, handler: WireHandler) {
    this.end_ = end;
    this.handler = handler;
    this.ended = false;
    this.told = false;
    end.start(this);
  }

  write(bytes: Uint8Array): void {
    if (!this.ended) this.end_.write([bytes]);
  }

  end(): void {
    this.ended = true;
    this.end_.end();
  }

  abort(): void {
    this.ended = true;
    this.end_.abort();
  }

  onData(bytes: Uint8Array): void {
    this.handler.onBytes(bytes.slice());
  }

  onDrain(): void {}

  onEnd(): void {
    this.end();
    this.onLost();
  }

  onLost(): void {
    if (this.told) return;
    this.told = true;
    this.handler.onGone();
  }
}
