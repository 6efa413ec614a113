/** What a hub decides for single subscribers: those that resume, those that are slow, and those that go meanwhile. */
import { describe, expect, test } from 'vitest';
import type { EngineMessage, Page } from '../../../../drivers/topics/engine.ts';
import { HubMachine } from '../../../../drivers/topics/hub/machine.ts';
import {
  type Delivery,
  type Fetch,
  type MachineGap,
  Member,
  type Slow,
  type Subscription,
} from '../../../../drivers/topics/hub/line.ts';
import { type HubOutput, Sent } from '../../../../drivers/topics/hub/output.ts';
import type { Place } from '../../../../drivers/topics/position.ts';

function place(offset: number, epoch = 'e'): Place {
  return { epoch, offset, stamp: `s${offset}` };
}

function message(offset: number, topic = 't'): EngineMessage {
  return { ...place(offset), topic, data: `${offset}`, compress: true, previous: offset - 1 };
}

function page(offsets: readonly number[], newest: number, options: Partial<Page> = {}): Page {
  return {
    messages: offsets.map((offset) => message(offset)),
    hole: undefined,
    more: false,
    position: place(newest),
    ...options,
  };
}

/** A machine whose engine is up, what its subscribers were told, and what it has asked for. */
class Hub implements HubOutput<string> {
  readonly machine = new HubMachine<string>({ output: this, hasHistory: true, mostHeld: 10, mostHeldBytes: 10_000 });
  readonly told: string[] = [];
  readonly asked: Fetch<string>[] = [];
  /** What comes of a delivery, by `owner offset`. */
  readonly outcomes = new Map<string, Sent | (() => Sent)>();

  constructor() {
    this.machine.up();
  }

  open(): void {}
  shut(): void {}
  began(): void {}
  failed(): void {}

  fetch(request: Fetch<string>): void {
    this.asked.push(request);
  }

  deliver({ member }: Subscription<string>, { topic, offset }: Delivery): Sent {
    const name = `${member.owner} ${offset}`;
    const outcome = this.outcomes.get(name) ?? Sent.MORE;
    const sent = typeof outcome === 'function' ? outcome() : outcome;
    if (sent !== Sent.REFUSED) this.told.push(topic === 't' ? name : `${name} of ${topic}`);
    return sent;
  }

  gap({ member }: Subscription<string>, { reason, last, next }: MachineGap): boolean {
    this.told.push(`${member.owner} ${reason} ${last?.offset}-${next?.offset}`);
    return true;
  }

  end({ owner }: Member<string>): void {
    this.told.push(`${owner} ended`);
  }

  /** A topic that this node follows live, up to this message. */
  follow(offset: number, topic = 't'): Member<string> {
    const member = new Member('first');
    this.machine.subscribe(member, topic, 'send');
    this.machine.opened(this.machine.lines.get(topic)!);
    this.machine.answeredHead(this.asked.pop()!, place(offset));
    return member;
  }

  join(owner: string, slow: Slow, since?: number, topic = 't'): Member<string> {
    const member = new Member(owner);
    this.machine.subscribe(member, topic, slow, since === undefined ? undefined : place(since));
    return member;
  }

  /** The one question that there is; it is answered with this. */
  answer(since: number | undefined, answer: Page): void {
    expect(this.asked.map((request) => request.since?.offset)).toEqual([since]);
    this.machine.answered(this.asked.pop()!, answer);
  }

  come(...offsets: number[]): void {
    for (const offset of offsets) this.machine.message(message(offset));
  }

  /** What one of them was told since the last time. */
  toldTo(owner: string): string[] {
    const own = this.told.filter((line) => line.startsWith(`${owner} `)).map((line) => line.slice(owner.length + 1));
    this.told.length = 0;
    return own;
  }
}

