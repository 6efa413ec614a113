import type { EngineMessage, EngineReceipt, TopicData } from '../engine.ts';
import { textOf } from '../names.ts';
import type { Place } from '../position.ts';

/** A topic as part of a key: its braces would be taken for a hash tag. */
export function encodeTopic(topic: string): string {
  if (!/[%{}]/.test(topic)) return topic;
  return topic.replace(/[%{}]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

export function decodeTopic(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%(25|7b|7d)/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** What a message begins with: whether it is TEXT, and whether it may be compressed. */
export function flagsOf(data: TopicData, compress: boolean): string {
  return (typeof data === 'string' ? 't' : 'b') + (compress ? 'c' : 'p');
}

const LINE_FEED = 10;
/** The longest head that is looked for: flags, epoch, offset, two stamps. */
const LONGEST_HEAD = 200;

/** Takes a payload apart. Returns undefined for what is none of ours. */
export function parsePayload(topic: string, payload: Uint8Array): EngineMessage | undefined {
  const end = payload.subarray(0, LONGEST_HEAD).indexOf(LINE_FEED);
  if (end < 0) return undefined;
  const head = /^([tb])([cp]) (\w+) (\d+) (\w+) (\w*)$/.exec(textOf(payload.subarray(0, end)));
  if (head === null) return undefined;
  const [, kind, compress, epoch, offset, stamp, after] = head;
  const bytes = payload.subarray(end + 1);
  return {
    topic,
    data: kind === 't' ? textOf(bytes) : bytes.slice(),
    compress: compress === 'c',
    epoch,
    offset: Number(offset),
    stamp,
    previous: Number(offset) - 1,
    after,
  };
}

/** "epoch offset stamp", as the scripts say it. Throws for anything else. */
export function parsePlace(text: string): Place {
  const parts = /^(\w+) (\d+) (\w*)$/.exec(text);
  if (parts === null) throw new TypeError('the engine’s answer makes no sense');
  return { epoch: parts[1], offset: Number(parts[2]), stamp: parts[3] };
}

/** The answer of the publishing script. Throws for anything else. */
export function parseReceipt(text: string): EngineReceipt {
  const parts = /^([+=])(\w+ \d+ \w+) (\w*)$/.exec(text);
  if (parts === null) throw new TypeError('the engine’s answer makes no sense');
  const place = parsePlace(parts[2]);
  return { ...place, previous: place.offset - 1, after: parts[3], repeated: parts[1] === '=' };
}
