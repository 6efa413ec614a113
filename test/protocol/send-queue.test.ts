/** Messages that wait behind one that is being deflated off the thread, in a connection by itself. */
import { describe, expect, test } from 'vitest';
import { type DeflateCodec, PreparedMessage, type Sink, TimeoutError } from '../../protocol/index.ts';
import { PermessageDeflate } from '../../protocol/internal.ts';
import { type Endpoint, openEndpoint, ROLES } from '../support/endpoint.ts';
import { CLOSE } from '../support/frames.ts';

const LARGE = 5000;
/** What waits takes so much besides its bytes. */
const EACH = 128;

interface Subject extends Endpoint {
  /** What is being deflated is, or can't be. */
  finish(fails?: boolean): void;
  /** How many messages are being deflated. */
  waiting(): number;
  /** What was sent, by its first letter; `*` marks what was compressed. */
  order(): string;
}

/** A side whose codec leaves bytes as they are, for at least 1000 bytes when `finish` says so. */
function opened(role: 'server' | 'client', sink: Partial<Sink> = {}, codec: Partial<DeflateCodec> = {}): Subject {
  const jobs: ((fails: boolean) => void)[] = [];
  const tail = [0, 0, 0xff, 0xff];
  const plain: DeflateCodec = {
    createDeflater: () => ({ deflate: (bytes) => Uint8Array.of(...bytes, ...tail), reset() {}, release() {} }),
    createInflater: () => ({ inflate: (bytes) => bytes, reset() {}, release() {} }),
    deflateLater: (bytes, _, done) =>
      void jobs.push((fails) => done(fails ? undefined : Uint8Array.of(...bytes, ...tail))),
  };
  const deflate = new PermessageDeflate(role === 'server', { asyncAbove: 1000 }, { ...plain, ...codec });
  deflate.establish({ name: 'permessage-deflate', params: [] });
  const endpoint = openEndpoint(role, {
    deflate,
    on: (its) => ({ onDeflated: () => its.connection.handleDeflated(its.now), ...sink }),
  });
  return Object.assign(endpoint, {
    finish: (fails = false) => jobs.splice(0).forEach((job) => job(fails)),
    waiting: () => jobs.length,
    order: () =>
      endpoint
        .sentFrames()
        .map(({ opcode, rsv1, payload }) => {
          if (opcode === CLOSE) return 'close';
          if (opcode > 8) return opcode === 9 ? 'ping' : 'pong';
          return (rsv1 ? '*' : '') + String.fromCharCode(payload[0]);
        })
        .join(' '),
  });
}

const bytes = (letter: string, length = LARGE): Uint8Array => new Uint8Array(length).fill(letter.charCodeAt(0));

