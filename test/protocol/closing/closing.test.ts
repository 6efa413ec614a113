import { describe, expect, test } from 'vitest';
import { ClosingHandshake } from '../../../protocol/closing/closing.ts';
import { ProtocolError, TimeoutError } from '../../../protocol/errors.ts';

const OURS = { code: 1000, reason: 'ours' };
const THEIRS = { code: 1001, reason: 'theirs' };

describe('ClosingHandshake', () => {
  test('§7.1.4: clean when a Close frame went each way, in whichever order', () => {
    const orders = { sent: ['send', 'receive'], received: ['receive', 'send'] } as const;
    for (const [first, steps] of Object.entries(orders)) {
      const closing = new ClosingHandshake();
      for (const step of steps) {
        expect(closing.isComplete).toBe(false);
        closing[step](step === 'send' ? OURS : THEIRS);
      }
      expect(closing.isComplete).toBe(true);
      expect(closing.finish()).toEqual({
        code: 1001,
        reason: 'theirs',
        clean: true,
        received: THEIRS,
        sent: OURS,
        first,
        error: undefined,
      });
    }
  });

  test('§7.1.5: 1005 for a Close frame without a code', () => {
    const closing = new ClosingHandshake();
    closing.receive({ code: 1005, reason: '' });
    closing.send({ code: 1005, reason: '' });
    expect(closing.finish()).toMatchObject({ code: 1005, reason: '', clean: true });
  });

  test('§7.1.5: 1006 when no Close frame was received, whether or not one was sent', () => {
    const message = 'the connection ended without a Close frame';
    const error = { name: 'ConnectionLostError', code: 1006, message };
    expect(new ClosingHandshake().finish()).toMatchObject({
      code: 1006,
      reason: '',
      clean: false,
      received: undefined,
      sent: undefined,
      first: undefined,
      error,
    });
    const closing = new ClosingHandshake();
    closing.send(OURS);
    expect(closing.isSent).toBe(true);
    expect(closing.isReceived).toBe(false);
    expect(closing.finish()).toMatchObject({ code: 1006, clean: false, sent: OURS, first: 'sent', error });
  });

  test('a Close frame that was received but not answered is no clean end', () => {
    const closing = new ClosingHandshake();
    closing.receive(THEIRS);
    expect(closing.isSent).toBe(false);
    expect(closing.isReceived).toBe(true);
    expect(closing.finish()).toMatchObject({ code: 1001, clean: false, received: THEIRS, first: 'received' });
  });

  test('the first thing that went wrong is the reason, and never clean', () => {
    const closing = new ClosingHandshake();
    const fault = new ProtocolError(1002, 'bad');
    closing.fail(fault);
    closing.fail(new TimeoutError('later'));
    closing.send({ code: 1002, reason: 'bad' });
    closing.receive(THEIRS);
    expect(closing.finish()).toMatchObject({ code: 1001, clean: false, error: fault });
  });
});
