import { expect, test } from 'vitest';
import { programsOf } from './markdown.ts';

const fence = '```';

function read(...lines: string[]): ReturnType<typeof programsOf> {
  return programsOf('page.md', lines.join('\n'));
}

test('every ts and js block is a program, and no other block is', () => {
  const programs = read(
    '# T',
    `${fence}ts`,
    'a();',
    fence,
    'x',
    `${fence}sh`,
    'npm',
    fence,
    `${fence}js`,
    'b();',
    'c();',
    fence,
  );
  expect(programs).toEqual([
    { at: 'page.md:2', language: 'ts', runs: true, code: 'a();\n', prints: undefined },
    { at: 'page.md:9', language: 'js', runs: true, code: 'b();\nc();\n', prints: undefined },
  ]);
});

test('blocks in a list lose their indent, and a longer fence holds a shorter one', () => {
  const programs = read(
    `  ${fence}ts`,
    '  if (a)',
    '    b();',
    `  ${fence}`,
    '````md',
    `${fence}ts`,
    'no',
    fence,
    '````',
  );
  expect(programs.map(({ code }) => code)).toEqual(['if (a)\n  b();\n']);
});

test('joined blocks and hidden code are one program, in the order of the page', () => {
  const programs = read(
    '<!-- docs: hidden one',
    'first();',
    '-->',
    '<!-- docs: join one -->',
    `${fence}ts`,
    'second();',
    fence,
    `${fence}ts`,
    'other();',
    fence,
    '<!-- docs: join one -->',
    '',
    `${fence}ts`,
    'third();',
    fence,
  );
  expect(programs.map(({ at, code }) => [at, code])).toEqual([
    ['page.md:1', 'first();\nsecond();\nthird();\n'],
    ['page.md:8', 'other();\n'],
  ]);
});

test('a block can be for checking only, and another can say what is printed', () => {
  const programs = read(
    '<!-- docs: check -->',
    `${fence}ts`,
    'a();',
    fence,
    `${fence}js`,
    'b();',
    fence,
    '<!-- docs: prints -->',
    `${fence}text`,
    'hello',
    fence,
  );
  expect(programs.map(({ runs, prints }) => [runs, prints])).toEqual([
    [false, undefined],
    [true, 'hello\n'],
  ]);
});

test.each([
  ['an unknown marker', ['<!-- docs: skip -->', `${fence}ts`, fence]],
  ['a misspelt marker', ['<!--docs: check -->', `${fence}ts`, fence]],
  ['a marker before prose', ['<!-- docs: check -->', 'prose', `${fence}ts`, fence]],
  ['a marker at the end', ['<!-- docs: check -->']],
  ['two markers', ['<!-- docs: check -->', '<!-- docs: check -->', `${fence}ts`, fence]],
  ['a marker before a block of another language', ['<!-- docs: check -->', `${fence}sh`, fence]],
  ['output of no program', ['<!-- docs: prints -->', `${fence}text`, 'x', fence]],
  ['join without a name', ['<!-- docs: join -->', `${fence}ts`, fence]],
  ['a block without an end', [`${fence}ts`, 'a();']],
  ['hidden code without an end', ['<!-- docs: hidden one', 'a();']],
])('%s is an error', (_name, lines) => {
  expect(() => read(...lines)).toThrow(/page\.md/);
});
