import type { Case, DeflateAcceptance, DeflateOffer, DeflateTerms } from '../case.ts';
import { NORMAL } from '../case.ts';
import { documents } from '../testdata.ts';
import type { Document } from '../testdata.ts';

/** Message sizes, the octets of a fragment (0: not fragmented), and how long 1000 messages may take. */
const SIZES = [
  { size: 16, fragment: 0, seconds: 60 },
  { size: 64, fragment: 0, seconds: 60 },
  { size: 256, fragment: 0, seconds: 120 },
  { size: 1024, fragment: 0, seconds: 240 },
  { size: 4096, fragment: 0, seconds: 480 },
  { size: 8192, fragment: 0, seconds: 480 },
  { size: 16384, fragment: 0, seconds: 480 },
  { size: 32768, fragment: 0, seconds: 480 },
  { size: 65536, fragment: 0, seconds: 480 },
  { size: 131072, fragment: 0, seconds: 480 },
  { size: 8192, fragment: 256, seconds: 480 },
  { size: 16384, fragment: 256, seconds: 480 },
  { size: 32768, fragment: 256, seconds: 480 },
  { size: 65536, fragment: 256, seconds: 480 },
  { size: 131072, fragment: 256, seconds: 480 },
  { size: 131072, fragment: 1024, seconds: 480 },
  { size: 131072, fragment: 4096, seconds: 480 },
  { size: 131072, fragment: 32768, seconds: 480 },
] as const;

const COUNT = 1000;

const { json, bitmap, prose, html, paper } = documents;
/** 12.1 to 12.5. */
export const payloadsOf12: readonly Document[] = [json, bitmap, prose, html, paper];

/** An offer that asks for no context takeover (or not), and for so many window bits (0: does not ask). */
const asks = (serverNoContextTakeover: boolean, serverMaxWindowBits: number): DeflateOffer => ({
  serverNoContextTakeover,
  serverMaxWindowBits,
});
/** The same of an answer. */
const wants = (clientNoContextTakeover: boolean, clientMaxWindowBits: number): DeflateAcceptance => ({
  clientNoContextTakeover,
  clientMaxWindowBits,
});

const DEFAULT: DeflateTerms = { offers: [asks(false, 0)], accepts: [wants(false, 0)] };

/** 13.1 to 13.7. */
export const termsOf13: readonly DeflateTerms[] = [
  DEFAULT,
  { offers: [asks(true, 0)], accepts: [wants(true, 0)] },
  { offers: [asks(false, 9)], accepts: [wants(false, 9)] },
  { offers: [asks(false, 15)], accepts: [wants(false, 15)] },
  { offers: [asks(true, 9)], accepts: [wants(true, 9)] },
  { offers: [asks(true, 15)], accepts: [wants(true, 15)] },
  {
    offers: [asks(true, 9), asks(true, 0), asks(false, 0)],
    accepts: [wants(true, 9), wants(true, 0), wants(false, 0)],
  },
];

/** 12: permessage-deflate (RFC 7692) with different payloads. */
export const compression: Case[] = payloadsOf12.flatMap((document, i) =>
  series(`12.${i + 1}`, document, DEFAULT, 'with default parameters'),
);

/** 13: the same with different parameters. */
export const compressionParameters: Case[] = termsOf13.flatMap((terms, i) =>
  series(`13.${i + 1}`, json, terms, `with ${describeTerms(terms)}`),
);

/** What a set of parameters is, for people: of each offer and acceptance, no context takeover and window bits. */
export function describeTerms(terms: DeflateTerms): string {
  const offers = terms.offers.map((it) => `(${it.serverNoContextTakeover}, ${it.serverMaxWindowBits})`);
  const accepts = terms.accepts.map((it) => `(${it.clientNoContextTakeover}, ${it.clientMaxWindowBits})`);
  return `client offers (no context takeover, window bits) ${offers.join(', ')}; server asks ${accepts.join(', ')}`;
}

function series(prefix: string, document: Document, terms: DeflateTerms, how: string): Case[] {
  return SIZES.map(({ size, fragment, seconds }, i): Case => {
    const unit = document.binary ? 'octets' : 'characters';
    const cut = fragment === 0 ? '' : `, in fragments of ${fragment} octets`;
    return {
      id: `${prefix}.${i + 1}`,
      description: `${COUNT} compressed messages of ${size} ${unit}${cut}, ${how}.`,
      expectation: `Every message comes back, all within ${seconds} seconds; clean close with 1000.`,
      conduct: {
        kind: 'round-trips',
        binary: document.binary,
        count: COUNT,
        payloads: () => {
          let from = 0;
          return () => {
            const payload = document.slice(from, size);
            from = (from + size) % document.size;
            return payload;
          };
        },
        fragment,
        seconds,
      },
      closing: NORMAL,
      deflate: terms,
      reportTime: true,
      reportCompressionRatio: true,
    };
  });
}
