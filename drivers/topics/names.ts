/** The most bytes of a topic's name or of a key, in UTF-8. */
const LONGEST = 255;

/**
 * Throws a TypeError or RangeError for what can't name a topic: 1 to 255 bytes of UTF-8, without control characters (C0, C1
 * and DEL) and without lone surrogates, which have no UTF-8.
 */
export function checkTopic(topic: string): void {
  checkName('a topic', topic);
}

/** Throws for what can't be a publish's key: as for a topic's name. */
export function checkKey(key: string): void {
  checkName('a key', key);
}

function checkName(what: string, name: string): void {
  if (typeof name !== 'string') throw new TypeError(`${what} must be a string`);
  const length = name.length > LONGEST ? Infinity : utf8Length(name);
  if (length === 0 || length > LONGEST) throw new RangeError(`${what} must have 1 to ${LONGEST} bytes of UTF-8`);
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) throw new TypeError(`${what} must not have control characters`);
  if (/[\ud800-\udfff]/u.test(name)) throw new TypeError(`${what} must not have lone surrogates`);
}

/** How many bytes a string has in UTF-8; a lone surrogate counts as U+FFFD, which it is sent as. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else if (unit < 0xd800 || unit > 0xdbff || !isLow(text.charCodeAt(i + 1))) length += 2;
    else {
      length += 2;
      i++;
    }
  }
  return length;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** What a message takes in memory, about, in bytes, where many are kept: an empty one takes something too. */
export function costOf(data: string | Uint8Array): number {
  return OVERHEAD + sizeOf(data);
}

const OVERHEAD = 256;

/** What the data of a message takes in memory, about, in bytes. */
export function sizeOf(data: string | Uint8Array): number {
  return typeof data === 'string' ? 2 * data.length : data.length;
}

/** Whether a message is larger than `limit` bytes, without counting where that is plain. */
export function isLarger(data: string | Uint8Array, limit: number): boolean {
  if (typeof data !== 'string') return data.length > limit;
  if (data.length > limit) return true;
  return data.length * 3 > limit && utf8Length(data) > limit;
}

let decoder: InstanceType<typeof TextDecoder> | undefined;

/** The text that these bytes are in UTF-8. What is not valid in them becomes U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  // Not when this is loaded: a runtime may have none.
  decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
  return decoder.decode(bytes);
}
