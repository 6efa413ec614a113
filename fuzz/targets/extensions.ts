import * as fc from 'fast-check';
import { parseExtensions } from '../../protocol/handshake/extensions.ts';
import type { ExtensionElement } from '../../protocol/handshake/types.ts';
import type { CompressOptions } from '../../protocol/index.ts';
import { PermessageDeflate } from '../../protocol/internal.ts';
import { zlibCodec } from '../../drivers/node/zlib/codec.ts';
import { assert, assertSame, type Target } from '../support/target.ts';

interface Input {
  readonly field: string;
  readonly client: CompressOptions;
  readonly server: CompressOptions;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED = '"(?:[^"\\\\]|\\\\[^])*"';
const OWS = '[ \\t]*';
const PARAM = `${OWS};${OWS}${TOKEN}(?:${OWS}=${OWS}(?:${TOKEN}|${QUOTED}))?`;
const ELEMENT = new RegExp(`^${OWS}(${TOKEN})((?:${PARAM})*)${OWS}(?:,|$)`);
const EMPTY = new RegExp(`^${OWS},`);
const ONE_PARAM = new RegExp(`^${OWS};${OWS}(${TOKEN})(?:${OWS}=${OWS}(${TOKEN}|${QUOTED}))?`);
const WHOLE_TOKEN = new RegExp(`^${TOKEN}$`);

/** The grammar of RFC 6455 §9.1 as regular expressions; slow, and written without a look at the parser. */
function reference(field: string): ExtensionElement[] | undefined {
  const elements: ExtensionElement[] = [];
  let rest = field;
  while (!new RegExp(`^${OWS}$`).test(rest)) {
    const empty = EMPTY.exec(rest);
    if (empty !== null) {
      rest = rest.slice(empty[0].length);
      continue;
    }
    const element = ELEMENT.exec(rest);
    if (element === null) return undefined;
    rest = rest.slice(element[0].length);
    const params: [string, string | undefined][] = [];
    for (let list = element[2]; list !== '';) {
      const [all, name, given] = ONE_PARAM.exec(list)!;
      list = list.slice(all.length);
      const value = given?.startsWith('"') ? given.slice(1, -1).replace(/\\([^])/g, '$1') : given;
      // "the value after quoted-string unescaping MUST conform to the 'token' ABNF"
      if (value !== undefined && !WHOLE_TOKEN.test(value)) return undefined;
      params.push([name, value]);
    }
    elements.push({ name: element[1], params });
  }
  return elements.length > 0 ? elements : undefined;
}

const anyWord = fc.constantFrom(
  'permessage-deflate',
  'client_max_window_bits',
  'server_max_window_bits',
  'server_no_context_takeover',
  'client_no_context_takeover',
  '8',
  '15',
  '08',
  '16',
  'x',
  '__proto__',
);
const anyToken = fc.oneof(
  { weight: 6, arbitrary: anyWord },
  { weight: 4, arbitrary: fc.constantFrom(';', ',', '=', '"', '\\', ' ', '\t', '; ', ', ', '="', '"8"', '"\\8"') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 3 }) },
);
const anyParam = fc
  .tuple(anyWord, fc.option(fc.tuple(anyWord, fc.boolean())))
  .map(([name, value]) => (value === null ? name : `${name}=${value[1] ? `"${value[0]}"` : value[0]}`));
const anyField = fc.oneof(
  fc.array(anyToken, { maxLength: 16 }).map((parts) => parts.join('')),
  fc
    .array(fc.tuple(fc.constantFrom('permessage-deflate', 'x'), fc.array(anyParam, { maxLength: 3 })), { maxLength: 3 })
    .map((elements) => elements.map(([name, params]) => [name, ...params].join('; ')).join(', ')),
);
const anyBits = fc.integer({ min: 8, max: 15 });
const anyOptions: fc.Arbitrary<CompressOptions> = fc.record(
  {
    serverNoContextTakeover: fc.boolean(),
    clientNoContextTakeover: fc.boolean(),
    serverMaxWindowBits: anyBits,
    clientMaxWindowBits: anyBits,
  },
  { requiredKeys: [] },
);

/** The field is parsed as its grammar says, and what our server answers to our client suits both. */
export const extensions: Target<Input> = {
  name: 'extensions',
  claim: 'Sec-WebSocket-Extensions is what its ABNF says it is, and both sides agree on what they agreed on',
  runs: 1000,
  arbitrary: fc.record({ field: anyField, client: anyOptions, server: anyOptions }),
  check({ field, client, server }) {
    const parsed = parseExtensions(field);
    assertSame(parsed, reference(field), `the field ${JSON.stringify(field)}`);

    // RFC 7692 §5, §7: any offer and any answer gets a decision, never a throw.
    const offers = (parsed ?? []).filter(({ name }) => name === 'permessage-deflate');
    const offered = new PermessageDeflate(false, client, zlibCodec());
    const offer = parseExtensions(offered.offer());
    for (const answer of offers) new PermessageDeflate(false, client, zlibCodec()).confirm(answer);
    const toAny = new PermessageDeflate(true, server, zlibCodec()).accept(offers);
    assert(toAny === undefined || parseExtensions(toAny)?.length === 1, `the answer ${toAny}`);

    // Ours to ours: an answer that the client confirms, and the same windows on both sides.
    assert(offer !== undefined, `our own offer ${offered.offer()}`);
    const answering = new PermessageDeflate(true, server, zlibCodec());
    const answer = answering.accept(offer);
    if (answer === undefined) return;
    const wrong = offered.confirm(parseExtensions(answer)![0]);
    assert(wrong === undefined, `${offered.offer()} was answered with ${answer}: ${wrong}`);
    crossTalk(offered, answering);
    crossTalk(answering, offered);
  },
};

/** Two messages, the second of which refers to the first where it may. */
function crossTalk(from: PermessageDeflate, to: PermessageDeflate): void {
  const message = Uint8Array.from({ length: 600 }, (_, i) => (i * i) & 0xff);
  for (let i = 0; i < 2; i++) {
    const inflated = to.decompress(new Uint8Array(from.compress(message, true)), 1000);
    assertSame(typeof inflated === 'number' ? inflated : new Uint8Array(inflated), message, 'what was deflated');
  }
}
