import type { EventEmitter } from 'node:events';
import type { ClientRequest } from 'node:http';
import type { BlobQueue } from './blobs.ts';
import { type BinaryType, NOTHING } from './data.ts';
import type { AgreedExtension } from './deflate.ts';
import type { Sender } from './sender.ts';

// An idle connection is to take as little memory as it can: what it has not used takes none.

/** What an idle connection of a server's has never set: it is the prototype's until then. */
export interface RareState {
  /** The request of a client, until it is answered. */
  _req: ClientRequest | null;
  /** @internal */
  _isServer: boolean;
  /** @internal */
  _protocol: string;
  /** @internal */
  _extensions: Record<string, AgreedExtension>;
  /** @internal */
  _binaryType: BinaryType;
  /** @internal */
  _isPaused: boolean;
  /** @internal */
  _url: string | undefined;
  /** @internal */
  _redirects: number;
  /** @internal */
  _errorEmitted: boolean;
  /** @internal */
  _closeFrameReceived: boolean;
  /** @internal */
  _closeFrameSent: boolean;
  /** @internal */
  _closeCode: number;
  /** @internal */
  _closeMessage: Buffer;
  /** @internal The server that has it among its `clients`. */
  _tracker: { _forget(ws: unknown): void } | undefined;
  /** @internal What sends frames that were encoded before. */
  _frames: Sender | undefined;
  /** @internal */
  _blobs: BlobQueue | undefined;
  /** @internal Whether the message that is sent in fragments is text; undefined between messages. */
  _fragmented: boolean | undefined;
  /** @internal How much was sent too late. */
  _lateBytes: number;
}

export const RARE: Readonly<RareState> = {
  _req: null,
  _isServer: true,
  _protocol: '',
  _extensions: Object.freeze({}),
  _binaryType: 'nodebuffer',
  _isPaused: false,
  _url: undefined,
  _redirects: 0,
  _errorEmitted: false,
  _closeFrameReceived: false,
  _closeFrameSent: false,
  _closeCode: 1006,
  _closeMessage: NOTHING,
  _tracker: undefined,
  _frames: undefined,
  _blobs: undefined,
  _fragmented: undefined,
  _lateBytes: 0,
};

/** An object without members, its own or inherited, as Node's own for this, but for the hash table that that one has. */
class Listeners {}
Object.setPrototypeOf(Listeners.prototype, null);
Reflect.deleteProperty(Listeners.prototype, 'constructor');

/** Has an emitter that nobody listens to yet keep its listeners in less. */
export function useCompactListeners(emitter: EventEmitter): void {
  (emitter as { _events?: object })._events = new Listeners();
}
