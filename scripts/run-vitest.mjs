/**
 * Runs vitest and counts: prints `N passed, N failed[, N skipped]` as the last line, and returns the
 * exit status. Whatever kept a test from being counted as passed is counted as failed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { modulePath, root } from './setup.mjs';

/** @returns {Promise<0 | 1>} */
export async function runVitest(args, environment = {}) {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'taskbell-test-'));
  const file = path.join(directory, 'results.json');
  try {
    const status = await start(args, environment, file);
    const results = readResults(file);
    const counts = countResults(results, status);
    for (const line of describeSkipped(results)) console.log(line);
    console.log(formatCounts(counts));
    return status === 0 && counts.failed === 0 && counts.passed > 0 ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function start(args, environment, file) {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const child = spawn(
    process.execPath,
    [modulePath('vitest', 'vitest.mjs'), 'run', ...reporters, ...args],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...environment } },
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // A run that was ended by a signal has no status, and has not passed.
    child.once('close', (status) => resolve(status ?? 1));
  });
}

/** Undefined if vitest died before it could write them. */
function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // The missing file is counted as a failure below.
    return undefined;
  }
}

/**
 * @param results the JSON report, as far as there is one
 * @param status vitest's own exit status
 */
export function countResults(results, status) {
  const tests = (results?.testResults ?? []).flatMap((suite) => suite.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failedTests = tests.filter((test) => test.status === 'failed').length;
  const brokenSuites = (results?.testResults ?? []).filter(
    (suite) =>
      suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const counted = failedTests + brokenSuites;
  // An error outside any test (an unhandled rejection, a crash) fails the run without a failed test.
  const failed = status !== 0 && counted === 0 ? 1 : counted;
  return { passed, failed, skipped: tests.length - passed - failedTests };
}

/** One line a test that did not run; its title says what it needs. */
export function describeSkipped(results) {
  return (results?.testResults ?? []).flatMap((suite) =>
    suite.assertionResults
      .filter((test) => test.status !== 'passed' && test.status !== 'failed')
      .map((test) => `skipped: ${path.relative(root, suite.name)}: ${test.fullName}`),
  );
}

export function formatCounts({ passed, failed, skipped }) {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}