describe('a subscriber that resumes', () => {
  test('is given page by page what follows its place, never past its line, and then what comes', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.join('late', 'catch-up', 2);
    hub.answer(2, page([3, 4], 5, { more: true }));
    expect(hub.toldTo('late')).toEqual(['3', '4']);
    hub.answer(4, page([5, 6], 6));
    expect(hub.toldTo('late')).toEqual(['5']);
    hub.come(6);
    expect(hub.told).toEqual(['first 6', 'late 6']);
    expect(hub.machine.counts).toMatchObject({ caughtUp: 3, delivered: 5 });
  });

  describe('on a busy topic', () => {
    /** One that has asked what follows 2, while the line goes on from 5 to 7. */
    const busy = () => {
      const hub = new Hub();
      hub.follow(5);
      const late = hub.join('late', 'catch-up', 2);
      hub.machine.message({ ...message(6), after: 's5' });
      hub.come(7);
      expect(hub.toldTo('late')).toEqual([]);
      return { hub, late };
    };

    test('is where its line is with one answer: what came meanwhile follows what history tells', () => {
      const { hub } = busy();
      hub.answer(2, page([3, 4, 5, 6], 6));
      expect(hub.toldTo('late')).toEqual(['3', '4', '5', '6', '7']);
      hub.come(8);
      expect([hub.toldTo('late'), hub.asked]).toEqual([['8'], []]);
    });

    test.each([
      ['more is to come', page([3, 4], 7, { more: true }), ['3', '4'], 4],
      ['one is missing between', page([3, 4], 4), ['3', '4'], 4],
      [
        'history is of another past',
        { ...page([3, 4], 5), messages: [message(3), { ...message(5), stamp: 'n5' }] },
        ['3', '5'],
        5,
      ],
    ])('asks on where %s', (_, answer, told, since) => {
      const { hub } = busy();
      hub.answer(2, answer);
      expect(hub.toldTo('late')).toEqual(told);
      expect(hub.asked.map((request) => request.since?.offset)).toEqual([since]);
    });

    test('takes what came meanwhile as far as its socket does, and goes on from there', () => {
      const { hub, late } = busy();
      hub.outcomes.set('late 6', Sent.FULL);
      hub.answer(2, page([3, 4, 5], 5));
      expect([hub.toldTo('late'), hub.asked]).toEqual([['3', '4', '5', '6'], []]);
      hub.machine.drained(late);
      hub.answer(6, page([7], 7));
      hub.come(8);
      expect(hub.toldTo('late')).toEqual(['7', '8']);
    });

    test.each([
      ['messages', Array.from({ length: 999 }, (_, i) => message(8 + i))],
      ['bytes', [{ ...message(8), data: 'x'.repeat(1024 * 1024) }]],
    ])('asks on where what came meanwhile is too many %s to be held', (_, more) => {
      const { hub } = busy();
      for (const one of more) hub.machine.message(one);
      hub.answer(2, page([3, 4, 5, 6], 6));
      expect(hub.toldTo('late')).toEqual(['3', '4', '5', '6']);
      expect(hub.asked.map((request) => request.since?.offset)).toEqual([6]);
    });

    test('lets go of what came meanwhile, and has as much room for the next', () => {
      const { hub } = busy();
      const large = (offset: number) => ({ ...message(offset), data: 'x'.repeat(2500) });
      hub.machine.message(large(8));
      hub.answer(2, page([3, 4, 5, 6, 7], 7));
      expect(hub.toldTo('late').at(-1)).toBe('8');
      hub.join('later', 'catch-up', 7);
      hub.machine.message(large(9));
      hub.answer(7, { ...page([], 8), messages: [large(8)] });
      expect([hub.toldTo('later'), hub.asked]).toEqual([['8', '9'], []]);
    });

    test('asks on where its line has had a gap meanwhile: history tells of it', () => {
      const { hub } = busy();
      hub.come(9);
      hub.machine.answered(hub.asked.pop()!, page([9], 9, { hole: 'trimmed' }));
      expect(hub.told).toEqual(['first trimmed 7-9', 'first 9']);
      hub.answer(2, page([3, 4, 5, 6], 6));
      expect(hub.toldTo('late')).toEqual(['3', '4', '5', '6']);
      hub.come(10);
      // A hole is told, and asked on from: what came meanwhile may be of another past.
      hub.answer(6, page([9], 9, { hole: 'trimmed' }));
      expect(hub.toldTo('late')).toEqual(['trimmed 6-9', '9']);
      hub.answer(9, page([10], 10));
      expect([hub.toldTo('late'), hub.asked]).toEqual([['10'], []]);
    });

    test('asks on where history could not be asked', () => {
      const { hub } = busy();
      hub.machine.failed(hub.asked.pop()!);
      hub.come(8);
      hub.machine.tick();
      hub.come(9);
      hub.answer(2, page([3], 3));
      expect(hub.toldTo('late')).toEqual(['3']);
      hub.answer(3, page([4, 5, 6, 7, 8], 8));
      expect([hub.toldTo('late'), hub.asked.length]).toEqual([['4', '5', '6', '7', '8'], 1]);
    });
  });

  test('asks for nothing where it is there already', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.join('late', 'catch-up', 5);
    expect(hub.asked).toEqual([]);
    hub.come(6);
    expect(hub.toldTo('late')).toEqual(['6']);
  });

  test('is not given again what it has, should the page begin before its place', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.join('late', 'catch-up', 3);
    hub.answer(3, page([2, 3, 4, 5], 5));
    expect(hub.toldTo('late')).toEqual(['4', '5']);
  });

  test('goes on where it stopped when it was full', () => {
    const hub = new Hub();
    hub.follow(6);
    const member = hub.join('late', 'catch-up', 2);
    hub.outcomes.set('late 4', Sent.FULL);
    hub.answer(2, page([3, 4, 5, 6], 6));
    hub.machine.tick();
    expect([hub.toldTo('late'), hub.asked]).toEqual([['3', '4'], []]);
    hub.machine.drained(member);
    hub.answer(4, page([5, 6], 6));
    expect(hub.toldTo('late')).toEqual(['5', '6']);
    expect(hub.asked).toEqual([]);
  });

  test('is asked again at a tick when it has refused one', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.join('late', 'catch-up', 2);
    hub.outcomes.set('late 4', Sent.REFUSED);
    hub.answer(2, page([3, 4, 5], 5));
    expect([hub.toldTo('late'), hub.asked]).toEqual([['3'], []]);
    hub.outcomes.clear();
    hub.machine.tick();
    hub.answer(3, page([4, 5], 5));
    expect(hub.toldTo('late')).toEqual(['4', '5']);
  });

  test.each([
    ['has ended', () => Sent.ENDED],
    ['leaves meanwhile', (hub: Hub, member: Member<string>) => (hub.machine.leave(member), Sent.MORE)],
  ])('is given nothing more, and asks for nothing, when it %s', (_, outcome) => {
    const hub = new Hub();
    hub.follow(5);
    const member = hub.join('late', 'catch-up', 2);
    hub.outcomes.set('late 3', () => outcome(hub, member));
    hub.answer(2, page([3, 4], 5));
    expect(hub.toldTo('late')).toEqual(['3']);
  });

  test('is given nothing when it has left before the answer', () => {
    const hub = new Hub();
    hub.follow(5);
    const member = hub.join('late', 'catch-up', 2);
    hub.machine.leave(member);
    hub.answer(2, page([3, 4, 5], 5));
    expect([hub.toldTo('late'), hub.asked]).toEqual([[], []]);
  });

  test('has one question at a time, whatever it is subscribed to, and none while it is full', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.follow(5, 'u');
    const member = hub.join('late', 'catch-up', 4);
    hub.machine.subscribe(member, 'u', 'catch-up', place(4));
    hub.outcomes.set('late 5', Sent.FULL);
    hub.answer(4, page([5], 5));
    expect(hub.asked).toEqual([]);
    hub.machine.drained(member);
    expect(hub.asked.map(({ line }) => line.topic)).toEqual(['u']);
  });

  test('is told first that some of what follows is no longer kept', () => {
    const hub = new Hub();
    hub.follow(6);
    hub.join('late', 'catch-up', 2);
    hub.answer(2, page([5, 6], 6, { hole: 'trimmed' }));
    expect(hub.toldTo('late')).toEqual(['trimmed 2-5', '5', '6']);
  });

  test('is told that nothing of what follows is kept, and goes on from there', () => {
    const hub = new Hub();
    hub.follow(6);
    hub.join('late', 'catch-up', 2);
    hub.answer(2, page([], 6, { hole: 'trimmed' }));
    expect([hub.toldTo('late'), hub.asked]).toEqual([['trimmed 2-undefined'], []]);
    hub.come(7);
    expect(hub.toldTo('late')).toEqual(['7']);
  });

  test('is given nothing more when it leaves at being told', () => {
    const hub = new Hub();
    hub.follow(6);
    const member = hub.join('late', 'catch-up', 2);
    hub.gap = () => (hub.machine.leave(member), true);
    hub.answer(2, page([5, 6], 6, { hole: 'trimmed' }));
    expect(hub.toldTo('late')).toEqual([]);
  });

  test('goes on with its line, and is told so, when three answers have led nowhere', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.join('late', 'catch-up', 2);
    for (let i = 0; i < 2; i++) {
      hub.answer(2, page([], 9, { position: place(9, 'other') }));
      // The line is looked at first: nothing is missing there.
      expect(hub.asked.map(({ subscription }) => subscription)).toEqual([undefined]);
      hub.answer(5, page([], 5));
    }
    expect(hub.toldTo('late')).toEqual([]);
    hub.answer(2, page([], 9, { position: place(9, 'other') }));
    expect(hub.toldTo('late')).toEqual(['trimmed 2-undefined']);
    expect(hub.asked).toEqual([]);
    hub.come(6);
    expect(hub.toldTo('late')).toEqual(['6']);
  });

  test('starts to count these anew with each answer that leads on', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.join('late', 'catch-up', 2);
    const nowhere = (since: number) => {
      hub.answer(since, page([], 9, { position: place(9, 'other') }));
      hub.answer(5, page([], 5));
    };
    for (const since of [2, 2]) nowhere(since);
    hub.answer(2, page([3], 5, { more: true }));
    for (const since of [3, 3]) nowhere(since);
    expect(hub.toldTo('late')).toEqual(['3']);
    hub.answer(3, page([4, 5], 5));
    expect(hub.toldTo('late')).toEqual(['4', '5']);
  });
});

