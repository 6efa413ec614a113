import { open, type NodeClientOptions, type WebSocket, WebSocketError } from '../../index.ts';
import { now, within } from '../clock.ts';
import { type Front, keepAlive } from './advice.ts';
import type { Findings, Patient } from './finding.ts';

/** How long an echo is waited for, in milliseconds: a server need not echo. */
const ECHO = 2000;

/** Large enough to go past the buffers of whoever stands between. */
const LARGE = 1024 * 1024;

/** What ends a test. */
type Outcome = 'echoed' | 'other' | 'nothing' | WebSocketError;

/** Opens the connection in earnest and has it do what connections do. */
export async function examineSession(patient: Patient, front: Front, findings: Findings): Promise<void> {
  const ws = await openFor(patient, findings);
  if (ws === undefined) return;
  const extensions = ws.extensions === '' ? 'without compression' : `with ${ws.extensions}`;
  const protocol = ws.protocol === '' ? '' : `, subprotocol ${ws.protocol}`;
  findings.add('session', 'ok', 'open', `Open, ${extensions}${protocol}.`);
  if (!(await examinePing(ws, patient, findings))) return;
  if (patient.messages) await examineMessages(ws, patient, findings);
  else findings.add('session', 'skipped', 'messages', 'No message was sent (--no-messages).');
  await examineClose(ws, findings);
  if (patient.idle > 0) await examineIdle(patient, front, findings);
}

async function openFor(
  patient: Patient,
  findings: Findings,
  more: NodeClientOptions = {},
): Promise<WebSocket | undefined> {
  try {
    return await open(patient.url, { ...optionsOf(patient), compress: true, ...more });
  } catch (error) {
    findings.add(
      'session',
      'broken',
      'open-failed',
      `The connection could not be opened: ${(error as Error).message}.`,
    );
    return undefined;
  }
}

