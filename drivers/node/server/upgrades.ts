import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Rejection } from '../../../protocol/index.ts';
import { pathOfTarget, UNAVAILABLE } from '../../../protocol/internal.ts';
import { INTERNAL_ERROR, NOT_FOUND } from '../../socket/decision.ts';
import { guard } from '../../socket/guard.ts';
import { wakeWhenDue } from '../../clock.ts';
import { nodeClock } from '../clock.ts';
import { readAgain } from '../internals/read-again.ts';
import { isTaken } from '../node-transport.ts';
import { Acceptor } from './acceptor.ts';

/** Who takes the upgrades for some paths of a server. */
export interface UpgradeTaker {
  /** Whether a path is one of its own. May throw. */
  matches(path: string): boolean;
  take(request: IncomingMessage, stream: Duplex, head: Uint8Array): void;
  /** `matches` threw. */
  failed(error: unknown): void;
  /** How long an upgrade that is not its own may go without an answer, in milliseconds. */
  readonly grace: number;
}

/** What newer versions of node:http ask before 'upgrade': whether a request is one, and else is to be a 'request'. */
interface Upgradable extends Server {
  shouldUpgradeCallback?(request: IncomingMessage): boolean;
}

/** It asks for something else than a WebSocket, and nobody answers plain requests. */
const UPGRADE_REQUIRED: Rejection = { status: 426, headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' } };

const upgradesOf = new WeakMap<Server, Upgrades>();

/** Has a taker served from now on, by one listener for all that a server has. Returns what undoes it. */
export function takeUpgrades(server: Server, taker: UpgradeTaker): () => void {
  let upgrades = upgradesOf.get(server);
  if (upgrades === undefined) {
    upgrades = new Upgrades(server);
    upgradesOf.set(server, upgrades);
  }
  return upgrades.add(taker);
}

/** Whether a request of node:http asks for a WebSocket (RFC 6455 §4.2.1). */
export function isWebSocketUpgrade({ method, headers }: IncomingMessage): boolean {
  const tokens = (headers.upgrade ?? '').split(',');
  return method === 'GET' && tokens.some((token) => token.trim().toLowerCase() === 'websocket');
}

/**
 * The upgrades of one server of node:http, from the first taker to the last.
 *
 * By listening to 'upgrade' at all a server's every request with an Upgrade becomes one, which node:http answers with nothing.
 * So whoever has it listen answers for those that nobody takes: what asks for a WebSocket gets 404, and what asks for
 * something else (h2c, say, which clients add to ordinary requests) is answered as the ordinary request that it is. Where
 * others listen too they have `grace`.
 */
class Upgrades {
  readonly #server: Upgradable;
  readonly #takers: Set<UpgradeTaker>;
  readonly #isUpgradeToOthers: Upgradable['shouldUpgradeCallback'];
  /** Refuses: it has nobody's options and tells nobody. */
  readonly #refusers: { readonly plain: Acceptor<unknown>; readonly secure: Acceptor<unknown> };

  constructor(server: Upgradable) {
    this.#server = server;
    this.#takers = new Set();
    this.#isUpgradeToOthers = server.shouldUpgradeCallback;
    const plain = new Acceptor({}, {}, false);
    this.#refusers = { plain, secure: new Acceptor({}, {}, true, plain.admission) };
    server.on('upgrade', this.#onUpgrade);
    if (this.#isUpgradeToOthers !== undefined) server.shouldUpgradeCallback = this.#isUpgrade;
  }

  add(taker: UpgradeTaker): () => void {
    this.#takers.add(taker);
    return () => {
      if (this.#takers.delete(taker) && this.#takers.size === 0) this.#end();
    };
  }

  #end(): void {
    upgradesOf.delete(this.#server);
    this.#server.off('upgrade', this.#onUpgrade);
    // Somebody may have put theirs around it: it asks the former one then, and nothing else.
    if (this.#server.shouldUpgradeCallback === this.#isUpgrade) {
      this.#server.shouldUpgradeCallback = this.#isUpgradeToOthers;
    }
  }

  readonly #isUpgrade = (request: IncomingMessage): boolean => {
    const server = this.#server;
    if (!this.#isUpgradeToOthers!.call(server, request)) return false;
    const isAlone = this.#takers.size > 0 && server.listenerCount('upgrade') === 1;
    return !isAlone || isWebSocketUpgrade(request) || server.listenerCount('request') === 0;
  };

  readonly #onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const isForWebSocket = isWebSocketUpgrade(request);
    if (isForWebSocket && this.#offer(request, stream, head)) return;
    if (this.#server.listenerCount('upgrade') > 1) return this.#leave(request, stream);
    if (isForWebSocket) return this.#refuse(stream, NOT_FOUND.response);
    const isAnswered = this.#server.listenerCount('request') > 0 && readAgain(this.#server, request, stream, head);
    if (!isAnswered) this.#refuse(stream, UPGRADE_REQUIRED);
  };

  /** Returns whether somebody has taken it. */
  #offer(request: IncomingMessage, stream: Duplex, head: Buffer): boolean {
    // By another listener, before this one: it is answered.
    if (isTaken(stream)) return true;
    const path = pathOfTarget(request.url ?? '') ?? '';
    for (const taker of this.#takers) {
      try {
        if (!taker.matches(path)) continue;
      } catch (error) {
        this.#refuse(stream, INTERNAL_ERROR.response);
        taker.failed(error);
        return true;
      }
      const failed = (error: unknown): void => {
        stream.destroy();
        taker.failed(error);
      };
      guard({ failed }, () => taker.take(request, stream, head));
      return true;
    }
    return false;
  }

  /** Others listen: one of them may answer, now or in a while. */
  #leave({ socket }: IncomingMessage, stream: Duplex): void {
    const written = socket.bytesWritten;
    const isTheirs = () => socket.bytesWritten > written || isInHand(stream);
    if (isInHand(stream)) return;
    // What is nobody's yet has nobody to hear of its errors.
    stream.on('error', ignore);
    waitFor(stream, Math.max(...[...this.#takers].map(({ grace }) => grace)), () => {
      stream.off('error', ignore);
      // Somebody else might have answered, and has not.
      if (!isTheirs()) this.#refuse(stream, UNAVAILABLE);
    });
  }

  #refuse(stream: Duplex, rejection: Rejection): void {
    const { plain, secure } = this.#refusers;
    ((stream as TLSSocket).encrypted === true ? secure : plain).accept(stream).refuse(rejection);
  }
}

/** Whether somebody has begun to do something with a stream. */
function isInHand(stream: Duplex): boolean {
  const isHeard = stream.listenerCount('data') + stream.listenerCount('readable') > 0;
  return isHeard || stream.readableFlowing !== null || stream.writableEnded || stream.destroyed;
}

/** Calls back after so many milliseconds, unless the stream has closed by then. */
export function waitFor(stream: Duplex, delay: number, callback: () => void): void {
  if (delay === Infinity) return;
  const onClose = (): void => wake.cancel();
  const wake = wakeWhenDue(nodeClock, nodeClock.now() + delay, () => {
    stream.off('close', onClose);
    callback();
  });
  stream.once('close', onClose);
}

function ignore(): void {}
