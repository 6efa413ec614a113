import type { WebSocketError } from '../../../protocol/index.ts';

/** A section of an RFC, and where to read it. */
export interface Section {
  readonly title: string;
  readonly url: string;
}

/** Which section a fault breaks, by the error's `kind`. */
const BY_KIND: Readonly<Record<string, string>> = {
  rsv1: '6455 §5.2',
  'rsv2-rsv3': '6455 §5.2',
  opcode: '6455 §5.2',
  fin: '6455 §5.5',
  'control-length': '6455 §5.5',
  mask: '6455 §5.1',
  'mask-missing': '6455 §5.1',
  'length-form': '6455 §5.2',
  length: '6455 §5.2',
  'message-size': '6455 §10.4',
  fragments: '6455 §10.4',
  utf8: '6455 §8.1',
  inflate: '7692 §7.2.2',
  'close-code': '6455 §7.4.1',
  flood: '6455 §7.1.1',
  protocol: '6455 §7.1.7',
  closed: '6455 §7.1.5',
  lost: '6455 §7.1.5',
  'pong-timeout': '6455 §5.5.2',
  'close-timeout': '6455 §7.1.1',
  'open-timeout': '6455 §4.1',
  'bad-response': '6455 §4.1',
  response: '6455 §4.1',
  subprotocol: '6455 §4.1',
};

/** Which section a request broke that a server refuses, by the words of the refusal; the list of RFC 6455 §4.2.1 otherwise. */
const BY_WORDS: readonly (readonly [words: RegExp, section: string])[] = [
  [/version of the protocol/, '6455 §4.4'],
  [/Sec-WebSocket-Extensions/, '6455 §9.1'],
  [/origin/i, '6455 §10.2'],
  [/line|token|control character|head/, '9112 §2.2'],
];

/** The section behind an error; undefined where none is broken. */
export function sectionOf(error: WebSocketError): Section | undefined {
  return section(BY_KIND[error.kind]);
}

/** The section behind a server's refusal of a request, which says why in its body. */
export function sectionOfRefusal(why: string): Section {
  return section(BY_WORDS.find(([words]) => words.test(why))?.[1] ?? '6455 §4.2.1')!;
}

function section(name: string | undefined): Section | undefined {
  if (name === undefined) return undefined;
  const [number, part] = name.split(' §');
  return { title: `RFC ${number} §${part}`, url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${part}` };
}
