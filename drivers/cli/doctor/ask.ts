import { randomBytes } from 'node:crypto';
import { connect as connectPlain, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { atDeadline } from '../clock.ts';
import type { Patient } from './finding.ts';

/** What came back for a request, as it came: a well-behaved client would not look at half of it. */
export type Answer =
  | { readonly kind: 'response'; readonly head: AnsweredHead; readonly key: string }
  | { readonly kind: 'silence' }
  | { readonly kind: 'hung-up'; readonly error: string | undefined }
  | { readonly kind: 'not-http'; readonly bytes: Buffer };

export interface AnsweredHead {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** Values by lower-case name, as often as they came. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** The most bytes of an answer that are looked at. */
const MOST = 64 * 1024;

/** Sends an opening handshake and reads the head of what comes back, on a connection of its own, which is ended then. */
export function ask(patient: Patient, origin = patient.origin): Promise<Answer> {
  const key = randomBytes(16).toString('base64');
  return new Promise((resolve) => {
    const stream = dial(patient);
    const chunks: Buffer[] = [];
    let isOver = false;
    const end = (answer: Answer): void => {
      if (isOver) return;
      isOver = true;
      stream.destroy();
      resolve(answer);
    };
    const hungUp = (error?: Error): void => {
      const bytes = Buffer.concat(chunks);
      if (bytes.length > 0) end({ kind: 'not-http', bytes });
      else end({ kind: 'hung-up', error: error?.message });
    };
    atDeadline(patient.timeout, stream, () =>
      end(chunks.length > 0 ? { kind: 'not-http', bytes: Buffer.concat(chunks) } : { kind: 'silence' }),
    );
    stream.on('error', hungUp);
    stream.on('close', () => hungUp());
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      const text = bytes.toString('latin1');
      if (!'HTTP/'.startsWith(text.slice(0, 5)) || bytes.length > MOST) return end({ kind: 'not-http', bytes });
      const head = /^([^]*?)\r?\n\r?\n/.exec(text)?.[1];
      if (head !== undefined) end(parse(head, key) ?? { kind: 'not-http', bytes });
    });
    stream.write(request(patient, origin, key));
  });
}

function request(
  { host, port, secure, target, headers, subprotocols }: Patient,
  origin: string | undefined,
  key: string,
): string {
  const authority = host.includes(':') ? `[${host}]` : host;
  const fields: Record<string, string> = {
    Host: port === (secure ? 443 : 80) ? authority : `${authority}:${port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Version': '13',
    ...(subprotocols.length > 0 ? { 'Sec-WebSocket-Protocol': subprotocols.join(', ') } : {}),
    'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
    ...(origin === undefined ? {} : { Origin: origin }),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

function parse(text: string, key: string): Answer | undefined {
  const [first, ...lines] = text.split(/\r?\n/);
  const match = /^(HTTP\/\d(?:\.\d)?) (\d{3})(?: (.*))?$/.exec(first);
  if (match === null) return undefined;
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    fields.set(name, [...(fields.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const [, version, status, reason = ''] = match;
  return { kind: 'response', key, head: { version, status: Number(status), reason, fields } };
}

function dial({ host, port, secure }: Patient): Duplex {
  if (!secure) return connectPlain({ host, port });
  return connectTls({
    host,
    port,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: false,
    ...(isIP(host) ? {} : { servername: host }),
  });
}