describe.each(ROLES)('a %s', (role) => {
  test('sends everything in the order of the calls, and control frames at once', () => {
    const one = opened(role);
    const { connection } = one;
    connection.sendText('a');
    connection.sendText('b'.repeat(LARGE));
    connection.sendText('c');
    connection.sendBinary(bytes('d', 10));
    connection.sendText(bytes('e', 10));
    connection.sendPrepared(new PreparedMessage('f'));
    connection.sendFragment('g', false);
    connection.ping();
    connection.sendFragment('h', true);
    connection.sendFragment(bytes('i', 10), true);
    connection.sendText(bytes('j'), false);
    connection.sendText('k'.repeat(LARGE), false);
    connection.sendPrepared(new PreparedMessage(bytes('l')));
    connection.sendText(bytes('m'));
    connection.sendText('n');
    expect(one.order()).toBe('a ping');
    expect(one.waiting()).toBe(1);
    one.finish();
    expect(one.order()).toBe('*b c d e f *g h *i j k');
    one.finish();
    expect(one.order()).toBe('*l');
    one.finish();
    expect(one.order()).toBe('*m n');
    expect(connection.bufferedAmount).toBe(0);
  });

  test('counts what waits, and what holds it', () => {
    const { connection, finish } = opened(role);
    connection.sendBinary(bytes('a'));
    connection.sendText('é');
    connection.sendFragment('é', false);
    connection.sendFragment('', true);
    expect([connection.outputSize, connection.bufferedAmount]).toEqual([0, LARGE + 4 + 4 * EACH]);
    finish();
    expect(connection.outputSize).toBeGreaterThan(LARGE);
    expect(connection.bufferedAmount).toBe(connection.outputSize);
  });

  test('copies bytes of up to 1 KiB that wait', () => {
    const one = opened(role);
    const sent = [bytes('a', 1024), bytes('b', 3)];
    one.connection.sendBinary(bytes('x'));
    one.connection.sendBinary(sent[0], false);
    one.connection.sendFragment(sent[1], true);
    for (const each of sent) each.fill(0);
    one.finish();
    expect(one.order()).toBe('*x a *b');
  });

  test('refuses at once what does not go together', () => {
    const { connection } = opened(role);
    connection.sendText('x'.repeat(LARGE));
    expect(() => connection.sendText(Uint8Array.of(0xff))).toThrow(TypeError);
    connection.sendFragment('a', false);
    const between = { name: 'InvalidStateError', message: 'a fragmented message is being sent' };
    expect(() => connection.sendText('b')).toThrow(expect.objectContaining(between));
    expect(() => connection.sendBinary(bytes('b'))).toThrow(expect.objectContaining(between));
    expect(() => connection.sendPrepared(new PreparedMessage('b'))).toThrow(expect.objectContaining(between));
    expect(() => connection.sendPrepared({} as PreparedMessage)).toThrow(TypeError);
    expect(() => connection.sendFragment(bytes('b', 1), true)).toThrow(/all text or all bytes/);
    expect(() => connection.sendFragment('b', 'yes' as never)).toThrow(TypeError);
    connection.sendFragment(bytes('c', 1), true, true, true);
    expect(() => connection.close(1006)).toThrow(RangeError);
    expect(connection.state).toBe('OPEN');
  });

  test('sends fragments at once while nothing waits', () => {
    const one = opened(role);
    one.connection.sendFragment('a', false);
    one.connection.sendFragment('b', true);
    one.connection.sendText('c');
    expect(one.order()).toBe('*a b c');
  });

  test('goes on early calls without effect, and tells nobody of what was dropped', () => {
    let told = 0;
    const one = opened(role, { onDeflated: () => void told++ });
    one.connection.handleDeflated(0);
    one.connection.sendBinary(bytes('a'));
    one.connection.sendText('b');
    one.connection.handleDeflated(0);
    expect(one.order()).toBe('');
    one.connection.terminate();
    expect(one.connection.bufferedAmount).toBe(0);
    one.finish();
    expect([one.order(), told]).toEqual(['', 0]);
  });

  test('deflates on the spot what could not be deflated later, and ends with 1011 when that fails as well', () => {
    const one = opened(role);
    one.connection.sendBinary(bytes('a'));
    one.finish(true);
    expect(one.order()).toBe('*a');

    const deflate = (): never => {
      throw new Error('out of memory');
    };
    const other = opened(role, {}, { createDeflater: () => ({ deflate, reset() {}, release() {} }) });
    other.connection.sendBinary(bytes('a'));
    other.connection.sendText('b');
    other.finish(true);
    expect(other.closed?.error).toMatchObject({ code: 1011, kind: 'internal', cause: { message: 'out of memory' } });
    expect([other.order(), other.connection.bufferedAmount]).toEqual(['', 0]);
  });

  test('sends at once what is deflated already', () => {
    const message = new PreparedMessage(bytes('a'));
    const one = opened(role);
    one.connection.sendPrepared(message);
    one.finish();
    one.connection.sendPrepared(message);
    expect(one.order()).toBe('*a *a');
  });

  test('its Close frame waits, and nothing goes behind it', () => {
    const one = opened(role);
    one.connection.sendBinary(bytes('a'));
    one.connection.close(4000, 'bye');
    one.connection.close(4001);
    expect([one.phase, one.connection.state, one.action]).toEqual(['CLOSING', 'CLOSE_QUEUED', 'KEEP']);
    expect(() => one.connection.sendText('late')).toThrow('the connection is not open');
    one.finish();
    expect([one.connection.state, one.order()]).toEqual(['CLOSE_SENT', '*a close']);
  });

  test('waits with its Close frame for no longer than a closing handshake may take, whatever else comes', () => {
    const one = opened(role);
    one.connection.sendBinary(bytes('a'));
    one.connection.close(1000, '', one.now);
    const due = one.connection.nextTimeout();
    expect(due).toBe(one.now + 10_000);
    one.now = due - 1;
    one.receive(one.peer({ opcode: 1, payload: 'x' }));
    expect([one.events(), one.connection.state, one.connection.nextTimeout()]).toEqual([
      ['text "x"'],
      'CLOSE_QUEUED',
      due,
    ]);
    one.advanceTo(due);
    expect(one.connection.state).toBe('ABORTED');
    expect(one.connection.closeInfo?.error).toBeInstanceOf(TimeoutError);
  });

  test('counts that time from the call, not from when its Close frame goes', () => {
    const one = opened(role);
    one.connection.sendBinary(bytes('a'));
    one.connection.close(1000, '', one.now);
    const due = one.connection.nextTimeout();
    one.now += 9000;
    one.finish();
    expect([one.connection.state, one.connection.nextTimeout()]).toEqual(['CLOSE_SENT', due]);
  });

  test("the peer's Close frame is answered behind what was sent before it came, and nothing later goes", () => {
    const one = opened(role);
    one.connection.sendBinary(bytes('a'));
    one.connection.sendText('b');
    one.receive(one.peer({ opcode: CLOSE, payload: [3, 232] }));
    one.connection.sendText('late');
    one.connection.sendBinary(bytes('l'));
    expect(one.connection.state).toBe('CLOSE_RECEIVED');
    expect(one.events()).toEqual([]);
    one.finish();
    expect(one.order()).toBe('*a b close');
    expect([one.phase, one.connection.bufferedAmount]).toEqual(['CLOSING', 0]);
    expect(one.events()).toEqual(['close 1000 ""']);
  });

  test('our own Close frame that waits answers that of the peer, with its own code', () => {
    const one = opened(role);
    one.connection.sendBinary(bytes('a'));
    one.receive(one.peer({ opcode: CLOSE, payload: [3, 232] }));
    one.connection.sendBinary(bytes('b'));
    one.connection.close(4000);
    expect(one.connection.state).toBe('CLOSE_QUEUED_AND_RECEIVED');
    one.finish();
    // The peer is owed no more than what had been sent when it closed.
    expect(one.order()).toBe('*a close');
    one.receiveEof();
    expect(one.closed).toMatchObject({ code: 1000, clean: true });
  });

  test("what the sink puts off waits for what was sent as well, and the transport's end for nothing", () => {
    const one = opened(role, { onEnding: () => true });
    one.connection.sendBinary(bytes('a'));
    one.receive(one.peer({ opcode: CLOSE, payload: [3, 232] }));
    one.call(() => one.connection.conclude(0));
    expect(one.events()).toEqual([]);
    one.finish();
    expect([one.order(), one.events()]).toEqual(['*a close', ['close 1000 ""']]);

    const other = opened(role, { onEnding: () => true });
    other.connection.sendBinary(bytes('a'));
    other.connection.close(4000);
    other.receive(other.peer({ opcode: CLOSE, payload: [3, 232] }));
    other.receiveEof();
    expect(other.order()).toBe('close');
    expect(other.closed).toMatchObject({ code: 1000, clean: true });
    other.finish();
    expect(other.order()).toBe('');
  });

  test('calls back when what was sent is output', () => {
    const one = opened(role);
    const called: string[] = [];
    one.connection.whenSent(() => called.push('at once'));
    one.connection.sendBinary(bytes('a'));
    one.connection.whenSent(() => called.push('a'));
    one.connection.sendBinary(bytes('b'));
    one.connection.whenSent(() => called.push('b'));
    expect(called).toEqual(['at once']);
    one.finish();
    expect(called).toEqual(['at once', 'a']);
    one.connection.terminate();
    one.finish();
    expect(called).toEqual(['at once', 'a']);
  });
});

test('a connection without compression calls back at once', () => {
  let called = 0;
  openEndpoint('server').connection.whenSent(() => called++);
  expect(called).toBe(1);
});
