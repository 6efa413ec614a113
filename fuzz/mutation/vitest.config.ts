/** What kills mutants of the core: its own tests and nothing else, in one process, the quickest way there is. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/protocol/**/*.test.ts'], testTimeout: 20_000 },
});