describe('a line that has missed something', () => {
  /** One of another past, or of another epoch. */
  const other = (offset: number, past: string, epoch = 'e') => {
    return { ...message(offset), stamp: `${past}${offset}`, after: `${past}${offset - 1}`, epoch };
  };
  const since = (hub: Hub) => hub.asked.map((request) => (request.isHead ? 'head' : request.since?.offset));

  test('is one that nothing is missing of for a message that comes twice', () => {
    const hub = new Hub();
    hub.follow(5);
    expect(hub.machine.lines.get('t')!.hasMore).toBe(false);
    hub.come(6, 6);
    expect([hub.told, hub.asked, hub.machine.counts.doubles]).toEqual([['first 6'], [], 1]);
  });

  test('gives out what came meanwhile once history has told the rest, whether or not more follows', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.come(8, 9);
    hub.answer(5, page([6, 7, 8], 8));
    expect(hub.toldTo('first')).toEqual(['6', '7', '8', '9']);
    expect([hub.asked, hub.machine.held]).toEqual([[], 0]);
    hub.come(8);
    hub.answer(9, page([], 9));
    expect(hub.told).toEqual([]);
    expect(hub.machine.counts).toMatchObject({ filled: 3, delivered: 4, doubles: 1 });
  });

  test('is done, on a busy topic, with one answer that has what came while it was asked', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.come(8, 9, 10, 11);
    hub.answer(5, page([6, 7, 8, 9, 10], 10));
    expect([hub.toldTo('first').length, hub.asked]).toEqual([6, []]);
    expect(hub.machine.counts.doubles).toBe(2);
    hub.come(14, 15);
    // One of another past is told from what stands in its place.
    hub.machine.message(other(12, 'n'));
    hub.answer(11, page([12, 13, 14, 15], 15));
    expect(hub.toldTo('first')).toEqual(['12', '13', '14', '15']);
    expect(since(hub)).toEqual([15]);
  });

  test('begins, on a busy topic, with one question more, whatever came while it was asked', () => {
    const hub = new Hub();
    const began: number[] = [];
    hub.began = () => void began.push(hub.machine.lines.get('t')!.offset);
    hub.machine.subscribe(new Member('first'), 't', 'send');
    hub.machine.opened(hub.machine.lines.get('t')!);
    hub.come(2, 3, 4, 5);
    hub.machine.answeredHead(hub.asked.pop()!, place(5));
    expect(began).toEqual([]);
    hub.come(6, 7);
    hub.answer(5, page([6, 7], 7));
    expect([hub.toldTo('first'), hub.asked, began]).toEqual([['6', '7'], [], [7]]);
  });

  test('gives out what came, behind a gap, where history has it no longer', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.come(9, 8);
    hub.answer(5, page([6], 9, { more: true }));
    hub.answer(6, page([], 9));
    expect(hub.toldTo('first')).toEqual(['6', 'trimmed 6-8', '8', '9']);
    hub.come(12);
    hub.answer(9, page([], 12, { hole: 'trimmed' }));
    hub.come(15);
    // Nor has it more, whatever it says.
    hub.answer(12, page([], 15, { hole: 'trimmed', more: true }));
    expect(hub.toldTo('first')).toEqual(['trimmed 9-12', '12', 'trimmed 12-15', '15']);
  });

  test('tells of a gap that what follows it is the oldest that came and was not given out', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.come(7, 10, 9);
    hub.answer(5, page([6, 7], 10, { more: true }));
    hub.answer(7, page([], 10, { hole: 'trimmed' }));
    expect(hub.toldTo('first')).toEqual(['6', '7', 'trimmed 7-9', '9', '10']);
  });

  test('does not give out what was lost again', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.come(8);
    hub.answer(5, page([6, 7], 7));
    expect(hub.toldTo('first')).toEqual(['6', '7']);
    hub.come(10);
    const messages = [other(1, 'n', 'f'), other(2, 'n', 'f')];
    hub.answer(7, page([], 12, { messages, position: place(12, 'f'), hole: 'forgotten' }));
    expect(hub.toldTo('first')).toEqual(['forgotten 7-1', '1', '2']);
  });

  test('gives out the first of another epoch', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.machine.message(other(1, 'n', 'f'));
    hub.answer(5, page([], 1, { position: place(1, 'f'), hole: 'forgotten' }));
    expect(hub.toldTo('first')).toEqual(['forgotten 5-1', '1']);
  });

  test('is not given again what it has, or what is of another epoch, should the page begin before its place', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.come(8);
    hub.answer(5, page([4], 8, { more: true }));
    hub.answer(5, page([], 8, { messages: [message(4), message(5), message(6), other(7, 'n', 'f'), message(8)] }));
    expect(hub.toldTo('first')).toEqual(['6', '8']);
  });

  test('asks again, once, for what was too much to be held, with a hole in it or none', () => {
    for (const next of [8, 9]) {
      const hub = new Hub();
      hub.follow(5);
      hub.come(7, ...Array.from({ length: 11 }, (_, i) => next + i));
      expect(hub.machine.held).toBe(10);
      hub.answer(5, page([6, 7], 7));
      const last = next === 8 ? 16 : 7;
      expect(hub.toldTo('first').at(-1)).toBe(`${last}`);
      const rest = Array.from({ length: next + 10 - last }, (_, i) => last + 1 + i);
      hub.answer(last, page(rest, next + 10));
      expect(hub.toldTo('first')).toEqual(rest.map(String));
      expect([hub.told, hub.asked, hub.machine.held]).toEqual([[], [], 0]);
    }
  });

  test('asks for what was too much to be held while the newest was asked for', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.machine.down();
    hub.machine.up();
    const [head] = hub.asked.splice(0);
    hub.come(...Array.from({ length: 11 }, (_, i) => 6 + i));
    hub.machine.answeredHead(head!, place(5));
    expect(hub.toldTo('first').at(-1)).toBe('15');
    hub.answer(15, page([16], 16));
    expect([hub.toldTo('first'), hub.asked]).toEqual([['16'], []]);
  });

  test('has room for what comes however often that was needed', () => {
    const hub = new Hub();
    hub.follow(0);
    for (let i = 2; i < 200; i += 2) {
      hub.come(i);
      expect(hub.machine.held).toBe(1);
      hub.answer(i - 2, page([i - 1, i], i));
    }
  });

  test('asks again at a tick what could not be answered, and nothing while the engine is down', () => {
    const hub = new Hub();
    hub.machine.subscribe(new Member('first'), 't', 'send');
    hub.machine.opened(hub.machine.lines.get('t')!);
    const failed = () => {
      hub.machine.failed(hub.asked.pop()!);
      expect(hub.asked).toEqual([]);
      hub.machine.tick();
    };
    failed();
    expect(since(hub)).toEqual(['head']);
    hub.machine.answeredHead(hub.asked.pop()!, place(5));
    hub.come(8);
    failed();
    expect(since(hub)).toEqual([5]);
    hub.machine.failed(hub.asked.pop()!);
    hub.machine.down();
    hub.machine.tick();
    expect(hub.asked).toEqual([]);
  });

  test('forgets what it holds and has asked when the engine is down, and is not answered from before that', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.come(8);
    const [asked] = hub.asked.splice(0);
    hub.machine.down();
    hub.come(9);
    expect(hub.machine.held).toBe(0);
    hub.machine.answered(asked!, page([6, 7, 8], 8));
    expect(hub.told).toEqual([]);
    hub.machine.up();
    const [head] = hub.asked.splice(0);
    hub.machine.down();
    hub.machine.up();
    hub.machine.answeredHead(head!, place(3));
    expect(hub.machine.lines.get('t')!.offset).toBe(5);
    hub.machine.answeredHead(hub.asked.pop()!, place(5));
    hub.come(6);
    expect([hub.told, hub.asked]).toEqual([['first 6'], []]);
  });

  test('holds nothing for nobody', () => {
    const hub = new Hub();
    const member = hub.follow(5);
    hub.come(8);
    hub.machine.leave(member);
    expect(hub.machine.held).toBe(0);
    hub.machine.answered(hub.asked.pop()!, page([6, 7, 8], 8));
    expect([hub.told, hub.asked, hub.machine.counts.filled]).toEqual([[], [], 0]);
  });

  test('finds in a past that was rewritten what it has not given out, as far back as it keeps in mind', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.come(...Array.from({ length: 40 }, (_, i) => 6 + i));
    expect(hub.toldTo('first').length).toBe(40);
    hub.machine.message(other(46, 'n'));
    hub.answer(45, page([], 46, { hole: 'rewritten' }));
    expect(since(hub)).toEqual([21]);
    // Not answered: all over again.
    hub.machine.failed(hub.asked.pop()!);
    hub.machine.tick();
    hub.answer(45, page([], 46, { hole: 'rewritten' }));
    hub.answer(21, page([22, 44], 46, { more: true }));
    hub.answer(44, page([], 46, { messages: [other(45, 'n'), other(46, 'n')], position: other(46, 'n') }));
    expect(hub.toldTo('first')).toEqual(['rewritten 45-undefined', '45', '46']);
    // What was given out before the gap is of no use any more.
    hub.machine.message(other(47, 'm'));
    hub.answer(46, page([], 47, { hole: 'rewritten' }));
    expect(since(hub)).toEqual([44]);
    hub.answer(44, page([], 30, { hole: 'rewritten' }));
    expect([hub.toldTo('first'), hub.asked]).toEqual([['rewritten 46-undefined'], []]);
    expect(hub.machine.counts.rewritten).toBe(3);
  });

  test('goes back no further than it has given out something', () => {
    for (const count of [0, 1]) {
      const hub = new Hub();
      hub.follow(5);
      if (count === 1) hub.come(6);
      hub.told.length = 0;
      const [last, next] = [5 + count, other(6 + count, 'n')];
      hub.machine.message(next);
      if (count === 1) {
        hub.answer(6, page([], 7, { hole: 'rewritten' }));
        expect(hub.asked[0]!.since).toEqual({ epoch: 'e', offset: 5, stamp: '' });
      }
      hub.answer(5, page([], last + 1, { hole: 'rewritten', messages: [next], position: next }));
      expect(hub.toldTo('first')).toEqual([`rewritten ${last}-${last + 1}`, `${last + 1}`]);
    }
  });

  test('keeps a bounded number of messages in mind', () => {
    const hub = new Hub();
    hub.follow(0);
    hub.come(...Array.from({ length: 100 }, (_, i) => 1 + i));
    const { offsets, stamps } = hub.machine.lines.get('t')!.more;
    expect([offsets.length, stamps.length]).toEqual([20, 20]);
  });

  test('takes what follows a message whose stamp the engine does not know', () => {
    const hub = new Hub();
    hub.follow(5);
    hub.machine.lines.get('t')!.moveTo({ ...place(5), stamp: '' });
    for (const offset of [6, 7]) hub.machine.message({ ...message(offset), after: `s${offset - 1}` });
    expect([hub.toldTo('first'), hub.asked]).toEqual([['6', '7'], []]);
  });
});

