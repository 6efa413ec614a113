import type { ClientRequest, Connection, Sink, Resources } from '../../protocol/index.ts';
import type { Clock } from '../clock.ts';
import type { AdmissionControl, PendingPeer } from './admission-control.ts';
import type { Peer } from './decision.ts';
import type { SocketHandlers } from './handlers.ts';
import type { DialProgress, Observer } from './observer.ts';
import { type TurnQueue, turnQueueOf } from './turn-queue.ts';

/** An asynchronous context, as an AsyncResource of node:async_hooks is one. */
export interface AsyncContext {
  /** Calls back within it. */
  runInAsyncScope<T, A extends any[]>(call: (this: T, ...given: A) => void, self: T, ...given: A): void;
}

/** Where an address can be read, as long as there is one. */
export interface AddressSource {
  readonly remoteAddress?: string | undefined;
}

export function addressIn(place: string | AddressSource): string {
  return typeof place === 'string' ? place : (place.remoteAddress ?? '');
}

/** Makes copies of lent bytes, to keep. */
export interface Copier {
  own(bytes: Uint8Array): Uint8Array;
}

/** What the sockets of one server have in common, or what a single one is made with. */
export interface SettingParts {
  handlers: SocketHandlers<any>;
  clock: Clock;
  resources: Resources;
  /** What messages that are lent are kept by. Default: the resources. */
  copier?: Copier | undefined;
  /** Server: whether the answer to the request is written before `open` is called. */
  answersFirst?: boolean;
  /** Who looks on. */
  observer?: Observer;
  /** Server: who decides on requests, wherever one may come. */
  admission?: AdmissionControl<any>;
  /** Buffered bytes from which `send` says to wait. */
  sendHighWater: number;
  /** Buffered bytes above which the connection is ended. */
  sendLimit: number;
}

/** The same, once for all of them: what an idle connection takes is the better part of what ten thousand do. */
export class SocketSetting {
  readonly handlers: SocketHandlers<any>;
  readonly clock: Clock;
  readonly turn: TurnQueue;
  readonly resources: Resources;
  readonly copier: Copier;
  readonly answersFirst: boolean;
  readonly observer: Observer | undefined;
  readonly admission: AdmissionControl<any> | undefined;
  readonly sendHighWater: number;
  readonly sendLimit: number;
  /** Whether that may be passed before `send` says to wait. */
  readonly isLimitFirst: boolean;

  constructor(parts: SettingParts) {
    this.handlers = parts.handlers;
    this.clock = parts.clock;
    this.turn = turnQueueOf(parts.clock);
    this.resources = parts.resources;
    this.copier = parts.copier ?? parts.resources;
    this.answersFirst = parts.answersFirst === true;
    this.observer = parts.observer;
    this.admission = parts.admission;
    this.sendHighWater = parts.sendHighWater;
    this.sendLimit = parts.sendLimit;
    this.isLimitFirst = parts.sendLimit < parts.sendHighWater;
  }
}

/** What a driver makes a socket of. */
export interface SocketParts {
  setting: SocketSetting;
  /** Makes the connection, whose events go to this sink. */
  connect: (sink: Sink) => Connection;
  /** Server: who asks, where `authorize` wants to know. */
  peer?: Peer | undefined;
  /** The URL that was opened; for a server, its scheme: `ws://` or `wss://`. */
  url: string;
  /** The peer's address, or where to look for it: then it costs nothing, and is gone with the transport. */
  remoteAddress: string | AddressSource;
  /** Where its callbacks run, whatever leads to them. */
  context?: AsyncContext;
  /** Whether that context is nobody's in particular, so that what comes from the connection's own stream is in it anyway. */
  isContextShared?: boolean;
  /** Gives up the opening handshake. */
  signal?: AbortSignal;
  /** Client: follows a redirect to its next place. Called once the transport of the last one is given up. */
  follow?: (redirect: ClientRequest) => RedirectTarget;
}

/** The next place that a client's opening handshake has been redirected to. */
export interface RedirectTarget {
  /** Makes the connection that takes the place of the last one; its deadline is what is left of the first one's. */
  connect: (sink: Sink) => Connection;
  url: string;
  /** Sees that there is a transport. */
  dial: () => void;
}

/** A socket, as its events see it. */
export interface EventSource extends PendingPeer {
  readonly clock: Clock;
  readonly isServer: boolean;
  readonly url: string;
  readonly remoteAddress: string;
  readonly dialing: DialProgress | undefined;
  context: unknown;
  close(code?: number): void;
  /** It has ended before it was open: whether it goes on elsewhere. Throws where it can't. */
  goOn(): boolean;
}
