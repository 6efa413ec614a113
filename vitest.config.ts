import { defineConfig } from 'vitest/config';

/** These replace modules, or are about what happens once in a process: they need modules that nobody has loaded before. */
export const ALONE = [
  'test/drivers/cli/findings.test.ts',
  'test/drivers/node/clock.test.ts',
  'test/drivers/pipe/idle-hint.test.ts',
  'test/drivers/promise/returning.test.ts',
  'test/drivers/refusals.test.ts',
];

/**
 * The core answers for itself: `protocol/` is covered to 100 % by the tests of `test/protocol` alone (`npm run coverage`),
 * whatever the drivers' tests happen to reach. The files of a project share what they load, which would take as long as
 * the tests themselves.
 */
export default defineConfig({
  test: {
    // One more than there are cores: each waits for processes and servers for a part of its time.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Real servers, browsers and terminals share a machine there that may stand still for seconds; what passed at its second try is
    // named in the report. At home nothing is tried again.
    retry: process.env.CI ? 1 : 0,
    // CI's closing line is made of these (.ci/run); one file a run, for `npm test` runs each project by itself.
    reporters: process.env.VITEST_JSON ? ['default', 'json'] : ['default'],
    outputFile: { json: `reports/vitest-${process.pid}.json` },
    projects: [
      {
        extends: true,
        test: { name: 'protocol', include: ['test/protocol/**/*.test.ts'], isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'drivers',
          include: ['test/**/*.test.ts', 'fuzz/**/*.test.ts', 'autobahn/**/*.test.ts'],
          exclude: ['test/protocol/**', 'test/site/**', '**/node_modules/**', ...ALONE],
          isolate: false,
          // What is tested runs as Node has it: what vitest makes of a module takes up to four times as long.
          execArgv: ['--import', 'tsx'],
          server: { deps: { external: [/\/(protocol|drivers|fuzz)\/(?!.*\.test\.ts$).*\.ts$/] } },
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE } },
      // They walk the built site: `npm run docs:test`.
      { extends: true, test: { name: 'site', include: ['test/site/**/*.test.ts'] } },
    ],
    coverage: {
      provider: 'v8',
      include: ['protocol/**/*.ts'],
      exclude: ['test/**'],
      reporter: [['text', { skipFull: true }], 'html', 'json-summary'],
      reportsDirectory: 'coverage',
      thresholds: { statements: 100, branches: 100, functions: 100, lines: 100 },
    },
  },
});