describe('a slow subscriber', () => {
  /** Full with the sixth message, and two more come before it drains. */
  function slow(policy: Slow, more: readonly number[] = [7, 8]) {
    const hub = new Hub();
    hub.follow(5);
    const member = hub.join('slow', policy);
    hub.outcomes.set('slow 6', Sent.FULL);
    hub.come(6, ...more);
    const before = hub.toldTo('slow');
    hub.machine.drained(member);
    return { hub, before };
  }

  test('is sent it all the same', () => {
    const { hub, before } = slow('send');
    expect([before, hub.toldTo('slow')]).toEqual([['6', '7', '8'], []]);
  });

  test('goes without, is told so when it has drained, and goes on', () => {
    const { hub, before } = slow('skip');
    expect([before, hub.toldTo('slow')]).toEqual([['6'], ['slow 6-undefined']]);
    hub.come(9);
    expect(hub.toldTo('slow')).toEqual(['9']);
    expect(hub.machine.counts).toMatchObject({ skipped: 2, gaps: { slow: 1 } });
  });

  test('is told of a single one that it went without', () => {
    const { hub } = slow('skip', [7]);
    expect(hub.toldTo('slow')).toEqual(['slow 6-undefined']);
  });

  test('is told of nothing when nothing came meanwhile', () => {
    const { hub, before } = slow('skip', []);
    expect([before, hub.toldTo('slow')]).toEqual([['6'], []]);
  });

  test.each([
    [[7], ['7']],
    [
      [7, 8],
      ['slow 6-8', '8'],
    ],
  ])('is given the latest of %j, and told if there were others', (more, after) => {
    const { hub, before } = slow('latest', more);
    expect([before, hub.toldTo('slow')]).toEqual([['6'], after]);
  });

  test('is ended with the first that it would go without', () => {
    const { before } = slow('terminate', [7]);
    expect(before).toEqual(['6', 'ended']);
  });

  test('catches up from history', () => {
    const { hub, before } = slow('catch-up');
    expect(before).toEqual(['6']);
    hub.answer(6, page([7, 8], 8));
    expect(hub.toldTo('slow')).toEqual(['7', '8']);
    hub.come(9);
    expect(hub.toldTo('slow')).toEqual(['9']);
  });
});

