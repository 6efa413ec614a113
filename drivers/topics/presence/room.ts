import type { PresenceEntry, Saying, Update } from './message.ts';

/** The most entries of a message: more go into several. */
const MOST_OF_A_MESSAGE = 500;

/** A topic, as far as a node has to do with who is there. */
export class Room {
  readonly topic: string;
  /** Those of this node. */
  readonly own: Map<string, unknown>;
  /** Those of other nodes, as they have said. */
  readonly others: Map<string, Share>;
  /** How many want to know who is there, beside those of this node. */
  watchers: number;
  /** What the topic's nodes say is heard. */
  isOpen: boolean;
  /** Who is to be asked. */
  asks: true | Set<string>;
  /** Something of this was handed over to be said, and is not answered. */
  isSaying: boolean;
  /** The version that was said last; 0: nothing that others would know. */
  #version: number;
  /** Everything is to be said, for others may know nothing or something else. */
  #needsAll: boolean;
  #came: Set<string>;
  #left: Set<string>;
  /** What is being said: parts of one update. */
  #parts: Update[];

  constructor(topic: string) {
    this.topic = topic;
    this.own = new Map();
    this.others = new Map();
    this.watchers = 0;
    this.isOpen = false;
    this.asks = new Set();
    this.isSaying = false;
    this.#version = 0;
    this.#needsAll = false;
    this.#came = new Set();
    this.#left = new Set();
    this.#parts = [];
  }

  /** Whether nobody here has to do with it any more, and everybody has been told. */
  get isOver(): boolean {
    return this.own.size === 0 && this.watchers === 0 && !this.isSaying && !this.#hasNews;
  }

  enter(id: string, info: unknown): void {
    this.own.set(id, info);
    this.#came.add(id);
    this.#left.delete(id);
  }

  leave(id: string): boolean {
    if (!this.own.delete(id)) return false;
    // Nobody has heard of it yet, or all have.
    if (!this.#came.delete(id)) this.#left.add(id);
    return true;
  }

  /** What was said may not have been heard, or is asked for. */
  sayAll(): void {
    if (this.own.size > 0 || this.#version > 0) this.#needsAll = true;
  }

  ask(whom: true | string): void {
    if (whom === true) this.asks = true;
    else if (this.asks !== true) this.asks.add(whom);
  }

  /** What is to be said next, if anything is. `count` numbers the updates of a node. */
  next(node: string, count: () => number): Saying | undefined {
    if (this.#parts.length === 0 && this.#hasNews) this.#parts = this.#makeParts(count);
    const update = this.#parts.shift();
    const asks = this.asks === true ? true : [...this.asks];
    if (update === undefined && asks !== true && asks.length === 0) return undefined;
    this.asks = new Set();
    return { node, asks, update };
  }

  /** How saying it went. */
  said({ asks, update }: Saying, isDone: boolean): void {
    if (isDone) {
      if (update === undefined) return;
      const isEmpty = this.own.size === 0 && this.#parts.length === 0 && !this.#hasNews;
      this.#version = isEmpty ? 0 : update.version;
      return;
    }
    if (asks === true) this.ask(true);
    else for (const node of asks) this.ask(node);
    if (update === undefined) return;
    this.#parts = [];
    this.#version = update.version;
    this.#needsAll = true;
  }

  get #hasNews(): boolean {
    return this.#needsAll || this.#came.size > 0 || this.#left.size > 0 || this.#parts.length > 0;
  }

  #makeParts(count: () => number): Update[] {
    const isAll = this.#needsAll || this.#version === 0;
    const came = [...(isAll ? this.own.keys() : this.#came)].map((id): PresenceEntry => ({
      id,
      info: this.own.get(id),
    }));
    const left = isAll ? [] : [...this.#left];
    this.#needsAll = false;
    this.#came = new Set();
    this.#left = new Set();
    const parts: Update[] = [];
    let after = isAll ? 0 : this.#version;
    for (let at = 0; at === 0 || at < came.length || at < left.length; at += MOST_OF_A_MESSAGE) {
      const [from, to] = [at, at + MOST_OF_A_MESSAGE];
      const version = count();
      const more = to < came.length || to < left.length;
      parts.push({ version, after, came: came.slice(from, to), left: left.slice(from, to), more });
      after = version;
    }
    return parts;
  }
}

/** What another node has said of a topic. */
export class Share {
  entries: Map<string, unknown>;
  version: number;
  /** Since when something of it may be missing, on the clock of the hub. */
  staleSince: number | undefined;
  /** Parts of an update that are there before the rest is. */
  #parts: Update[];

  constructor() {
    this.entries = new Map();
    this.version = 0;
    this.staleSince = undefined;
    this.#parts = [];
  }

  /** How many entries it holds, those that are not looked at yet too. */
  get size(): number {
    let size = this.entries.size;
    for (const { came } of this.#parts) size += came.length;
    return size;
  }

  /** Takes an update. Returns what it has changed; undefined when it doesn't follow what was said before. */
  take(update: Update): { came: PresenceEntry[]; left: PresenceEntry[] } | undefined {
    if (update.after !== 0 && update.after !== this.version) return undefined;
    if (update.after === 0) this.#parts = [];
    this.version = update.version;
    this.#parts.push(update);
    if (update.more) return { came: [], left: [] };
    const parts = this.#parts;
    this.#parts = [];
    return this.#apply(parts);
  }

  #apply(parts: readonly Update[]): { came: PresenceEntry[]; left: PresenceEntry[] } {
    const isAll = parts[0].after === 0;
    const before = this.entries;
    if (isAll) this.entries = new Map();
    const came: PresenceEntry[] = [];
    const left: PresenceEntry[] = [];
    for (const part of parts) {
      for (const entry of part.came) {
        if (!before.has(entry.id) && !this.entries.has(entry.id)) came.push(entry);
        this.entries.set(entry.id, entry.info);
      }
      for (const id of part.left) {
        if (this.entries.has(id)) left.push({ id, info: this.entries.get(id) });
        this.entries.delete(id);
      }
    }
    if (!isAll) return { came, left };
    this.staleSince = undefined;
    for (const [id, info] of before) if (!this.entries.has(id)) left.push({ id, info });
    return { came, left };
  }
}
