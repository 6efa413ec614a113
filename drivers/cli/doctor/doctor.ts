import { HandshakeError, open } from '../../index.ts';
import { parseWebSocketUrl } from '../../../protocol/index.ts';
import { frontOf, type Front } from './advice.ts';
import { ask } from './ask.ts';
import { type Finding, Findings, type Patient } from './finding.ts';
import { judge } from './judge.ts';
import { examineNetwork } from './network.ts';
import { examineSession, optionsOf } from './talk.ts';
import { choosesHttp2, examineTls, speaksTls } from './tls.ts';

/** What the doctor is told beside the URL. */
export type DoctorOptions = Omit<Patient, 'url' | 'host' | 'port' | 'secure' | 'target'>;

/** An origin that nobody has. */
const FOREIGN = 'https://elsewhere.invalid';

/**
 * The ports that the Fetch standard calls bad: browsers, and Node's own WebSocket, fail without asking there (findings/,
 * browsers-and-node-refuse-ports). Those of other protocols, whose servers might take what a page sends for their own.
 */
const BLOCKED_PORTS: ReadonlySet<number> = new Set([
  ...[0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109],
  ...[
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
  ],
  ...[532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060],
  ...[5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
]);

/** Examines a URL from its name to its close. Each finding is told as it is made; all of them are returned. */
export async function examine(
  url: string,
  options: DoctorOptions,
  onFinding: (finding: Finding) => void = () => {},
): Promise<readonly Finding[]> {
  const findings = new Findings(onFinding);
  const patient = admit(url, options, findings);
  if (patient === undefined) return findings.all;
  if (BLOCKED_PORTS.has(patient.port)) {
    findings.add(
      'URL',
      'warning',
      'port-blocked',
      `Browsers, and Node's own WebSocket, ask nobody at port ${patient.port}.`,
      'Listen at another port: the Fetch standard lists those that are ruled out. Other clients get there.',
    );
  }
  await walk(patient, findings);
  return findings.all;
}

function admit(url: string, options: DoctorOptions, findings: Findings): Patient | undefined {
  try {
    const { hostname, port, secure, path, authorization } = parseWebSocketUrl(url);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const headers =
      authorization === undefined ? options.headers : { Authorization: authorization, ...options.headers };
    return { ...options, headers, url, host, port, secure, target: path };
  } catch (error) {
    findings.add(
      'URL',
      'broken',
      'url',
      `${(error as Error).message}.`,
      'A WebSocket URL reads ws://HOST:PORT/PATH, or wss: with TLS.',
    );
    return undefined;
  }
}

async function walk(patient: Patient, findings: Findings): Promise<void> {
  let front: Front;
  if (patient.proxy === undefined) {
    if (!(await examineNetwork(patient, findings))) return;
    if (patient.secure && !(await examineTls(patient, findings))) return;
    const answer = await ask(patient);
    if (answer.kind === 'response') front = frontOf(answer.head);
    if (answer.kind !== 'response' && !patient.secure && (await speaksTls(patient))) {
      findings.add('HTTP', 'broken', 'plain-to-tls', 'The server speaks TLS on this port.', 'Use wss: instead of ws:.');
      return;
    }
    if (!judge(answer, patient, findings)) return examineOrigin(patient, answer, findings);
    await examineForeignOrigin(patient, findings);
    // The certificate was found wanting: nothing is said over it that is not asked for with --insecure.
    if (findings.isBroken) return;
  } else if (!(await examineProxy(patient, findings))) {
    return;
  }
  await examineSession(patient, front, findings);
  if (patient.secure && patient.proxy === undefined) await examineHttp2(patient, findings);
}

/** Whether it is the Origin that a server refuses. */
async function examineOrigin(
  patient: Patient,
  answer: Awaited<ReturnType<typeof ask>>,
  findings: Findings,
): Promise<void> {
  if (answer.kind !== 'response' || ![400, 401, 403].includes(answer.head.status)) return;
  const own = `${patient.secure ? 'https' : 'http'}://${patient.host}${[80, 443].includes(patient.port) ? '' : `:${patient.port}`}`;
  const isNamed = patient.origin !== undefined;
  const other = await ask({ ...patient, origin: isNamed ? undefined : own }, isNamed ? undefined : own);
  if (other.kind !== 'response' || other.head.status !== 101) return;
  if (isNamed) {
    findings.add(
      'HTTP',
      'broken',
      'origin-refused',
      `It is the Origin: without "Origin: ${patient.origin}" the same request is accepted.`,
      `Allow it on the server: \`allowedOrigins: ['${patient.origin}']\` here; in other servers the setting is called origins, CORS or check_origin.`,
    );
  } else {
    findings.add(
      'HTTP',
      'broken',
      'origin-missing',
      `It is the Origin: with "Origin: ${own}" the same request is accepted.`,
      `The server takes browsers alone. Send it: \`origin: '${own}'\` (--origin).`,
    );
  }
}

/** A server that asks nobody where they come from lets any page use its visitors' cookies. */
async function examineForeignOrigin(patient: Patient, findings: Findings): Promise<void> {
  const answer = await ask(patient, FOREIGN);
  if (answer.kind !== 'response' || answer.head.status !== 101) return;
  findings.add(
    'HTTP',
    'note',
    'origin-any',
    'Pages of any origin may connect.',
    'Where cookies tell who is there, any page can act for its visitors (RFC 6455 §10.2): allow the origins that you know.',
  );
}

async function examineProxy(patient: Patient, findings: Findings): Promise<boolean> {
  try {
    const ws = await open(patient.url, optionsOf(patient));
    ws.terminate();
    findings.add('proxy', 'ok', 'proxy', `Connected through ${withoutPassword(patient.proxy!)}.`);
    return true;
  } catch (error) {
    const { message, response } = error as HandshakeError;
    const status = response?.status;
    const advice =
      status === 407
        ? 'The proxy wants credentials: put them into its URL.'
        : 'Try without the proxy, and see what the proxy allows: many let CONNECT through to port 443 alone.';
    findings.add(
      'proxy',
      'broken',
      status === 407 ? 'proxy-unauthorized' : 'proxy-failed',
      `It did not work through ${withoutPassword(patient.proxy!)}: ${message}.`,
      advice,
    );
    return false;
  }
}

async function examineHttp2(patient: Patient, findings: Findings): Promise<void> {
  if (!(await choosesHttp2(patient))) return;
  try {
    const ws = await open(patient.url, { ...optionsOf(patient), http2: true });
    const isHttp2 = ws.request?.version === '2';
    await ws.close();
    if (isHttp2) findings.add('HTTP/2', 'ok', 'http2', 'It takes WebSockets over HTTP/2 too (RFC 8441).');
    else
      findings.add(
        'HTTP/2',
        'note',
        'http2-without',
        'It speaks HTTP/2 and takes no WebSockets over it: clients open another connection with HTTP/1.1.',
      );
  } catch (error) {
    findings.add(
      'HTTP/2',
      'warning',
      'http2-broken',
      `It says that it takes WebSockets over HTTP/2, and fails: ${(error as Error).message}.`,
      'Browsers use it where it is offered: turn it off, or mend it.',
    );
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
