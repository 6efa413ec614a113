/** Where a Redis Cluster keeps what: the hash slots of the cluster specification. */

export const SLOTS = 16384;

const TABLE = makeTable();

/** The slot of a key: CRC-16 (XMODEM) of its hash tag, or of all of it where it has none. */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  const tag = close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (const byte of new TextEncoder().encode(tag)) crc = ((crc << 8) ^ TABLE[((crc >> 8) ^ byte) & 0xff]) & 0xffff;
  return crc % SLOTS;
}

/** The places of some keys, put together by slot: a command may name keys of one slot alone. */
export function bySlot(keys: readonly string[]): number[][] {
  const groups = new Map<number, number[]>();
  keys.forEach((key, at) => {
    const slot = slotOf(key);
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [at]);
    else group.push(at);
  });
  return [...groups.values()];
}

/** Slots from `from` to `to` belong to the node of that id. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly id: string;
}

/** What CLUSTER SLOTS has answered, in order. Throws a TypeError for anything else. */
export function parseSlots(reply: unknown): SlotRange[] {
  if (!Array.isArray(reply)) throw new TypeError('the engine’s answer makes no sense');
  const ranges = reply.map((one: readonly [unknown, unknown, readonly unknown[]]): SlotRange => {
    const [from, to, master] = one;
    return { from: Number(from), to: Number(to), id: textAt(master[2]) };
  });
  return ranges.sort((a, b) => a.from - b.from);
}

/** A string of a reply. */
export function textAt(reply: unknown): string {
  return reply instanceof Uint8Array ? new TextDecoder().decode(reply) : String(reply);
}

function makeTable(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = crc;
  }
  return table;
}