/** What `open` is given for this patient. */
export function optionsOf(patient: Patient): NodeClientOptions {
  const { origin, proxy, subprotocols, headers, timeout, insecure } = patient;
  return {
    ...(origin === undefined ? {} : { origin }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(insecure ? { tls: { rejectUnauthorized: false } } : {}),
    subprotocols,
    headers: { ...headers },
    handshakeTimeout: timeout,
    closeTimeout: timeout,
    pingInterval: false,
  };
}

async function examinePing(ws: WebSocket, { timeout }: Patient, findings: Findings): Promise<boolean> {
  const pong = await within(
    timeout,
    ws.ping('doctor').catch((error: unknown) => error as WebSocketError),
  );
  if (typeof pong === 'number') {
    findings.add('session', 'ok', 'ping', `A ping came back in ${pong.toFixed(1)} ms.`);
    return true;
  }
  if (pong === undefined) {
    findings.add(
      'session',
      'broken',
      'no-pong',
      `No pong came within ${timeout / 1000} s.`,
      'The server, or something that rewrites frames on the way, does not answer pings (RFC 6455 §5.5.2): clients with keepalive end such a connection.',
    );
    ws.terminate();
    return false;
  }
  const end = await ws.closed;
  if (end.received !== undefined) {
    const why = `${end.code}${end.reason === '' ? '' : ` "${end.reason}"`}`;
    findings.add(
      'session',
      'broken',
      'closed-at-once',
      `The server opened and closed at once, with ${why}.`,
      'It did so on purpose: a missing token, a wrong path, a limit. Its code and reason, and its log, say which.',
    );
  } else if (pong.name === 'ProtocolError') {
    findings.add(
      'session',
      'broken',
      'frame-fault',
      `The server broke the protocol: ${pong.message}.`,
      'Something that is no frame came after the 101: a page’s body, a log line, or masked frames, which only clients send.',
    );
  } else {
    findings.add(
      'session',
      'broken',
      'lost-at-once',
      `The connection was lost right after it was opened: ${pong.message}.`,
      'The server crashed over it, or who stands in front answered the handshake without a server behind.',
    );
  }
  return false;
}

async function examineMessages(ws: WebSocket, patient: Patient, findings: Findings): Promise<void> {
  const text = await exchange(ws, 'sansocket doctor: grüße, 你好, 😀');
  if (text === 'nothing' || text === 'other') {
    const what = text === 'nothing' ? 'no answer to a text message' : 'another answer to a text message';
    findings.add('session', 'note', 'no-echo', `This is no echo server (${what}): messages can't be examined further.`);
    return;
  }
  if (text instanceof WebSocketError) return endedOver('text', text, findings);
  findings.add('session', 'ok', 'text', 'A text message came back as it was.');
  const binary = await exchange(ws, new Uint8Array([0, 1, 127, 128, 255]));
  if (binary instanceof WebSocketError) return endedOver('binary', binary, findings);
  if (binary === 'echoed') findings.add('session', 'ok', 'binary', 'A binary message came back as it was.');
  else
    findings.add(
      'session',
      'warning',
      'binary',
      'A binary message did not come back as it was, a text did.',
      'The server, or something on the way, takes binary for text.',
    );
  if (ws.extensions !== '') {
    const outcome = await exchange(ws, 'compress me, '.repeat(500));
    if (outcome instanceof WebSocketError) return endedOver('compressed', outcome, findings);
    if (outcome === 'echoed') findings.add('session', 'ok', 'compressed', 'A compressed message came back as it was.');
    else
      findings.add(
        'session',
        'warning',
        'compressed',
        'A compressed message did not come back as it was.',
        'Turn compression off on one side.',
      );
  }
  const start = now();
  const large = await exchange(ws, new Uint8Array(LARGE).fill(0xa5), patient.timeout);
  if (large === 'echoed') {
    findings.add('session', 'ok', 'large', `A message of 1 MiB came back in ${(now() - start).toFixed(0)} ms.`);
  } else if (large instanceof WebSocketError) {
    const { received } = await ws.closed;
    if (received === undefined)
      findings.add(
        'session',
        'warning',
        'large-lost',
        `A message of 1 MiB ended the connection without a word: ${large.message}.`,
        'A limit of who stands in front, or a server without one that ran out of memory.',
      );
    else
      findings.add(
        'session',
        'note',
        'large-refused',
        `A message of 1 MiB is refused with ${received.code}${received.reason === '' ? '' : ` "${received.reason}"`}.`,
      );
  } else {
    findings.add('session', 'warning', 'large-lost', 'A message of 1 MiB never came back, smaller ones did.');
  }
}

/** Sends a message and waits for the same. */
export async function exchange(ws: WebSocket, message: string | Uint8Array, grace = ECHO): Promise<Outcome> {
  try {
    const sending = ws.send(message).then(() => true);
    // A server that has stopped reading never takes it.
    if ((await within(grace, sending)) === undefined) return 'nothing';
    const answer = await ws.receive({ timeout: grace });
    const same =
      typeof message === 'string'
        ? answer === message
        : typeof answer !== 'string' && Buffer.compare(answer, message) === 0;
    return same ? 'echoed' : 'other';
  } catch (error) {
    if (ws.state === 'open') return 'nothing';
    return error as WebSocketError;
  }
}

function endedOver(kind: string, error: WebSocketError, findings: Findings): void {
  if (error.name === 'ProtocolError') {
    findings.add(
      'session',
      'broken',
      'frame-fault',
      `The server broke the protocol over a ${kind} message: ${error.message}.`,
      'Its frames are wrong, or something on the way changes them.',
    );
  } else {
    findings.add(
      'session',
      'note',
      `${kind}-refused`,
      `The server ended the connection over a ${kind} message: ${error.message}.`,
      'Its own protocol may allow no such message.',
    );
  }
}

async function examineClose(ws: WebSocket, findings: Findings): Promise<void> {
  const wasOpen = ws.state === 'open';
  const { clean, received, error, code, reason } = await ws.close();
  if (!wasOpen && received !== undefined) {
    findings.add(
      'close',
      'note',
      'closed-by-server',
      `The server closed first: ${code}${reason === '' ? '' : ` "${reason}"`}.`,
    );
  } else if (clean && error === undefined) {
    findings.add('close', 'ok', 'close', 'Our Close frame was answered, and the server ended the connection.');
  } else if (wasOpen) {
    findings.add(
      'close',
      'warning',
      'close-not-answered',
      `The server did not answer our Close frame${error === undefined ? '' : `: ${error.message}`}.`,
      'Clients see 1006 instead of a clean end (RFC 6455 §5.5.1).',
    );
  }
}

/** Leaves a connection alone, without pings, to see whether something on the way ends it. */
async function examineIdle(patient: Patient, front: Front, findings: Findings): Promise<void> {
  const ws = await openFor(patient, findings);
  if (ws === undefined) return;
  const start = now();
  const end = await within(patient.idle * 1000, ws.closed);
  const seconds = Math.round((now() - start) / 100) / 10;
  if (end === undefined) {
    const pong = await within(
      patient.timeout,
      ws.ping().catch(() => undefined),
    );
    if (pong !== undefined) findings.add('session', 'ok', 'idle', `It stayed open for ${patient.idle} s of silence.`);
    else
      findings.add(
        'session',
        'warning',
        'idle-dead',
        `After ${patient.idle} s of silence nobody answers, and nobody has said so.`,
        ...keepAlive(front, patient.idle),
      );
  } else {
    findings.add(
      'session',
      'warning',
      'idle-cut',
      `It was ended after ${seconds} s of silence (${end.received === undefined ? 'without a Close frame' : end.code}).`,
      ...keepAlive(front, seconds),
    );
  }
  ws.terminate();
}
