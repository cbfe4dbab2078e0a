// Adds up vitest's JSON reports and prints one plain line: N passed, N failed, N skipped. A report that is missing
// counts as a failure: a run that died must not look like a run without tests.
import { readFileSync } from 'node:fs'

const sum = { passed: 0, failed: 0, skipped: 0 }
for (const path of process.argv.slice(2)) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'))
    sum.passed += report.numPassedTests
    sum.failed += report.numFailedTests
    sum.skipped += report.numPendingTests + report.numTodoTests
    if (!report.success && report.numFailedTests === 0) sum.failed += 1
  } catch {
    console.error(`${path}: no report`)
    sum.failed += 1
  }
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
