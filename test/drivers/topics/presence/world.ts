/** Presence machines on a line that loses, delays and is cut, on a clock that is told: everything at random, the same for a seed. */
import { SeededRandom } from '../../../../drivers/pipe/random.ts';
import { PresenceMachine } from '../../../../drivers/topics/presence/machine.ts';

export const HEARTBEAT = 100;
export const LEASE = 2 * HEARTBEAT;
/** Milliseconds that anything takes at most, one way. */
const LATENCY = 10;
const TOPICS = ['a', 'b'] as const;

interface Event {
  readonly at: number;
  readonly node: Node | undefined;
  /** The link that it belongs to: what belongs to one that is lost is lost. */
  readonly link: number;
  run(): void;
}

class Node {
  readonly name: string;
  readonly machine: PresenceMachine;
  readonly followed = new Set<string>();
  /** Who is there as the changes have told it, by topic. */
  readonly told = new Map<string, Set<string>>();
  readonly own: { topic: string; id: string }[] = [];
  isUp = true;
  isDead = false;
  link = 0;

  constructor(name: string, world: World, mostEntries: number) {
    this.name = name;
    this.machine = new PresenceMachine({
      output: {
        say: (topic, text) => world.say(this, topic, text),
        follow: (topic) => {
          this.followed.add(topic);
          world.open(this, topic);
        },
        unfollow: (topic) => {
          this.followed.delete(topic);
          this.told.delete(topic);
        },
        changed: (topic, came, left) => {
          const there = this.told.get(topic) ?? new Set();
          this.told.set(topic, there);
          for (const { id } of came) {
            world.check(!there.has(id), `${id} came twice`);
            world.check(!world.isLongGone(id), `${id} is a ghost that came again`);
            there.add(id);
          }
          for (const { id } of left) world.check(there.delete(id), `${id} left and was not there`);
        },
      },
      node: name,
      lease: LEASE,
      mostEntries,
    });
  }
}

export class World {
  now = 0;
  readonly nodes: Node[] = [];
  readonly #random: SeededRandom;
  readonly #mostEntries: number;
  #events: Event[] = [];
  #names = 0;
  #ids = 0;
  /** When nobody may be shown any more of each node that has died. */
  readonly #gone = new Map<string, number>();

  constructor(seed: number, nodes: number, mostEntries = 1000) {
    this.#random = new SeededRandom(seed);
    this.#mostEntries = mostEntries;
    for (let i = 0; i < nodes; i++) this.addNode();
  }

  check(holds: boolean, what: string): boolean {
    if (!holds) throw new Error(what);
    return true;
  }

