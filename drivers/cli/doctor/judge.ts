import { acceptKey } from '../../../protocol/index.ts';
import { frontOf, letUpgradesThrough } from './advice.ts';
import type { Answer, AnsweredHead } from './ask.ts';
import type { Findings, Patient } from './finding.ts';

/** Says what is wrong with an answer to an opening handshake. Returns whether it lets the connection through. */
export function judge(answer: Answer, patient: Patient, findings: Findings): boolean {
  switch (answer.kind) {
    case 'silence':
      findings.add(
        ...(['HTTP', 'broken', 'no-answer'] as const),
        `Nothing came back for the request within ${patient.timeout / 1000} s.`,
        'What listens there waits for something: a server that speaks another protocol, one that is stuck, or a proxy whose backend does not answer.',
      );
      return false;
    case 'hung-up':
      findings.add(
        ...(['HTTP', 'broken', 'hung-up'] as const),
        `The server hung up without an answer${answer.error === undefined ? '' : ` (${answer.error})`}.`,
        'Look into its log: a crash, a firewall that looks into requests, a limit of connections.',
      );
      return false;
    case 'not-http':
      judgeBytes(answer.bytes, findings);
      return false;
    case 'response':
      return answer.head.status === 101
        ? judge101(answer.head, answer.key, patient, findings)
        : refuse(answer.head, patient, findings);
  }
}

function judgeBytes(bytes: Buffer, findings: Findings): void {
  const text = bytes.toString('latin1');
  const shown = JSON.stringify(text.slice(0, 60));
  findings.add(
    ...(['HTTP', 'broken', 'not-http'] as const),
    `What came back is no HTTP response: ${shown}.`,
    'Something else listens on this port, or the response is broken off.',
  );
}

function refuse(head: AnsweredHead, patient: Patient, findings: Findings): false {
  const { status, reason, fields } = head;
  const front = frontOf(head);
  const by = front === undefined ? '' : ` (by ${front}, as it says)`;
  const said = `The server answered ${status} ${reason}`.trimEnd() + by;
  const broken = (id: string, text: string, ...advice: string[]): void =>
    findings.add('HTTP', 'broken', id, text, ...advice);
  const location = fields.get('location')?.[0];
  if (status >= 300 && status < 400 && location !== undefined) {
    const target = location.replace(/^http/, 'ws');
    broken(
      'redirect',
      `${said}: it leads to ${location}.`,
      `Use ${target} in the URL, or allow it with \`maxRedirects: 1\`. Browsers follow none.`,
    );
  } else if (status >= 200 && status < 300) {
    broken(
      'upgrade-swallowed',
      `${said} instead of 101: it took the request for one of a page.`,
      'The path leads to something that serves pages, or a proxy dropped the Upgrade field on the way.',
      ...letUpgradesThrough(front),
    );
  } else if (status === 401 || status === 407) {
    broken(
      'unauthorized',
      `${said}: it wants credentials${auth(fields)}.`,
      'Send them: `headers: { Authorization: … }` (--header), or user and password in the URL. Browsers can send cookies, and what is in the URL.',
    );
  } else if (status === 403) {
    broken(
      'forbidden',
      `${said}.`,
      'It knows why: an Origin that is not allowed (`allowedOrigins`), a missing cookie or token, an address that is not let in.',
    );
  } else if (status === 404 || status === 405 || status === 410) {
    broken(
      'not-found',
      `${said}: there is no WebSocket at ${patient.target}.`,
      'Check the path. Behind a proxy, see what it makes of the path (nginx: a trailing slash at proxy_pass cuts the prefix off).',
    );
  } else if (status === 426 || (status === 400 && saysUpgrade(head))) {
    broken(
      'upgrade-stripped',
      `${said}: it got a request without the upgrade.`,
      'We did send Upgrade and Connection: something on the way dropped them.',
      ...letUpgradesThrough(front),
    );
  } else if (status === 400) {
    broken(
      'bad-request',
      `${said}: it does not like the request.`,
      'Its log knows more. A proxy that drops or changes a field of the handshake is met most often.',
      ...letUpgradesThrough(front),
    );
  } else if (status === 429) {
    broken('too-many', `${said}: too many requests${retry(fields)}.`, 'Wait, and connect less often.');
  } else if (status >= 502 && status <= 504) {
    broken(
      'gateway',
      `${said}: who stands in front does not get through to the server behind.`,
      'See that the backend runs, on the address and port that the proxy has for it, and answers in time.',
    );
  } else if (status >= 500) {
    broken('server-error', `${said}: it failed.`, 'Its log knows why.');
  } else {
    broken('refused', `${said}.`, 'Its log knows why.');
  }
  return false;
}

