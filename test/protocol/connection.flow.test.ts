/** Pausing, and memory that stays bounded by what was received, whatever the peer does. */
import { describe, expect, test } from 'vitest';
import { join } from '../support/cuts.ts';
import { onEverySplit } from '../support/every-split.ts';
import { hex, openEndpoint, ROLES } from '../support/endpoint.ts';
import { BINARY, CLOSE, closePayload, CONTINUATION, type FrameSpec, noise, PING, TEXT } from '../support/frames.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describe.each(ROLES)('a %s', (role) => {
  const wireOf = (...frames: readonly FrameSpec[]): Uint8Array =>
    join(...frames.map((one) => openEndpoint(role).peer(one)));

  const MESSAGES: readonly FrameSpec[] = [
    { opcode: TEXT, payload: 'one' },
    { opcode: BINARY },
    { opcode: PING, payload: 'p' },
    { opcode: TEXT, fin: false, payload: 'th' },
    { opcode: CONTINUATION, payload: 'ree' },
    { opcode: BINARY, payload: noise(130) },
    { opcode: CLOSE, payload: closePayload(1000, 'bye') },
  ];
  const EVENTS = ['text "one"', 'binary ', 'ping 70', 'text "three"', `binary ${hex(noise(130))}`, 'close 1000 "bye"'];

  test('one that has stopped reading delivers what it is given, and wants no more until it is resumed', () => {
    const outcome = onEverySplit(wireOf(...MESSAGES.slice(0, -1)), (deliver) => {
      const endpoint = openEndpoint(role, { on: (end) => ({ onText: () => end.connection.stopReading() }) });
      deliver((piece) => endpoint.call(() => endpoint.connection.receive(piece, 0)));
      const { wantsInput } = endpoint.connection;
      endpoint.call(() => endpoint.connection.resume());
      return { ...endpoint.outcome(), wantsInput, resumed: endpoint.connection.wantsInput };
    });
    expect(outcome).toMatchObject({ events: EVENTS.slice(0, -1), wantsInput: false, resumed: true });
  });

  describe('paused', () => {
    test('begins no message and wants no input, until it is resumed', () => {
      const outcome = onEverySplit(wireOf(...MESSAGES), (deliver) => {
        const endpoint = openEndpoint(role);
        endpoint.connection.pause();
        deliver((piece) => endpoint.call(() => endpoint.connection.receive(piece, 0)));
        expect(endpoint.events()).toEqual([]);
        expect(endpoint.connection.wantsInput).toBe(false);
        endpoint.call(() => endpoint.connection.resume());
        return { ...endpoint.outcome(), wantsInput: endpoint.connection.wantsInput };
      });
      expect(outcome).toMatchObject({ events: EVENTS, sent: ['PONG 70', 'CLOSE 1000 "bye"'], wantsInput: true });
    });

    test('and resumed again and again, gets every message once and in order', () => {
      const { events } = onEverySplit(wireOf(...MESSAGES), (deliver) => {
        const endpoint = openEndpoint(role, {
          on: (end) => ({ onText: () => end.connection.pause(), onBinary: () => end.connection.pause() }),
        });
        deliver((piece) => endpoint.call(() => endpoint.connection.receive(piece, 0)));
        while (!endpoint.connection.wantsInput) endpoint.call(() => endpoint.connection.resume());
        return endpoint.outcome();
      });
      expect(events).toEqual(EVENTS);
    });

    test.each(['receiveEof', 'transportLost'] as const)('%s delivers everything first', (end) => {
      const { events } = onEverySplit(wireOf(...MESSAGES.slice(0, -1)), (deliver) => {
        const endpoint = openEndpoint(role);
        endpoint.connection.pause();
        deliver((piece) => endpoint.call(() => endpoint.connection.receive(piece, 0)));
        endpoint.call(() => endpoint.connection[end](0));
        return endpoint.outcome();
      });
      expect(events).toEqual([...EVENTS.slice(0, -1), 'closed 1006 "", ConnectionLostError 1006']);
    });

    test.each(['receiveEof', 'transportLost'] as const)(
      '%s delivers everything, however often the sink pauses',
      (end) => {
        const pausing = onEverySplit(wireOf(...MESSAGES.slice(0, -1)), (deliver) => {
          const endpoint = openEndpoint(role, {
            on: (self) => ({ onText: () => self.connection.pause(), onBinary: () => self.connection.pause() }),
          });
          deliver((piece) => endpoint.call(() => endpoint.connection.receive(piece, 0)));
          endpoint.call(() => endpoint.connection[end](0));
          return endpoint.outcome();
        });
        expect(pausing.events).toEqual([...EVENTS.slice(0, -1), 'closed 1006 "", ConnectionLostError 1006']);
      },
    );

    test('a Close frame that was held back is answered when the peer has ended the transport', () => {
      const endpoint = openEndpoint(role);
      endpoint.connection.pause();
      endpoint.receive(wireOf(...MESSAGES));
      endpoint.receiveEof();
      expect(endpoint.outcome()).toMatchObject({
        events: [...EVENTS, 'closed 1000 "bye", clean'],
        sent: ['PONG 70', 'CLOSE 1000 "bye"'],
        action: 'END',
      });
    });

    test('a message in progress goes on to its end', () => {
      const endpoint = openEndpoint(role, { on: (end) => ({ onPing: () => end.connection.pause() }) });
      endpoint.receive(
        wireOf(
          { opcode: TEXT, fin: false, payload: 'be' },
          { opcode: PING },
          { opcode: CONTINUATION, payload: 'gun' },
          { opcode: TEXT, payload: 'next' },
        ),
      );
      expect(endpoint.events()).toEqual(['ping ', 'text "begun"']);
      endpoint.call(() => endpoint.connection.resume());
      expect(endpoint.events()).toEqual(['text "next"']);
    });

    test.each([0, 1, 130])('a frame of %i bytes is held back behind a header that came in pieces', (length) => {
      const wire = wireOf({ opcode: BINARY, payload: noise(length) });
      for (let at = 1; at < wire.length; at++) {
        const endpoint = openEndpoint(role);
        endpoint.connection.pause();
        endpoint.receive(wire.slice(0, at));
        endpoint.receive(wire.slice(at));
        expect(endpoint.events()).toEqual([]);
        endpoint.call(() => endpoint.connection.resume());
        expect(endpoint.events()).toEqual([`binary ${hex(noise(length))}`]);
      }
    });

    test('wants input when it has nothing to give: once the connection is over, the transport’s end is looked for', () => {
      const endpoint = openEndpoint(role);
      endpoint.connection.pause();
      endpoint.receive(wireOf({ opcode: 3 }));
      expect(endpoint.connection.wantsInput).toBe(true);
      expect(endpoint.phase).toBe('CLOSING');
    });

    test('what was on its way is kept, and one who sends on and on is dropped', () => {
      const endpoint = openEndpoint(role);
      const message = wireOf({ opcode: BINARY, payload: noise(64 * KIB) });
      endpoint.connection.pause();
      let count = 0;
      while (endpoint.phase === 'OPEN' && count < 100) {
        endpoint.receive(message);
        count++;
      }
      expect(count * message.length).toBeGreaterThan(MIB);
      expect(count * message.length).toBeLessThan(MIB + 4 * message.length);
      expect(endpoint.outcome()).toMatchObject({
        events: ['closed 1006 "", ProtocolError 1008'],
        action: 'ABORT',
        phase: 'CLOSED',
      });
    });

    test('the rest of a chunk is kept, however large it is', () => {
      const endpoint = openEndpoint(role, {
        maxMessageSize: false,
        on: (end) => ({ onText: () => end.connection.pause() }),
      });
      const large = noise(3 * MIB);
      endpoint.receive(wireOf({ opcode: TEXT, payload: 'stop' }, { opcode: BINARY, payload: large }));
      endpoint.receive(wireOf({ opcode: BINARY, payload: large }));
      expect(endpoint.events()).toEqual(['text "stop"']);
      endpoint.call(() => endpoint.connection.resume());
      expect(endpoint.events()).toEqual([`binary ${hex(large)}`, `binary ${hex(large)}`]);
    });
  });

  test('without effect on a connection that is over', () => {
    const endpoint = openEndpoint(role);
    endpoint.receiveEof();
    endpoint.connection.pause();
    endpoint.call(() => endpoint.connection.resume());
    expect(endpoint.events()).toEqual(['closed 1006 "", ConnectionLostError 1006']);
  });
});
