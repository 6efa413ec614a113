import { ConnectionLostError, HandshakeError, TimeoutError, type WebSocketError } from './errors.ts';
import type { ClientHandshake } from './handshake/client.ts';
import { DECISION_FAILED, TOO_SLOW, UNAVAILABLE } from './handshake/rejection.ts';
import type { ServerHandshake } from './handshake/server.ts';
import { DONE, FAILED, REFUSED, REQUESTED } from './handshake/state.ts';
import type { Opening } from './handshake/types.ts';
import type { Machine } from './machine.ts';
import { Phase, UNDECIDED } from './phase.ts';

// What a connection does while it is CONNECTING, by what its opening handshake has come to.

/** The request has come, or is none: it is answered, or handed on to whoever decides. */
export function stepServer(machine: Machine, server: ServerHandshake): void {
  const { sink } = machine;
  if (server.state === REFUSED) {
    const { plain, refusal } = server;
    if (plain === undefined || !sink.answers) return machine.refuse(refusal!, server, server.callbackError);
    machine.input = UNDECIDED;
    return sink.onPlainRequest(plain, refusal!);
  }
  if (server.state !== REQUESTED) return;
  machine.input = UNDECIDED;
  if (sink.decides) sink.onRequest(server.request!);
  else acceptByPolicy(machine, server);
}

function acceptByPolicy(machine: Machine, server: ServerHandshake): void {
  let opening: Opening;
  try {
    opening = machine.accept({});
  } catch (error) {
    // selectSubprotocol threw, or selected what was not offered.
    return machine.refuse(DECISION_FAILED, server, error);
  }
  machine.open(opening);
}

/** The response has come. */
export function stepClient(machine: Machine, client: ClientHandshake): void {
  if (client.state === DONE) machine.open(client.opening!);
  else if (client.state === FAILED) machine.lose(client.error!);
}

/** Closed before it was open. */
export function giveUp(machine: Machine): void {
  if (machine.server === undefined) machine.sender.release();
  else machine.sender.raw(machine.server.reject(UNAVAILABLE), machine.server.fields);
  machine.lose(new HandshakeError('closed before the connection was open'));
}

export function openingTimedOut(machine: Machine): void {
  const { server } = machine;
  if (server !== undefined) {
    machine.sender.raw(server.reject(machine.input === UNDECIDED ? UNAVAILABLE : TOO_SLOW), server.fields);
  }
  machine.lose(machine.client?.takePartialResponse() ?? new TimeoutError('the opening handshake did not end in time'));
}

/** What it means that `what` has happened to the transport before the closing handshake was over. */
export function lossOf(machine: Machine, what: string, cause?: unknown): WebSocketError {
  const init = cause === undefined ? {} : { cause };
  if (machine.phase !== Phase.CONNECTING) return new ConnectionLostError(`${what} without a Close frame`, init);
  const error = new HandshakeError(`${what} before the connection was open`, { ...init, isTemporary: true });
  return machine.client?.takePartialResponse() ?? error;
}
