/** A peer without manners: raw bytes to a server, as fast as it takes them, read or not. */
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { frame as makeFrame, type FrameSpec } from '../../support/frames.ts';

const REQUEST =
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';

/** A frame as a client sends it. A key of zeros is a key: the payload is sent as it is. */
export function frame(spec: FrameSpec): Uint8Array {
  return makeFrame({ key: [0, 0, 0, 0], ...spec });
}

export class Peer {
  readonly socket: Socket;
  /** Whether the flood is over: nothing goes on then. */
  readonly #isOver: () => boolean;

  private constructor(port: number, isOver: () => boolean) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => {});
    this.#isOver = isOver;
  }

  /** Connects, and nothing else. What comes is thrown away until `deafen`. Undefined when it can't. */
  static async connect(port: number, isOver: () => boolean): Promise<Peer | undefined> {
    const peer = new Peer(port, isOver);
    await new Promise((resolve) => peer.socket.once('connect', resolve).once('close', resolve));
    if (peer.socket.destroyed) return undefined;
    peer.socket.resume();
    return peer;
  }

  /** Connects and opens a WebSocket, with these more lines in the request. Undefined when that is refused. */
  static async open(port: number, isOver: () => boolean, lines = ''): Promise<Peer | undefined> {
    const peer = await Peer.connect(port, isOver);
    if (peer === undefined) return undefined;
    const answer = new Promise<string>((resolve) => {
      peer.socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))).once('close', () => resolve(''));
    });
    peer.socket.write(`${REQUEST}${lines}\r\n`);
    if ((await answer).startsWith('HTTP/1.1 101 ')) return peer;
    peer.end();
    return undefined;
  }

  get goesOn(): boolean {
    return !this.#isOver() && !this.socket.destroyed && this.socket.writable;
  }

  /** Reads nothing any more. */
  deafen(): void {
    this.socket.pause();
  }

  /** Writes the same again and again, as fast as it is taken, until the flood or the connection is over. */
  async repeat(bytes: Uint8Array | string): Promise<void> {
    while (this.goesOn) {
      if (this.socket.write(bytes)) await nextTurn();
      else await this.#drained();
    }
  }

  /** Writes once. Returns whether it goes on. */
  async write(bytes: Uint8Array | string): Promise<boolean> {
    if (this.goesOn && !this.socket.write(bytes)) await this.#drained();
    return this.goesOn;
  }

  /** Lets time pass. */
  async wait(milliseconds: number): Promise<void> {
    if (this.goesOn) await sleep(milliseconds);
  }

  /** Stays until the flood or the connection is over. */
  async stay(): Promise<void> {
    while (this.goesOn) await sleep(50);
  }

  end(): void {
    this.socket.destroy();
  }

  /** Until there is room again, or for a while: who doesn't read may never see the end of the connection. */
  async #drained(): Promise<void> {
    let done = (): void => {};
    const drained = new Promise<void>((resolve) => (done = resolve));
    this.socket.once('drain', done).once('close', done);
    await Promise.race([drained, sleep(100)]);
    this.socket.off('drain', done).off('close', done);
  }
}
