/** Words of a block. */
const BLOCK_WORDS = 16;
const ROUNDS = 80;

/**
 * SHA-1 (RFC 3174) of a text of which each code unit is a byte. Returns the digest as five 32-bit words.
 *
 * The opening handshake needs it as proof that the server speaks WebSocket (RFC 6455 §1.3), not for secrecy: its known
 * weakness against collisions does not matter there.
 */
export function sha1(text: string): Int32Array {
  const digest = new Int32Array(5);
  digest[0] = 0x67452301;
  digest[1] = 0xefcdab89;
  digest[2] = 0x98badcfe;
  digest[3] = 0x10325476;
  digest[4] = 0xc3d2e1f0;
  const words = new Int32Array(BLOCK_WORDS);
  // The text, a 1 bit, zeros, and the length in bits as 64 bits at the end of the last block.
  const { length } = text;
  for (let at = 0; at <= length; at++) {
    const byte = at < length ? text.charCodeAt(at) : 0x80;
    words[(at >> 2) & 15] |= byte << (24 - 8 * (at & 3));
    if ((at & 63) === 63) endBlock(digest, words);
  }
  if ((length & 63) >= 56 && (length & 63) < 63) endBlock(digest, words);
  words[BLOCK_WORDS - 1] = length << 3;
  endBlock(digest, words);
  return digest;
}

function endBlock(digest: Int32Array, words: Int32Array): void {
  compress(digest, words);
  words.fill(0);
}

/**
 * RFC 3174 §6.2: one block, in the words of `w`, into the digest. The message schedule takes the place of the block: all 80
 * words of it would be memory outside the heap, which takes as long to make as the digest itself.
 */
function compress(digest: Int32Array, w: Int32Array): void {
  let a = digest[0];
  let b = digest[1];
  let c = digest[2];
  let d = digest[3];
  let e = digest[4];
  for (let t = 0; t < ROUNDS; t++) {
    const s = t & 15;
    if (t >= BLOCK_WORDS) {
      const x = w[(s + 13) & 15] ^ w[(s + 8) & 15] ^ w[(s + 2) & 15] ^ w[s];
      w[s] = (x << 1) | (x >>> 31);
    }
    let f: number;
    if (t < 20) f = ((b & c) | (~b & d)) + 0x5a827999;
    else if (t < 40) f = (b ^ c ^ d) + 0x6ed9eba1;
    else if (t < 60) f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else f = (b ^ c ^ d) + 0xca62c1d6;
    const next = (((a << 5) | (a >>> 27)) + f + e + w[s]) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  digest[0] += a;
  digest[1] += b;
  digest[2] += c;
  digest[3] += d;
  digest[4] += e;
}
