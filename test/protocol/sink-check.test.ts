/** Sinks whose methods would never be called. */
import { describe, expect, test } from 'vitest';
import { Connection, EventQueue } from '../../protocol/index.ts';

describe('a sink', () => {
  const told = (sink: object) => () => Connection.established('server', { now: 5, sink });

  test('whose method is no function', () => {
    const text = 'Connection.established: the sink’s onText must be a function, not the number 5';
    expect(told({ onText: 5 })).toThrow(new TypeError(text));
  });

  test.each([
    ['onMessage', 'onText, and onBinary'],
    ['message', 'onText, and onBinary'],
    ['ontext', 'onText'],
    ['text', 'onText'],
    ['onClose', 'onClosed'],
    ['onError', 'onFault, and onClosed'],
    ['onUpgrade', 'onRequest'],
  ])('that calls a method %s', (name, right) => {
    const text = `Connection.established: the sink has no ${name}: it is called ${right} here`;
    expect(told({ [name]() {} })).toThrow(new TypeError(text));
  });

  test('whose method is misspelt', () => {
    const text = 'Connection.established: the sink has no onCloseFrme: did you mean onCloseFrame?';
    expect(told({ onCloseFrme() {} })).toThrow(new TypeError(text));
    // One that has the method itself will mean something else.
    expect(told({ onCloseFrame() {}, onCloseFrames() {} })).not.toThrow();
  });

  test('may have what is its own', () => {
    class Queue extends EventQueue {
      message = () => {};
    }
    expect(told({ onText: undefined, log() {}, writeItDown() {}, message: 'a text' })).not.toThrow();
    expect(told(new Queue())).not.toThrow();
  });
});
