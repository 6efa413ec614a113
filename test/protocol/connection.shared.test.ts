/** What connections of one resources share, and what each must still have to itself. */
import { describe, expect, test } from 'vitest';
import {
  Connection,
  type EstablishedOptions,
  EventQueue,
  Phase,
  PreparedMessage,
  Resources,
} from '../../protocol/index.ts';
import { join } from '../support/cuts.ts';
import { Endpoint } from '../support/endpoint.ts';
import { BINARY, CONTINUATION, TEXT } from '../support/frames.ts';

function open(resources: Resources, options: Partial<EstablishedOptions> = {}) {
  return new Endpoint('server', {}, (all) => Connection.established('server', { ...all, resources, ...options }));
}

describe('connections of one resources', () => {
  test('that are cut in the middle of a message go on where they were, however many they are', () => {
    const resources = new Resources();
    const endpoints = Array.from({ length: 40 }, () => open(resources));
    const wires = endpoints.map((endpoint, i) => endpoint.peer({ opcode: TEXT, payload: `message ${i}` }));
    for (let round = 0; round < 3; round++) {
      // One byte of each in turn, so that all of them are under way at once.
      for (let at = 0; at < wires[39].length; at++) {
        endpoints.forEach((endpoint, i) => endpoint.receive(wires[i].slice(at, at + 1)));
      }
      endpoints.forEach((endpoint, i) => expect(endpoint.events()).toEqual([`text "message ${i}"`]));
    }
  });

  test('keep what is asked of the next message until it comes, and their own limits', () => {
    const resources = new Resources();
    const [a, b] = [open(resources), open(resources, { maxMessageSize: 4 })];
    a.connection.streamNext();
    b.receive(b.peer({ opcode: BINARY, payload: new Uint8Array(4) }));
    a.receive(
      a.peer({ opcode: TEXT, fin: false, payload: 'in ' }),
      a.peer({ opcode: CONTINUATION, payload: 'pieces' }),
    );
    b.receive(b.peer({ opcode: BINARY, payload: new Uint8Array(5) }));
    a.receive(a.peer({ opcode: TEXT, payload: 'whole' }));
    expect(a.events()).toEqual(['start of text', 'chunk "in "', 'chunk "pieces"', 'end', 'text "whole"']);
    expect(b.connection.phase).toBe(Phase.CLOSING);
  });

  test('may receive inside one another’s sink methods', () => {
    const resources = new Resources();
    const inner = new EventQueue();
    const other = Connection.established('client', { now: 0, sink: inner, resources });
    const outer = new Endpoint(
      'server',
      { on: () => ({ onText: (text) => other.receive(Uint8Array.of(0x81, text.length, ...Buffer.from(text)), 0) }) },
      (all) => Connection.established('server', { ...all, resources }),
    );
    for (const payload of ['one', 'two']) outer.receive(outer.peer({ opcode: TEXT, payload }));
    expect([...inner].map((event) => event.type === 'text' && event.text)).toEqual(['one', 'two']);
  });

  test('send what was encoded once behind whatever else waits, small or large', () => {
    const resources = new Resources();
    const small = new PreparedMessage('small', resources);
    const large = new PreparedMessage(new Uint8Array(2000), resources);
    const [a, b] = [open(resources), open(resources)];
    for (const { connection } of [a, b]) {
      connection.sendPrepared(small);
      connection.sendText('between');
      connection.sendPrepared(small);
      connection.sendPrepared(large);
    }
    const wire = join(...a.connection.takeOutput());
    expect(wire.slice(0, 7)).toEqual(small.frame);
    expect(wire.slice(16, 23)).toEqual(small.frame);
    expect(wire.slice(23)).toEqual(large.frame);
    expect(join(...b.connection.takeOutput())).toEqual(wire);
  });

  test.each(['while it is open', 'once it is closed'])(
    'give back what waits when their transport is lost %s',
    (when) => {
      const resources = new Resources({ slab: new Uint8Array(1024) });
      const make = () => Connection.established('server', { sink: {}, now: 0, resources });
      const [lost, other] = [make(), make()];
      lost.sendText('a');
      lost.sendBinary(new Uint8Array(5000)); // by reference, which ends the chunk in the slab
      if (when === 'once it is closed') lost.receiveEof(0);
      lost.transportLost(0);
      expect(lost.bufferedAmount).toBe(0);
      expect(lost.takeOutput()).toEqual([]);
      other.sendText('b');
      expect(other.takeOutput()[0].byteOffset).toBe(0);
    },
  );

  test('asked for a stream before it is open, a connection does nothing', () => {
    const sink = new EventQueue();
    const connection = Connection.server({ now: 0, sink });
    connection.streamNext();
    expect(connection.phase).toBe(Phase.CONNECTING);
  });
});
