import { defineConfig } from 'vitest/config';

/**
 * Two projects, because the core answers for itself: `protocol/` is covered to 100 % by the tests of `test/protocol`
 * alone (`npm run coverage`), whatever the drivers' tests happen to reach.
 */
export default defineConfig({
  test: {
    maxWorkers: 2,
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
        // What is pure needs no isolation, and takes less than half the time without.
        test: { name: 'protocol', include: ['test/protocol/**/*.test.ts'], isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'drivers',
          include: ['test/**/*.test.ts', 'fuzz/**/*.test.ts', 'autobahn/**/*.test.ts'],
          exclude: ['test/protocol/**', 'test/site/**', '**/node_modules/**'],
        },
      },
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
