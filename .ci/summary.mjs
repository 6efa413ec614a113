// Adds up vitest's JSON reports and prints one plain line: 'N passed, N failed[, N skipped]'.
// Usage: node .ci/summary.mjs FOLDER. Exits 1 when something failed or no test ran.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const sum = { passed: 0, failed: 0, skipped: 0 };
const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^vitest-.*\.json$/.test(name)) : [];

for (const file of files) {
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests;
  sum.skipped += report.numPendingTests + report.numTodoTests;
  for (const suite of report.testResults) {
    // A file that could not even be loaded has no test to fail.
    if (suite.status === 'failed' && suite.assertionResults.every(({ status }) => status !== 'failed')) {
      console.log(`failed as a whole: ${suite.name}\n${suite.message}`);
      sum.failed += 1;
    }
  }
}

console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
