/** A sink that puts the end off: what came before a Close frame or a fault can still be answered (RFC 6455 §7.1.7). */
import { describe, expect, test } from 'vitest';
import { ConnectionLostError, ProtocolError, TimeoutError } from '../../protocol/index.ts';
import { openEndpoint, outcomeOf, ROLES, type Endpoint, type Role } from '../support/endpoint.ts';
import { CLOSE, closePayload, TEXT } from '../support/frames.ts';

const BAD = { opcode: 3 };
const BYE = { opcode: CLOSE, payload: closePayload(1001, 'bye') };

/** An endpoint whose sink puts the end off, after a message and these frames. */
function lingering(role: Role, last: typeof BAD | typeof BYE): Endpoint {
  const endpoint = openEndpoint(role, { on: () => ({ onEnding: () => true }), pingInterval: 100, pongTimeout: 50 });
  endpoint.receive(endpoint.peer({ opcode: TEXT, payload: 'first' }), endpoint.peer(last));
  return endpoint;
}

describe.each(ROLES)('a %s whose sink puts the end off', (role) => {
  const action = role === 'server' ? 'END' : 'KEEP';

  test('does nothing about a Close frame until it is to, however the frames are cut', () => {
    const frames = [{ opcode: TEXT, payload: 'first' }, BYE];
    const options = { on: () => ({ onEnding: () => true }) };
    const answer = (endpoint: Endpoint): void => endpoint.connection.sendText('second');
    expect(outcomeOf(role, frames, options, answer)).toMatchObject({
      events: ['text "first"'],
      sent: ['TEXT "second"'],
      phase: 'OPEN',
      action: 'KEEP',
    });
    const conclude = (endpoint: Endpoint): void => {
      answer(endpoint);
      endpoint.connection.conclude();
    };
    expect(outcomeOf(role, frames, options, conclude)).toMatchObject({
      events: ['text "first"', 'close 1001 "bye"'],
      sent: ['TEXT "second"', 'CLOSE 1001 "bye"'],
      phase: 'CLOSING',
      action,
    });
  });

  test('does nothing about a fault until it is to', () => {
    const endpoint = lingering(role, BAD);
    endpoint.connection.sendText('second');
    expect(endpoint.outcome()).toMatchObject({ events: ['text "first"'], sent: ['TEXT "second"'], phase: 'OPEN' });
    endpoint.connection.conclude();
    expect(endpoint.outcome()).toMatchObject({
      events: [],
      sent: ['CLOSE 1002 "a reserved opcode"'],
      phase: 'CLOSING',
      action: 'END',
    });
    endpoint.receiveEof();
    expect(endpoint.closed).toMatchObject({ code: 1006, first: 'sent', error: { code: 1002 } });
  });

  test('decodes nothing that comes in between, and drops it in the end', () => {
    const endpoint = lingering(role, BYE);
    endpoint.receive(endpoint.peer({ opcode: TEXT, payload: 'late' }), Uint8Array.of(0xff, 0xff, 0xff));
    endpoint.connection.conclude();
    endpoint.receive(endpoint.peer({ opcode: TEXT, payload: 'later' }));
    expect(endpoint.events()).toEqual(['text "first"', 'close 1001 "bye"']);
  });

  test.each([
    ['is concluded a second time', (endpoint: Endpoint) => endpoint.connection.conclude()],
    ['is paused and resumed', (endpoint: Endpoint) => [endpoint.connection.pause(), endpoint.connection.resume()]],
  ])('acts once though it %s', (_, act) => {
    const endpoint = lingering(role, BYE);
    endpoint.connection.conclude();
    endpoint.call(() => act(endpoint));
    expect(endpoint.events()).toEqual(['text "first"', 'close 1001 "bye"']);
    expect(endpoint.sent()).toEqual(['CLOSE 1001 "bye"']);
  });

  test('sends no second Close frame when this side closes in between', () => {
    const endpoint = lingering(role, BYE);
    endpoint.connection.close(4000, 'mine');
    endpoint.connection.conclude();
    expect(endpoint.outcome()).toMatchObject({
      events: ['text "first"', 'close 1001 "bye"'],
      sent: ['CLOSE 4000 "mine"'],
      action,
    });
    endpoint.receiveEof();
    expect(endpoint.closed).toMatchObject({ clean: true, code: 1001, first: 'sent' });
  });

  test('is not asked once this side has sent its Close frame', () => {
    let asked = 0;
    const endpoint = openEndpoint(role, { on: () => ({ onEnding: () => ++asked > 0 }) });
    endpoint.connection.close(1000);
    endpoint.receive(endpoint.peer(BYE));
    expect(endpoint.events()).toEqual(['close 1001 "bye"']);
    expect(asked).toBe(0);
  });

  test.each(['receiveEof', 'transportLost'] as const)('is made to act by %s', (end) => {
    const endpoint = lingering(role, BYE);
    endpoint.call(() => endpoint.connection[end](endpoint.now));
    expect(endpoint.events()).toEqual(['text "first"', 'close 1001 "bye"', 'closed 1001 "bye", clean']);
    endpoint.connection.conclude();
    expect(endpoint.outcome()).toMatchObject({ events: [], phase: 'CLOSED' });
  });

  test('loses nothing of what it knows when it is terminated, or gives the peer up', () => {
    const terminated = lingering(role, BYE);
    terminated.connection.terminate();
    expect(terminated.closed).toMatchObject({ code: 1001, clean: false, sent: undefined, first: 'received' });
    expect(terminated.closed!.error).toBeInstanceOf(ConnectionLostError);
    expect(terminated.events()).toEqual(['text "first"', 'closed 1001 "bye", ConnectionLostError 1006']);

    const failed = lingering(role, BAD);
    failed.connection.terminate();
    expect(failed.closed!.error).toBeInstanceOf(ProtocolError);

    const silent = lingering(role, BYE);
    silent.advanceTo(1000);
    expect(silent.closed).toMatchObject({ code: 1001, clean: false });
    expect(silent.closed!.error).toBeInstanceOf(TimeoutError);
    silent.connection.conclude();
    expect(silent.outcome()).toMatchObject({ phase: 'CLOSED', action: 'ABORT' });
  });

  test('ends at once when the sink throws instead, and that is heard', () => {
    const onEnding = (): boolean => {
      throw new Error('mine');
    };
    const endpoint = openEndpoint(role, { on: () => ({ onEnding }) });
    expect(() => endpoint.receive(endpoint.peer(BYE))).toThrow('mine');
    expect(endpoint.outcome()).toMatchObject({ events: ['close 1001 "bye"'], sent: ['CLOSE 1001 "bye"'] });
  });

  test('has nothing to conclude while nothing has ended', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.conclude();
    endpoint.connection.pause();
    endpoint.receive(endpoint.peer({ opcode: TEXT, payload: 'held' }));
    endpoint.connection.conclude();
    expect(endpoint.outcome()).toMatchObject({ events: [], sent: [], phase: 'OPEN' });
    endpoint.connection.resume();
    expect(endpoint.events()).toEqual(['text "held"']);
  });
});

