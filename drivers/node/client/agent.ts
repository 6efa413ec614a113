import http from 'node:http';
import https from 'node:https';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { URL } from 'node:url';
import { HandshakeError } from '../../../protocol/index.ts';
import { TunnelHandshake } from '../../../protocol/internal.ts';
import { takeSocketOf } from '../internals/request-socket.ts';
import { checkDuplex, discard, failure } from './failure.ts';
import type { PendingTransport } from './pending-transport.ts';
import type { AgentLike } from './route-options.ts';
import { authorityOf, type Target } from './target.ts';
import { readAnswer } from './tunnel.ts';

/**
 * A socket of an agent's, which may be connecting still. Agents give sockets to requests: this makes one, and takes its socket before
 * node:http reads or writes anything. Until the connection is open, the socket is one of those that the agent counts.
 */
export async function takeSocket(
  agent: http.Agent | AgentLike,
  target: Target,
  options: object,
  pending: PendingTransport,
): Promise<Duplex> {
  const { secure, host, port } = target;
  const { pathname, search } = new URL(target.url);
  const path = pathname + search;
  const where = { host, port, path, headers: { Connection: 'Upgrade', Upgrade: 'websocket' } };
  let request!: http.ClientRequest;
  const socket = await new Promise<Duplex>((resolve, reject) => {
    const fail = (cause: unknown) => reject(failure({ text: 'the agent failed', kind: 'connect' }, cause));
    const go = {
      addRequest(applicant: http.ClientRequest, given: object) {
        request = applicant;
        applicant.on('error', fail);
        takeSocketOf(applicant, (stream, error) => {
          if (error) fail(error);
          else if (pending.isGivenUp) giveBack(stream);
          else resolve(stream);
        });
        pending.signal.addEventListener('abort', () => applicant.destroy());
        (agent as AgentLike).addRequest(applicant, given);
      },
    };
    try {
      // Those that stand on agent-base ask for secureEndpoint, and look for node:https among who called them otherwise.
      const all = { ...options, ...where, agent: go as unknown as http.Agent, secureEndpoint: secure };
      (secure ? https : http).request(all);
    } catch (error) {
      fail(error);
    }
  });
  try {
    checkDuplex(socket);
  } catch (error) {
    throw failure({ text: 'the agent failed', kind: 'connect' }, error);
  }
  if (!socket.writable && !socket.destroyed) await tellRefusal(socket, request, target, pending);
  // http-proxy-agent does so: its proxy takes requests, and opens no tunnel.
  if (request.path !== path) {
    discard(socket);
    const text = 'the agent rewrites requests, which gets no WebSocket: use https-proxy-agent, or proxy';
    throw new HandshakeError(text, { kind: 'proxy' });
  }
  // It is for requests that are over, or for those that wait for one.
  (socket as NetSocket).setTimeout?.(0);
  pending.whenOpen = () => void socket.emit('agentRemove');
  return socket;
}

/** Nobody waits for it any more. Another request may. */
function giveBack(socket: Duplex): void {
  if (socket.listenerCount('free') > 0) socket.emit('free');
  else discard(socket);
}

/**
 * https-proxy-agent hands on its proxy's refusal by a stream that nothing can be written to, which brings that after the request's
 * 'socket'. Rejects with what it says.
 */
async function tellRefusal(
  stream: Duplex,
  request: http.ClientRequest,
  target: Target,
  pending: PendingTransport,
): Promise<void> {
  pending.track(stream);
  pending.stage = 'the proxy';
  const handshake = new TunnelHandshake({ authority: authorityOf(target), credentials: undefined });
  const answer = readAnswer(stream, handshake);
  request.emit('socket', stream);
  await answer;
  discard(stream);
  throw new HandshakeError('the agent handed out a stream that nothing can be written to', { kind: 'proxy' });
}
