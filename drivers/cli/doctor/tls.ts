import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { atDeadline } from '../clock.ts';
import type { Findings, Patient } from './finding.ts';

/** A certificate that ends within so many days is worth a word. */
const SOON = 14;

const DAY = 24 * 60 * 60 * 1000;

/** Speaks TLS and looks at the certificate. Returns whether a handshake was completed, whatever the certificate is worth. */
export async function examineTls(patient: Patient, findings: Findings): Promise<boolean> {
  let socket: TLSSocket;
  try {
    socket = await shakeHands(patient, ['http/1.1']);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (
      /wrong version number|packet length too long|unsupported protocol|ECONNRESET|EPROTO/.test(`${code} ${message}`)
    ) {
      const isPlain = /wrong version number|packet length too long/.test(message);
      findings.add(
        ...(['TLS', 'broken', isPlain ? 'tls-not-spoken' : 'tls-failed'] as const),
        isPlain ? 'The server answers without TLS on this port.' : `The TLS handshake failed (${code ?? message}).`,
        isPlain
          ? 'Use ws: instead of wss:, or the port that speaks TLS.'
          : 'Versions or ciphers of both sides have nothing in common, or something between them ended it.',
      );
    } else {
      findings.add(
        ...(['TLS', 'broken', code === 'ETIMEDOUT' ? 'tls-silent' : 'tls-failed'] as const),
        code === 'ETIMEDOUT'
          ? 'The server took the connection and said nothing.'
          : `The TLS handshake failed: ${message}.`,
        'Check that the port is one for TLS, and the log of what terminates TLS.',
      );
    }
    return false;
  }
  const { valid_to: until, subject, subjectaltname: names } = socket.getPeerCertificate();
  const left = Math.floor((Date.parse(until) - Date.now()) / DAY);
  const about = `${socket.getProtocol()}, certificate of ${names ?? subject?.CN ?? 'nobody'}, until ${until}`;
  const why = socket.authorized
    ? undefined
    : String((socket.authorizationError as { code?: string } | null)?.code ?? socket.authorizationError);
  socket.destroy();
  if (why !== undefined) {
    const [id, text, advice] = faultOf(why, patient.host, names, until);
    findings.add('TLS', patient.insecure ? 'warning' : 'broken', id, text, advice);
  } else if (left < SOON) {
    findings.add(
      'TLS',
      'warning',
      'tls-ends-soon',
      `${about}: it ends in ${left} days.`,
      'Renew it now, and find out why that did not happen by itself.',
    );
  } else {
    findings.add('TLS', 'ok', 'tls', `${about}.`);
  }
  return true;
}

/** Whether what listens there speaks TLS. */
export async function speaksTls(patient: Patient): Promise<boolean> {
  try {
    (await shakeHands(patient, ['http/1.1'])).destroy();
    return true;
  } catch {
    return false;
  }
}

/** Whether the server chooses HTTP/2 when it is offered. */
export async function choosesHttp2(patient: Patient): Promise<boolean> {
  try {
    const socket = await shakeHands(patient, ['h2', 'http/1.1']);
    socket.destroy();
    return socket.alpnProtocol === 'h2';
  } catch {
    return false;
  }
}

function faultOf(
  code: string,
  host: string,
  names: string | undefined,
  until: string,
): [id: string, text: string, advice: string] {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return ['tls-expired', `The certificate has expired (${until}).`, 'Renew it and reload the server.'];
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return [
        'tls-name',
        `The certificate is for ${names ?? 'other names'}, not for ${host}.`,
        `Use one of its names in the URL, or get a certificate for ${host}.`,
      ];
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return [
        'tls-self-signed',
        'The certificate is signed by itself: nobody vouches for it.',
        'For tests, give it as `tls: { ca }` (or NODE_EXTRA_CA_CERTS); in production, get one from a CA.',
      ];
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return [
        'tls-chain',
        'The certificate’s issuer is not known here.',
        'As a rule the server does not send the intermediate certificate: serve the full chain (nginx: ssl_certificate fullchain.pem). For a CA of your own, give it as `tls: { ca }`.',
      ];
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return [
        'tls-own-ca',
        'The certificate’s chain ends in a CA that is not known here.',
        'For a CA of your own, give it as `tls: { ca }` or NODE_EXTRA_CA_CERTS. Or a proxy reads along here, with a certificate of its own.',
      ];
    default:
      return [
        'tls-untrusted',
        `The certificate can't be verified (${code}).`,
        'Check it with `openssl s_client -connect HOST:PORT -servername HOST`.',
      ];
  }
}

function shakeHands({ host, port, timeout }: Patient, protocols: string[]): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // To look at a certificate, not to trust it.
    const options = {
      host,
      port,
      ALPNProtocols: protocols,
      rejectUnauthorized: false,
      ...(isIP(host) ? {} : { servername: host }),
    };
    const socket = connect(options);
    atDeadline(timeout, socket, () => socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server hung up')));
  });
}