describe.each(ROLES)('a %s that is patient when its peer has ended the transport', (role) => {
  const told = (endpoint: Endpoint) => {
    const { events, sent, phase } = endpoint.outcome();
    return { events, sent, phase };
  };

  test('waits for what it has sent, its own Close frame too, until it is told again', () => {
    const endpoint = lingering(role, BYE);
    endpoint.connection.sendText('second');
    endpoint.call(() => endpoint.connection.receiveEof(0, true));
    expect(told(endpoint)).toEqual({
      events: ['text "first"', 'close 1001 "bye"'],
      sent: ['TEXT "second"', 'CLOSE 1001 "bye"'],
      phase: 'CLOSING',
    });
    endpoint.receiveEof();
    expect(endpoint.closed).toMatchObject({ code: 1001, clean: true });
  });

  test('delivers what a pause held back, and takes its time all the same', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.pause();
    endpoint.receive(endpoint.peer({ opcode: TEXT, payload: 'held' }), endpoint.peer(BYE));
    endpoint.call(() => endpoint.connection.receiveEof(0, true));
    expect(told(endpoint)).toMatchObject({ events: ['text "held"', 'close 1001 "bye"'], phase: 'CLOSING' });
    endpoint.receiveEof();
    expect(endpoint.closed).toMatchObject({ code: 1001, clean: true });
  });

  test.each([
    ['the transport is lost', (endpoint: Endpoint) => endpoint.connection.transportLost(0)],
    ['nothing has left in time', (endpoint: Endpoint) => endpoint.advanceTo(20_000)],
    ['it is terminated', (endpoint: Endpoint) => endpoint.connection.terminate(0)],
  ])('ends when %s', (_, end) => {
    const endpoint = openEndpoint(role, { closeTimeout: 10_000 });
    endpoint.receive(endpoint.peer(BYE));
    endpoint.call(() => endpoint.connection.receiveEof(0, true));
    expect(endpoint.closed).toBeUndefined();
    endpoint.call(() => end(endpoint));
    expect(endpoint.closed).toMatchObject({ code: 1001, clean: true });
  });

  test('waits for nothing without a Close frame', () => {
    const endpoint = openEndpoint(role);
    endpoint.connection.sendText('on its way');
    endpoint.call(() => endpoint.connection.receiveEof(0, true));
    expect(endpoint.closed).toMatchObject({ code: 1006 });
  });
});
