import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { beforeData } from '../../../drivers/node/before-data.ts';

/** A stream that gives out at once what it is given, and what has happened by now. */
async function flowing(): Promise<{ stream: PassThrough; told: string[] }> {
  const stream = new PassThrough();
  const first = once(stream, 'data');
  stream.write('before');
  await first;
  return { stream, told: [] };
}

test('what a stream brings in the same turn comes behind the step, which is taken once', async () => {
  const { stream, told } = await flowing();
  const ready = beforeData(stream, () => void told.push('step'));
  stream.on('data', (bytes) => void told.push(String(bytes)));
  ready();
  stream.write('at once');
  expect(told).toEqual(['step', 'at once']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['step', 'at once']);
  expect(stream.listenerCount('data')).toBe(1);
});

test('where it brings nothing, the step is taken when the turn is over', async () => {
  const { stream, told } = await flowing();
  beforeData(stream, () => void told.push('step'))();
  expect(told).toEqual([]);
  await new Promise((resolve) => process.nextTick(resolve));
  expect(told).toEqual(['step']);
  expect(stream.listenerCount('data')).toBe(0);
});

test('what comes before it is ready changes nothing: the step is taken later, or never', async () => {
  const { stream, told } = await flowing();
  const ready = beforeData(stream, () => void told.push('step'));
  stream.write('too early');
  ready();
  expect(told).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['step']);

  beforeData(stream, () => void told.push('never'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['step']);
  expect(stream.listenerCount('data')).toBe(0);
});
