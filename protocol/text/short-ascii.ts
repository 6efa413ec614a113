/** As many bytes as a call of `String.fromCharCode` with an argument for each makes a string of the fastest. */
export const SHORT_ASCII = 24;

const of = String.fromCharCode;

/**
 * The string of `bytes[start, end)`, which are ASCII and at most `SHORT_ASCII`. It takes a third of the time of a native that
 * copies: getting there and back costs more than the bytes do. Spelt out, for a list of arguments is made of them otherwise.
 */
export function decodeShortAscii(bytes: Uint8Array, start: number, end: number): string {
  const b = bytes;
  const s = start;
  // prettier-ignore
  switch (end - start) {
    default: return '';
    case 1: return of(b[s]);
    case 2: return of(b[s], b[s + 1]);
    case 3: return of(b[s], b[s + 1], b[s + 2]);
    case 4: return of(b[s], b[s + 1], b[s + 2], b[s + 3]);
    case 5: return of(b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4]);
    case 6: return of(b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5]);
    case 7: return of(b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6]);
    case 8: return of(b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7]);
    case 9: return of(b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8]);
    case 10: return of(b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9]);
    case 11: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10]
    );
    case 12: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11]
    );
    case 13: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12]
    );
    case 14: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13]
    );
    case 15: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13], b[s + 14]
    );
    case 16: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13], b[s + 14], b[s + 15]
    );
    case 17: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13], b[s + 14], b[s + 15], b[s + 16]
    );
    case 18: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13], b[s + 14], b[s + 15], b[s + 16], b[s + 17]
    );
    case 19: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13], b[s + 14], b[s + 15], b[s + 16], b[s + 17], b[s + 18]
    );
    case 20: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13], b[s + 14], b[s + 15], b[s + 16], b[s + 17], b[s + 18], b[s + 19]
    );
    case 21: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13], b[s + 14], b[s + 15], b[s + 16], b[s + 17], b[s + 18], b[s + 19],
      b[s + 20]
    );
    case 22: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13], b[s + 14], b[s + 15], b[s + 16], b[s + 17], b[s + 18], b[s + 19],
      b[s + 20], b[s + 21]
    );
    case 23: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13], b[s + 14], b[s + 15], b[s + 16], b[s + 17], b[s + 18], b[s + 19],
      b[s + 20], b[s + 21], b[s + 22]
    );
    case 24: return of(
      b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7], b[s + 8], b[s + 9],
      b[s + 10], b[s + 11], b[s + 12], b[s + 13], b[s + 14], b[s + 15], b[s + 16], b[s + 17], b[s + 18], b[s + 19],
      b[s + 20], b[s + 21], b[s + 22], b[s + 23]
    );
  }
}
