import {
  formatBeat,
  formatSaying,
  parseBeat,
  parseSaying,
  type PresenceEntry,
  type Saying,
  type Update,
} from './message.ts';
import { Room, Share } from './room.ts';

/** What the machine asks its driver to do, before a call returns. */
export interface PresenceOutput {
  /** Publish something on a topic's line, or, where it is undefined, on that of all nodes. Answered with `said`, later. */
  say(topic: string | undefined, text: string): void;
  /** Hear what is said on a topic's line. Answered with `opened` once it is heard. */
  follow(topic: string): void;
  unfollow(topic: string): void;
  changed(topic: string, came: readonly PresenceEntry[], left: readonly PresenceEntry[]): void;
}

export interface PresenceMachineOptions {
  readonly output: PresenceOutput;
  /** A name that no other node has, nor this one before it was started again. */
  readonly node: string;
  /** Milliseconds that a node is believed to be there after it was heard of. */
  readonly lease: number;
  /** Entries of all nodes that are held; what goes beyond is not shown. */
  readonly mostEntries: number;
}

/** How many other nodes are believed to be there. */
const MOST_NODES = 10_000;
/** How many topics are talked about at once. */
const MOST_SAYINGS = 32;

/**
 * Who is in a topic, over all nodes: each says what changes with it, and beats; who hears a beat of a node that it doesn't
 * know asks it to say everything. What a node has said counts while its lease runs, and beats alone prolong that. No socket,
 * no engine, no clock: `now` is told, in milliseconds.
 */
export class PresenceMachine {
  readonly #output: PresenceOutput;
  readonly #node: string;
  readonly #lease: number;
  readonly #mostEntries: number;
  readonly #rooms: Map<string, Room>;
  /** When each other node was heard last. */
  readonly #nodes: Map<string, number>;
  /** Topics of which something is to be said, in turn. */
  readonly #pending: Set<Room>;
  /** What is being said, by topic. */
  readonly #sayings: Map<string, Saying>;
  /** Shares of which something may be missing. */
  readonly #stale: Map<Share, { readonly room: Room; readonly node: string }>;
  /** Topics of which something was missed since the last heartbeat. */
  readonly #afterGap: Set<Room>;
  /** Nodes that are to be asked for everything with the next beat. */
  #unknown: Set<string>;
  /** The beat that is being said. */
  #beating: readonly string[] | undefined;
  #versions: number;
  #entries: number;
  #ignored: number;

  constructor({ output, node, lease, mostEntries }: PresenceMachineOptions) {
    this.#output = output;
    this.#node = node;
    this.#lease = lease;
    this.#mostEntries = mostEntries;
    this.#rooms = new Map();
    this.#nodes = new Map();
    this.#pending = new Set();
    this.#sayings = new Map();
    this.#stale = new Map();
    this.#afterGap = new Set();
    this.#unknown = new Set();
    this.#beating = undefined;
    this.#versions = 0;
    this.#entries = 0;
    this.#ignored = 0;
  }