function judge101(head: AnsweredHead, key: string, patient: Patient, findings: Findings): boolean {
  const { version, fields } = head;
  const before = findings.all.length;
  const broken = (id: string, text: string, ...advice: string[]): void =>
    findings.add('101', 'broken', id, text, ...advice);
  const one = (name: string): string | undefined => fields.get(name)?.join(', ');
  if (version !== 'HTTP/1.1')
    broken(
      'http-version',
      `The 101 is of ${version}: an upgrade needs HTTP/1.1.`,
      ...letUpgradesThrough(frontOf(head)),
    );
  if (one('upgrade')?.toLowerCase() !== 'websocket') {
    broken(
      'upgrade-missing',
      `The 101 says "Upgrade: ${one('upgrade') ?? ''}" instead of "Upgrade: websocket".`,
      'Who made the 101 is no WebSocket server, or something on the way has changed it.',
    );
  }
  if (!/(^|,)\s*upgrade\s*(,|$)/i.test(one('connection') ?? '')) {
    broken(
      'connection-missing',
      `The 101 lacks "Connection: Upgrade"${one('connection') === undefined ? '' : ` (it says "${one('connection')}")`}.`,
      'Strict clients refuse it. As a rule a proxy has put its own Connection field there.',
      ...letUpgradesThrough(frontOf(head)),
    );
  }
  const accept = fields.get('sec-websocket-accept');
  if (accept === undefined)
    broken(
      'accept-missing',
      'The 101 lacks Sec-WebSocket-Accept.',
      'The server has to answer the key (RFC 6455 §4.2.2).',
    );
  else if (accept.length > 1 || accept[0] !== acceptKey(key)) {
    broken(
      'accept-wrong',
      `The 101's Sec-WebSocket-Accept does not answer the key that was sent.`,
      'A cache answers in place of the server, or the server computes it wrongly: base64(SHA-1(key + 258EAFA5-E914-47DA-95CA-C5AB0DC85B11)).',
    );
  }
  const chosen = one('sec-websocket-protocol');
  if (chosen !== undefined && !patient.subprotocols.includes(chosen)) {
    broken(
      'subprotocol-not-offered',
      `The server chose the subprotocol "${chosen}", which was not offered.`,
      'Clients end the connection over it. The server may choose one of those that a client offers, or none.',
    );
  } else if (chosen === undefined && patient.subprotocols.length > 0) {
    findings.add(
      '101',
      'warning',
      'subprotocol-none',
      `The server took none of the subprotocols (${patient.subprotocols.join(', ')}).`,
      'Browsers fail the connection then, and so do many clients.',
    );
  }
  const extension = (one('sec-websocket-extensions') ?? '').split(',').map((part) => part.split(';')[0].trim());
  const unknown = extension.find((name) => name !== '' && name !== 'permessage-deflate');
  if (unknown !== undefined) {
    broken(
      'extension-not-offered',
      `The server chose the extension "${unknown}", which was not offered.`,
      'Clients end the connection over it.',
    );
  }
  const isRight = findings.all.slice(before).every(({ severity }) => severity !== 'broken');
  if (isRight)
    findings.add(
      'HTTP',
      'ok',
      'http',
      `101, ${[...fields.keys()].includes('server') ? `by ${one('server')}` : 'by a server that does not say what it is'}.`,
    );
  return isRight;
}

function saysUpgrade({ fields, reason }: AnsweredHead): boolean {
  return fields.has('upgrade') || /upgrade/i.test(reason);
}

function auth(fields: AnsweredHead['fields']): string {
  const scheme = fields.get('www-authenticate')?.[0];
  return scheme === undefined ? '' : ` (${scheme})`;
}

function retry(fields: AnsweredHead['fields']): string {
  const after = fields.get('retry-after')?.[0];
  return after === undefined ? '' : `, retry after ${after}`;
}
