/** The last line of `npm test`: nothing that went wrong may be missing from it. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface RunVitest {
  countResults(results: unknown, status: number): Counts;
  formatCounts(counts: Counts): string;
  describeSkipped(results: unknown): readonly string[];
}

const script = path.resolve(import.meta.dirname, '../../scripts/run-vitest.mjs');
const { countResults, describeSkipped, formatCounts } = (await import(
  pathToFileURL(script).href
)) as RunVitest;

function suite(...statuses: readonly string[]) {
  const status = statuses.includes('failed') ? 'failed' : 'passed';
  return { status, assertionResults: statuses.map((each) => ({ status: each })) };
}

function report(...testResults: readonly unknown[]) {
  return { testResults };
}

describe('the counts of a test run', () => {
  it('counts passed, failed and skipped tests over all files', () => {
    const results = report(suite('passed', 'failed'), suite('passed', 'skipped', 'todo'));
    expect(countResults(results, 1)).toEqual({ passed: 2, failed: 1, skipped: 2 });
  });

  it('counts a file that could not be loaded as one failure', () => {
    const broken = { status: 'failed', assertionResults: [] };
    expect(countResults(report(suite('passed'), broken), 1)).toMatchObject({ failed: 1 });
  });

  it('counts an error outside any test as one failure', () => {
    expect(countResults(report(suite('passed')), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it('counts a run that died before it wrote its results as one failure', () => {
    expect(countResults(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('writes the line plainly, and mentions skipped tests only if there are any', () => {
    expect(formatCounts({ passed: 5, failed: 0, skipped: 0 })).toBe('5 passed, 0 failed');
    expect(formatCounts({ passed: 5, failed: 1, skipped: 2 })).toBe(
      '5 passed, 1 failed, 2 skipped',
    );
  });
});

describe('a test that did not run', () => {
  it('is named in a line of its own, with what its title says that it needs', () => {
    const name = path.resolve(import.meta.dirname, 'a.test.ts');
    const results = [
      { status: 'passed', fullName: 'runs' },
      { status: 'skipped', fullName: 'runs elsewhere (needs a browser)' },
    ];
    expect(describeSkipped(report({ name, status: 'passed', assertionResults: results }))).toEqual([
      'skipped: test/tooling/a.test.ts: runs elsewhere (needs a browser)',
    ]);
    expect(describeSkipped(undefined)).toEqual([]);
  });
});
