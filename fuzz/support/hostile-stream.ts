/** A stream whose methods and getters throw: those of the class are right, and what our own code calls is not. */
import { Duplex } from 'node:stream';

/** What of a stream is called or asked for by drivers. */
export const STREAM_MEMBERS = [
  ...['write', 'end', 'destroy', 'pause', 'resume', 'cork', 'uncork', 'read', 'off'],
  ...['writable', 'writableLength', 'destroyed', 'readableLength', 'readableEnded'],
] as const;

export interface StreamFault {
  readonly member: string;
  /** From which use on it throws, and how often. */
  readonly from: number;
  readonly times: number;
}

/** The error of the stream's own. */
export class StreamError extends Error {}

export class HostileStream extends Duplex {
  /** What was written to it, once it has been. */
  readonly written: Uint8Array[];
  readonly #isSlow: boolean;

  constructor(faults: readonly StreamFault[], isSlow: boolean) {
    super({ allowHalfOpen: true });
    this.written = [];
    this.#isSlow = isSlow;
    this.on('error', () => {});
    for (const fault of faults) this.#spoil(fault);
  }

  /** The other side sends this. */
  bring(bytes: Uint8Array | null): void {
    if (!Object.getOwnPropertyDescriptor(Duplex.prototype, 'destroyed')!.get!.call(this)) this.push(bytes);
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(new Uint8Array(chunk)); // a copy, which `slice` of a Buffer is not
    if (this.#isSlow) setImmediate(done);
    else done();
  }

  override _final(done: () => void): void {
    done();
    // As a peer that ends as well.
    setImmediate(() => this.bring(null));
  }

  #spoil({ member, from, times }: StreamFault): void {
    const inherited = findProperty(this, member);
    let uses = 0;
    const use = (): void => {
      if (!isOurCall()) return;
      const use = uses++;
      if (use >= from && use < from + times) throw new StreamError(`${member} of the stream`);
    };
    if (inherited.get === undefined) {
      const method = inherited.value as (...given: unknown[]) => unknown;
      Object.defineProperty(this, member, {
        configurable: true,
        writable: true,
        value: (...given: unknown[]) => {
          use();
          return method.apply(this, given);
        },
      });
    } else {
      const { get, set } = inherited;
      Object.defineProperty(this, member, {
        configurable: true,
        get: () => {
          use();
          return get.call(this) as unknown;
        },
        set: (value) => set?.call(this, value),
      });
    }
  }
}

function findProperty(object: object, name: string): PropertyDescriptor {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found !== undefined) return found;
  }
  throw new Error(`a stream has no ${name}`);
}

/** Whether a driver uses it, and not Node's own code, which throws where nobody could catch it. */
function isOurCall(): boolean {
  const frames = new Error().stack!.split('\n').slice(1);
  return frames.find((frame) => !frame.includes('hostile-stream'))?.includes('/drivers/') === true;
}