test.each([
  ['that has ended', Sent.ENDED],
  ['that is no socket', Sent.TAPPED],
])('a subscriber %s counts for nothing, and is owed nothing', (_, sent) => {
  const hub = new Hub();
  hub.follow(5);
  const member = hub.join('other', 'skip');
  hub.outcomes.set('other 6', sent);
  hub.come(6);
  expect([hub.machine.counts.delivered, member.isFull]).toEqual([1, false]);
  hub.machine.tick();
  hub.come(7);
  expect(hub.toldTo('other')).toEqual(['6', '7']);
  expect(hub.machine.counts).toMatchObject({ delivered: 3, skipped: 0, gaps: {} });
});

describe('a publish of this node', () => {
  test('does not come back to its author from history either', () => {
    const hub = new Hub();
    hub.follow(5);
    const author = hub.join('author', 'catch-up', 3);
    hub.machine.own.begin('s5', author);
    hub.answer(3, page([4, 5], 5));
    expect(hub.toldTo('author')).toEqual(['4']);
    hub.come(6);
    expect(hub.toldTo('author')).toEqual(['6']);
  });

  test('is given to all but one, once, whether its answer or its message comes first', () => {
    for (const answerFirst of [true, false]) {
      const hub = new Hub();
      hub.follow(5);
      const author = hub.join('author', 'skip');
      hub.machine.own.begin('s6', author);
      const steps = [() => hub.machine.published(message(6)), () => hub.come(6)];
      for (const step of answerFirst ? steps : steps.reverse()) step();
      expect(hub.told).toEqual(['first 6']);
      expect(hub.machine.own.end('s6')).toBe(1);
      expect(hub.machine.own.open).toBe(0);
    }
  });
});

describe('what the explorer tells states apart by', () => {
  /** A socket that follows its topic, and has taken or not taken message 4. */
  const after = (sent: Sent): string => {
    const hub = new Hub();
    hub.follow(3);
    const member = hub.join('late', 'catch-up');
    hub.outcomes.set('late 4', sent);
    hub.machine.message(message(4));
    return hub.machine.describe([member]);
  };

  test('has who refused a message, and is asked again at a tick: who is full says so itself', () => {
    expect(after(Sent.REFUSED)).not.toBe(after(Sent.FULL));
    expect(after(Sent.FULL)).toBe(after(Sent.MORE));
  });

  test('has what is to be asked again', () => {
    const hub = new Hub();
    hub.follow(3);
    const member = hub.join('late', 'catch-up', 1);
    const before = hub.machine.describe([member]);
    hub.machine.failed(hub.asked.pop()!);
    expect(hub.machine.describe([member])).not.toBe(before);
  });

  test('has what the engine still owes of this node’s own publishes', () => {
    const hub = new Hub();
    hub.machine.own.begin('s4', undefined);
    const begun = hub.machine.describe([]);
    hub.machine.own.answered('s4');
    expect(hub.machine.describe([])).not.toBe(begun);
  });
});