  get counts(): { nodes: number; topics: number; entries: number; ignored: number } {
    const { size: topics } = this.#rooms;
    return { nodes: this.#nodes.size, topics, entries: this.#entries, ignored: this.#ignored };
  }

  /** Whether there is room for another entry. */
  get isFull(): boolean {
    return this.#entries >= this.#mostEntries;
  }

  /** Who is there as far as this node knows: its own, and those of others whose leases run. */
  entries(topic: string): PresenceEntry[] {
    const room = this.#rooms.get(topic);
    if (room === undefined) return [];
    const all = [room.own, ...[...room.others.values()].map(({ entries }) => entries)];
    return all.flatMap((entries) => [...entries].map(([id, info]) => ({ id, info })));
  }

  enter(topic: string, id: string, info: unknown): void {
    const room = this.#enterRoom(topic);
    room.enter(id, info);
    this.#entries++;
    this.#output.changed(topic, [{ id, info }], []);
    this.#talk(room);
  }

  leave(topic: string, id: string): void {
    const room = this.#rooms.get(topic);
    const info = room?.own.get(id);
    if (room === undefined || !room.leave(id)) return;
    this.#entries--;
    this.#output.changed(topic, [], [{ id, info }]);
    this.#talk(room);
  }

  watch(topic: string): void {
    this.#enterRoom(topic).watchers++;
  }

  unwatch(topic: string): void {
    const room = this.#rooms.get(topic);
    if (room === undefined || room.watchers === 0) return;
    room.watchers--;
    this.#talk(room);
  }

  /** What is said on this topic's line is heard from now on. */
  opened(topic: string): void {
    const room = this.#rooms.get(topic);
    if (room === undefined || room.isOpen) return;
    room.isOpen = true;
    room.ask(true);
    this.#talk(room);
  }

  /** It can't be heard, for a reason that stays. */
  refused(topic: string): void {
    const room = this.#rooms.get(topic);
    if (room === undefined) return;
    for (const [id, info] of [...room.own]) {
      room.leave(id);
      this.#entries--;
      this.#output.changed(topic, [], [{ id, info }]);
    }
    this.#close(room);
  }

  /**
   * Something of a topic's line was missed, or of that of all nodes. What was said there must be said again, or it counts for no
   * longer than a lease; and this node may have been asked to say everything.
   */
  gap(topic: string | undefined, now: number): void {
    if (topic === undefined) return this.#sayAll();
    const room = this.#rooms.get(topic);
    if (room === undefined) return;
    for (const [node, share] of room.others) this.#makeStale(room, node, share, now);
    room.ask(true);
    room.sayAll();
    // Not before the next tick: what is said now comes while the line is being filled, and would be the next gap.
    this.#afterGap.add(room);
  }

  /** Something was said on the line of all nodes. */
  beat(text: string, now: number): void {
    const beat = parseBeat(text);
    if (beat === undefined || beat.node === this.#node) return;
    if (beat.isLast) return this.#forget(beat.node);
    const isNew = !this.#nodes.has(beat.node);
    if (isNew && this.#nodes.size >= MOST_NODES) return;
    this.#nodes.set(beat.node, now);
    if (beat.unknown.includes(this.#node)) this.#sayAll();
    if (!isNew) return;
    // It may not know this node either: it is answered at once.
    this.#unknown.add(beat.node);
    this.#beat();
  }

  /** Something was said on a topic's line. */
  heard(topic: string, text: string, now: number): void {
    const saying = parseSaying(text);
    const room = this.#rooms.get(topic);
    if (saying === undefined || room === undefined || saying.node === this.#node) return;
    const { node, asks, update } = saying;
    if (asks === true || asks.includes(this.#node)) {
      room.sayAll();
      this.#talk(room);
    }
    // Without a lease it may be long gone, and this an old word of it.
    if (update !== undefined && this.#nodes.has(node)) this.#take(room, node, update, now);
  }

  /** How it went to say something: `isDone` when the engine has it. */
  said(topic: string | undefined, isDone: boolean): void {
    if (topic === undefined) {
      const asked = this.#beating ?? [];
      this.#beating = undefined;
      if (!isDone) for (const node of asked) this.#unknown.add(node);
      else if (this.#unknown.size > 0) this.#beat();
      return;
    }
    const saying = this.#sayings.get(topic);
    const room = this.#rooms.get(topic);
    this.#sayings.delete(topic);
    if (saying === undefined || room === undefined) return;
    room.isSaying = false;
    room.said(saying, isDone);
    // What could not be said is tried again at the next tick.
    if (isDone) this.#talk(room);
    else this.#pending.add(room);
    if (isDone) this.#talkOn();
  }

  /** The line of all nodes is heard from now on: what this node was asked for before, it has not heard. */
  joined(): void {
    this.#beat();
    this.#sayAll();
  }

  /** A heartbeat's time has passed. */
  tick(): void {
    this.#beat();
    const rooms = [...this.#afterGap];
    this.#afterGap.clear();
    for (const room of rooms) this.#talk(room);
    this.#talkOn();
  }

  /** When the next lease ends; undefined: there is none. */
  get nextEnd(): number | undefined {
    let next = Infinity;
    for (const heardAt of this.#nodes.values()) next = Math.min(next, heardAt);
    for (const { staleSince = Infinity } of this.#stale.keys()) next = Math.min(next, staleSince);
    return next === Infinity ? undefined : next + this.#lease;
  }

  /** Ends what has not been renewed. To be called when everything that had come by then has been told. */
  expire(now: number): void {
    for (const [node, heardAt] of this.#nodes) {
      if (now - heardAt >= this.#lease) this.#forget(node);
    }
    for (const [share, { room, node }] of this.#stale) {
      if (share.staleSince !== undefined && now - share.staleSince >= this.#lease) this.#drop(room, node, share);
    }
  }

  /** The last word of a node that is about to end. */
  get farewell(): string {
    return formatBeat({ node: this.#node, isLast: true, unknown: [] });
  }

  #forget(node: string): void {
    this.#nodes.delete(node);
    this.#unknown.delete(node);
    for (const room of this.#rooms.values()) {
      const share = room.others.get(node);
      if (share !== undefined) this.#drop(room, node, share);
    }
  }

  #enterRoom(topic: string): Room {
    const known = this.#rooms.get(topic);
    if (known !== undefined) return known;
    const room = new Room(topic);
    this.#rooms.set(topic, room);
    this.#output.follow(topic);
    return room;
  }

  #take(room: Room, node: string, update: Update, now: number): void {
    const share = room.others.get(node) ?? new Share();
    if (this.#entries + update.came.length > this.#mostEntries) {
      this.#ignored += update.came.length;
      return this.#makeStale(room, node, share, now);
    }
    const before = share.size;
    const change = share.take(update);
    if (change === undefined) {
      if (room.others.has(node)) this.#makeStale(room, node, share, now);
      room.ask(node);
      return this.#talk(room);
    }
    this.#entries += share.size - before;
    if (share.size > 0) room.others.set(node, share);
    else room.others.delete(node);
    if (share.staleSince === undefined) this.#stale.delete(share);
    this.#tell(room, change.came, change.left);
  }

  #makeStale(room: Room, node: string, share: Share, now: number): void {
    share.staleSince ??= now;
    this.#stale.set(share, { room, node });
  }

  #drop(room: Room, node: string, share: Share): void {
    this.#stale.delete(share);
    if (room.others.get(node) !== share) return;
    room.others.delete(node);
    this.#entries -= share.size;
    const left = [...share.entries].map(([id, info]) => ({ id, info }));
    this.#tell(room, [], left);
  }

  #tell(room: Room, came: readonly PresenceEntry[], left: readonly PresenceEntry[]): void {
    if (came.length > 0 || left.length > 0) this.#output.changed(room.topic, came, left);
  }

  #sayAll(): void {
    for (const room of this.#rooms.values()) {
      room.sayAll();
      this.#talk(room);
    }
  }

  #beat(): void {
    if (this.#beating !== undefined) return;
    const unknown = [...this.#unknown];
    this.#unknown = new Set();
    this.#beating = unknown;
    this.#output.say(undefined, formatBeat({ node: this.#node, isLast: false, unknown }));
  }

  #talk(room: Room): void {
    this.#pending.add(room);
    if (this.#sayings.size < MOST_SAYINGS) this.#talkAbout(room);
  }

  #talkOn(): void {
    for (const room of this.#pending) {
      if (this.#sayings.size >= MOST_SAYINGS) return;
      this.#talkAbout(room);
    }
  }

  #talkAbout(room: Room): void {
    if (this.#afterGap.has(room)) return;
    this.#pending.delete(room);
    if (room.isSaying || this.#rooms.get(room.topic) !== room) return;
    if (room.isOver) return this.#close(room);
    if (!room.isOpen) return;
    const saying = room.next(this.#node, () => ++this.#versions);
    if (saying === undefined) return;
    room.isSaying = true;
    this.#sayings.set(room.topic, saying);
    this.#output.say(room.topic, formatSaying(saying));
  }

  #close(room: Room): void {
    this.#pending.delete(room);
    this.#afterGap.delete(room);
    this.#rooms.delete(room.topic);
    this.#output.unfollow(room.topic);
    for (const share of room.others.values()) {
      this.#stale.delete(share);
      this.#entries -= share.size;
    }
  }
}