  addNode(): Node {
    const node = new Node(`n${++this.#names}`, this, this.#mostEntries);
    this.nodes.push(node);
    this.#later(HEARTBEAT * this.#random.fraction(), undefined, () => this.#beat(node));
    for (const topic of TOPICS) if (this.#chance(0.4)) node.machine.watch(topic);
    return node;
  }

  /** What a node says reaches all that follow, in one order for each line; or nobody, and whether it did may stay unknown. */
  say(from: Node, topic: string | undefined, text: string): void {
    const { link } = from;
    const answered = (isDone: boolean): void => {
      this.#later(LATENCY, undefined, () => void (from.isDead || from.machine.said(topic, isDone)));
    };
    if (!from.isUp) return answered(false);
    this.#later(LATENCY * this.#random.fraction(), undefined, () => {
      if (from.isDead || link !== from.link) return answered(false);
      for (const to of this.nodes) {
        if (!to.isUp || (topic !== undefined && !to.followed.has(topic))) continue;
        this.#later(LATENCY, to, () => {
          if (topic === undefined) to.machine.beat(text, this.now);
          else if (to.followed.has(topic)) to.machine.heard(topic, text, this.now);
        });
      }
      // The answer may be lost with the link, when it was done.
      this.#later(LATENCY, undefined, () => answered(link === from.link));
    });
  }

  open(node: Node, topic: string): void {
    if (node.isUp) this.#later(LATENCY, node, () => void (node.followed.has(topic) && node.machine.opened(topic)));
  }

  /** Something happens. */
  step(): void {
    const living = this.nodes.filter(({ isDead }) => !isDead);
    const node = living[Math.floor(this.#random.fraction() * living.length)]!;
    const topic = TOPICS[Math.floor(this.#random.fraction() * TOPICS.length)]!;
    const chance = this.#random.fraction();
    if (chance < 0.35) this.#enter(node, topic);
    else if (chance < 0.6) this.#leave(node);
    else if (chance < 0.68) node.machine.watch(topic);
    else if (chance < 0.76) node.machine.unwatch(topic);
    else if (chance < 0.84) this.cut(node);
    else if (chance < 0.86 && living.length > 2) this.kill(node);
    else if (chance < 0.88 && living.length < 6) this.addNode();
    else if (chance < 0.92) for (const one of living) this.cut(one);
    else if (chance < 0.96) node.machine.gap(topic, this.now);
    else this.burst(node, topic);
    this.advance(this.#random.fraction() * 40);
  }

  burst(node: Node, topic: string): void {
    for (let i = 0; i < 520; i++) this.#enter(node, topic);
  }

  cut(node: Node): void {
    if (!node.isUp) return;
    node.isUp = false;
    node.link++;
    this.#later(5 + this.#random.fraction() * 4 * HEARTBEAT, undefined, () => {
      if (node.isDead) return;
      node.isUp = true;
      for (const topic of node.followed) {
        node.machine.gap(topic, this.now);
        this.open(node, topic);
      }
      node.machine.gap(undefined, this.now);
      node.machine.tick();
    });
  }

  kill(node: Node): void {
    node.isDead = true;
    node.link++;
    node.isUp = false;
    this.nodes.splice(this.nodes.indexOf(node), 1);
    // What it said last is on its way still.
    const gone = this.now + 3 * LATENCY + LEASE;
    this.#gone.set(node.name, gone);
    this.#later(gone + 1 - this.now, undefined, () => {
      for (const { told } of this.nodes) {
        for (const there of told.values()) {
          for (const id of there) this.check(!id.startsWith(`${node.name}-`), `${id} is a ghost`);
        }
      }
    });
  }

  /** Whether its node has been gone for longer than a lease. */
  isLongGone(id: string): boolean {
    const gone = this.#gone.get(id.split('-')[0]!);
    return gone !== undefined && this.now > gone;
  }

  advance(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const next = this.#events[0];
      const ends = this.nodes.map(({ machine }) => machine.nextEnd ?? Infinity);
      const expiry = Math.max(Math.min(...ends, Infinity), this.now);
      if ((next?.at ?? Infinity) > end && expiry > end) break;
      if (next !== undefined && next.at <= expiry) {
        this.#events.shift();
        this.now = next.at;
        if (next.node === undefined || (!next.node.isDead && next.link === next.node.link)) next.run();
      } else {
        this.now = expiry;
        for (const { machine } of this.nodes) machine.expire(this.now);
      }
    }
    this.now = end;
  }

  /** Lets all be there again and come to rest: then every node knows all that are in what it follows. */
  settle(): void {
    this.advance(12 * HEARTBEAT);
    for (const node of this.nodes) {
      for (const topic of node.followed) {
        const expected = this.nodes.flatMap(({ own }) => own.filter((one) => one.topic === topic)).map(({ id }) => id);
        const actual = node.machine.entries(topic).map(({ id }) => id);
        const [e, a] = [expected.sort().join(), actual.sort().join()];
        this.check(e === a, `${node.name} knows of ${topic}: ${a.slice(0, 200)} for ${e.slice(0, 200)}`);
        const told = [...(node.told.get(topic) ?? [])].sort().join();
        this.check(told === a, `${node.name} was told of ${topic}: ${told.slice(0, 200)} for ${a.slice(0, 200)}`);
      }
      const { entries, ignored } = node.machine.counts;
      const held = [...node.followed].reduce((sum, topic) => sum + node.machine.entries(topic).length, 0);
      this.check(entries === held && ignored === 0, `${node.name} counts ${entries} for ${held}`);
    }
  }

  #beat(node: Node): void {
    if (node.isDead) return;
    node.machine.tick();
    this.#later(HEARTBEAT, undefined, () => this.#beat(node), HEARTBEAT);
  }

  #enter(node: Node, topic: string): void {
    const id = `${node.name}-${++this.#ids}`;
    node.own.push({ topic, id });
    node.machine.enter(topic, id, this.#ids);
  }

  #leave(node: Node): void {
    const [gone] = node.own.splice(Math.floor(this.#random.fraction() * node.own.length), 1);
    if (gone !== undefined) node.machine.leave(gone.topic, gone.id);
  }

  #chance(of: number): boolean {
    return this.#random.fraction() < of;
  }

  #later(milliseconds: number, node: Node | undefined, run: () => void, exactly?: number): void {
    const event = { at: this.now + (exactly ?? milliseconds), node, link: node?.link ?? 0, run };
    // Those of one time stay in their order.
    let at = this.#events.length;
    while (at > 0 && this.#events[at - 1]!.at > event.at) at--;
    this.#events.splice(at, 0, event);
  }
}
