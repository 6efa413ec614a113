import type { ClientHttp2Session } from 'node:http2';
import { HandshakeError } from '../../../protocol/index.ts';
import { planRoute } from '../client/dial.ts';
import { failure } from '../client/failure.ts';
import type { CarrierRoute, StreamLease } from './carrier.ts';
import { Http2Pool } from './pool.ts';
import type { NodeClientOptions } from '../options.ts';
import type { Target } from '../client/target.ts';

/** The way to a target that the options say, over either version of HTTP. Throws as `planRoute` does. */
export function planCarrier(target: Target, options: NodeClientOptions): CarrierRoute {
  const { http2 = false } = options;
  if (http2 === false) return planRoute(target, options);
  if (options.agent !== undefined) throw new TypeError('an agent does not go together with http2');
  if (http2 === true || http2 instanceof Http2Pool) {
    // Misuse throws here, whoever opens the session.
    planRoute(target, options);
    // One that lasts as long as its only stream.
    const pool = http2 === true ? new Http2Pool({ idleTimeout: 0 }) : http2;
    return (pending) => pool.carrierTo(target, options, pending);
  }
  if (typeof http2?.request !== 'function') throw new TypeError('http2 must be a boolean, an Http2Pool or a session');
  return (pending) => {
    pending.stage = 'HTTP/2';
    return leaseOf(http2);
  };
}

/** What is being found out about sessions of the user's own: once for all who wait for it, with one set of listeners. */
const asked = new WeakMap<ClientHttp2Session, Promise<boolean>>();

/** A stream of the user's own session, once its server has said that it takes extended CONNECTs. RFC 8441 §3 */
async function leaseOf(session: ClientHttp2Session): Promise<StreamLease> {
  let answer = asked.get(session);
  if (answer === undefined) {
    answer = takesConnect(session).finally(() => asked.delete(session));
    asked.set(session, answer);
  }
  if (!(await answer)) {
    throw new HandshakeError('the server takes no WebSockets over HTTP/2', { kind: 'http2' });
  }
  return {
    remoteAddress: session.socket?.remoteAddress ?? '',
    request: (headers) => session.request(headers, { endStream: false }),
    release: () => {},
  };
}

/** The server's first frame is SETTINGS (RFC 9113 §3.4): whatever it answers, a ping say, comes after it. */
function takesConnect(session: ClientHttp2Session): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const settle = (cause?: unknown) => {
      session.off('connect', ask).off('remoteSettings', onSettings).off('error', settle).off('close', onClose);
      if (cause === undefined) return resolve(session.remoteSettings.enableConnectProtocol === true);
      reject(failure({ text: 'the HTTP/2 session has ended', kind: 'http2' }, cause));
    };
    const onSettings = () => settle();
    const onClose = () => settle(new Error('it was closed'));
    const ask = () => {
      // Another listener may have ended it: 'close' tells.
      if (session.closed || session.destroyed) return;
      if (session.remoteSettings.enableConnectProtocol === true) return settle();
      session.ping((error) => {
        if (error === null) settle();
        // As many pings as it may have are under way: the acknowledgement of settings comes after the server's own as well.
        else if (!session.closed && !session.destroyed) session.settings({}, (failed) => settle(failed ?? undefined));
      });
    };
    if (session.closed || session.destroyed) return onClose();
    session.on('remoteSettings', onSettings).on('error', settle).on('close', onClose);
    if (session.connecting) session.once('connect', ask);
    else ask();
  });
}
