/** What stands behind the playground of the site. That it shows it is seen in a browser: test/site. */
import { describe, expect, test } from 'vitest';
import { fromHex, partsOf, run, toHex, type Step } from '../../docs/.vitepress/playground/bytes.ts';
import { PRESETS } from '../../docs/.vitepress/playground/presets.ts';
import { SCENARIOS } from '../../docs/.vitepress/playground/scenarios.ts';
import { drawSequence } from '../../docs/.vitepress/playground/sequence.ts';
import { simulate } from '../../docs/.vitepress/playground/simulation.ts';

describe.each(PRESETS)('$group: $title', (preset) => {
  const experiment = { ...preset, bytes: fromHex(preset.hex) };
  const outcomeOf = (steps: Step[]) => ({
    events: steps.flatMap(({ events }) => events),
    faults: steps.flatMap(({ fault }) => (fault === undefined ? [] : [fault])),
    frames: steps.flatMap(({ frames }) => frames),
    state: steps.at(-1)!.state,
  });

  test('comes to the same, however it is cut', () => {
    const whole = outcomeOf(run({ ...experiment, cuts: [] }));
    expect(outcomeOf(run({ ...experiment, cuts: 'everywhere' }))).toEqual(whole);
    for (let at = 1; at < experiment.bytes.length; at++) {
      expect(outcomeOf(run({ ...experiment, cuts: [at] })), `cut at ${at}`).toEqual(whole);
    }
  });

  test('has a fault with its section, where it is one of the faults', () => {
    const { faults } = outcomeOf(run(experiment));
    expect(faults.length).toBe(
      /^(Faults)$/.test(preset.group) || / another | foreign | wrong | instead /.test(preset.title) ? 1 : 0,
    );
    for (const { section } of faults) expect(section!.title).toMatch(/^RFC (6455|7692) §\d+(\.\d+)*$/);
  });
});

test('the parts of a frame are told from what the connection says of it', () => {
  const bytes = fromHex('81 85 37 fa 21 3d 7f 9f 4d 51 58 89');
  const steps = run({ reader: 'server', head: '', bytes, cuts: [], compress: false });
  const parts = partsOf(
    bytes.length,
    steps.flatMap(({ frames }) => frames),
    true,
  );
  expect(parts.join(' ')).toBe('head head key key key key payload payload payload payload payload unread');
});

test('hex is read as people write it, and half a byte is told', () => {
  expect(toHex(fromHex('0x81,0x05 48:65\n6C'))).toBe('81 05 48 65 6c');
  expect(() => fromHex('81 0')).toThrow('two');
  expect(() => fromHex('xy')).toThrow("'x' is no hex digit");
});

describe.each(Object.entries(SCENARIOS))('%s', (_title, scenario) => {
  test('runs the same each time, to the end of both sides or of what is watched', () => {
    const moments = simulate(scenario);
    expect(simulate(scenario)).toEqual(moments);
    expect(moments.length).toBeLessThan(100);
    expect(moments.map(({ time }) => time)).toEqual(moments.map(({ time }) => time).sort((a, b) => a - b));
    expect(moments.some(({ text }) => text.startsWith('closed '))).toBe(true);
  });

  test('what arrives was sent before, and is drawn once', () => {
    const moments = simulate(scenario);
    for (const [i, { kind, packet }] of moments.entries()) {
      if (kind !== 'arrive') continue;
      expect(moments.findIndex((one) => one.kind === 'send' && one.packet === packet)).toBeLessThan(i);
    }
    const sent = moments.filter(({ kind }) => kind === 'send').length;
    expect(drawSequence(moments).body.match(/class="seq-arrow/g)).toHaveLength(sent);
    expect(drawSequence(moments, 1).body.match(/class="seq-arrow/g)).toHaveLength(1);
  });
});

test('with a cut of one byte everything arrives with its last byte', () => {
  const moments = simulate({ ...SCENARIOS['Hello, and goodbye'], cut: 1 });
  expect(moments.filter(({ kind }) => kind === 'arrive').length).toBe(
    moments.filter(({ kind }) => kind === 'send').length,
  );
});
