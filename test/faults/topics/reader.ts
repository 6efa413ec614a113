/** A subscriber that may go on at another node, and what it was told wherever it was. */
import type { RealNode, Told } from '../../drivers/topics/real.ts';

export class Reader {
  readonly #topic: string;
  /** What it was told before it went on somewhere else. */
  readonly #before: string[] = [];
  #told: Told;
  #isMoving = false;

  private constructor(topic: string, told: Told) {
    this.#topic = topic;
    this.#told = told;
  }

  static async at(node: RealNode, topic: string): Promise<Reader> {
    return new Reader(topic, await node.subscribe(topic));
  }

  /** Messages as they were published, and gaps, in order. */
  get all(): string[] {
    return [...this.#before, ...this.#told.all].map((one) => (isGap(one) ? one : one.slice(one.indexOf(' ') + 1)));
  }

  get messages(): string[] {
    return this.all.filter((one) => !isGap(one));
  }

  get gaps(): string[] {
    return this.all.filter(isGap);
  }

  has(text: string): boolean {
    return this.#told.all.some((one) => one.endsWith(` ${text}`));
  }

  /** Its connection is lost, and it goes on at a node, from the newest position that it was given. */
  async resume(node: RealNode): Promise<void> {
    const { all, socket } = this.#told;
    const last = all.findLast((one) => !isGap(one));
    if (this.#isMoving || last === undefined) return;
    this.#isMoving = true;
    this.#before.push(...all);
    this.#told = { messages: [], gaps: [], all: [], socket };
    socket.terminate();
    const [since] = last.split(' ');
    this.#told = await node.subscribe(this.#topic, since);
    this.#isMoving = false;
  }
}

function isGap(one: string): boolean {
  return one.startsWith('gap ');
}
