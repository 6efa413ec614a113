/** Inputs as JSON and back: bytes become `{ "hex": "…" }`. Nothing else in them is out of the ordinary. */

export function toJson(input: unknown): string {
  return JSON.stringify(
    input,
    (_key, it: unknown) => (it instanceof Uint8Array ? { hex: Buffer.from(it).toString('hex') } : it),
    2,
  );
}

export function fromJson(text: string): unknown {
  return JSON.parse(text, (_key, it: unknown) => {
    if (typeof it !== 'object' || it === null || !('hex' in it) || typeof it.hex !== 'string') return it;
    return new Uint8Array(Buffer.from(it.hex, 'hex'));
  });
}
