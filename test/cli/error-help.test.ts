import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findSection, renderSection } from '../../src/cli/error-help.ts';
import { renderError } from '../../src/cli/error-report.ts';
import {
  ERROR_CODES,
  type ErrorCode,
  exitCodeOf,
  TaskbellError,
} from '../../src/protocol/errors.ts';
import { runCommand } from './run-command.ts';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
const PAGE = readFileSync(path.resolve(import.meta.dirname, '../../docs/errors.md'), 'utf8');

test.each(CODES)(
  '`taskbell help %s` says what it means, why it happens and what to do',
  async (code) => {
    const { exitCode, stdout } = await runCommand(['help', code], { cwd: '/' });
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')[0]).toBe(code);
    expect(stdout).toContain(`Exit code ${exitCodeOf(code)}, HTTP ${ERROR_CODES[code].status}. `);
    expect(stdout).toMatch(/\n\n {2}Why: \S/);
    expect(stdout).toMatch(/\n\n {2}Remedy: \S/);
    expect(stdout).not.toMatch(/\*\*|\]\(/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  },
);

test('a code may be written in small letters', async () => {
  const { stdout } = await runCommand(['help', 'e_timeout'], { cwd: '/' });
  expect(stdout).toMatch(/^E_TIMEOUT\n/);
});

test('an exit code leads to the codes that it stands for', async () => {
  const { stdout } = await runCommand(['help', '78'], { cwd: '/' });
  expect(stdout).toContain('taskbell help E_CONFIG\n');
  expect(stdout).toContain('taskbell help E_KEY_FILE\n');
  expect((await runCommand(['help', '130'], { cwd: '/' })).stdout).toContain('Ctrl-C');
  expect((await runCommand(['help', '99'], { cwd: '/' })).exitCode).toBe(64);
});

test('every exit code that a command can end with has an answer', async () => {
  for (const exitCode of new Set([0, 1, 130, 143, ...CODES.map(exitCodeOf)])) {
    const run = await runCommand(['help', String(exitCode)], { cwd: '/' });
    expect(run, String(exitCode)).toMatchObject({ exitCode: 0 });
  }
});

test.each(CODES)('a message with %s shows the code and the way to its explanation', (code) => {
  const text = renderError(
    new TaskbellError(code, 'Something is wrong.', { hint: 'Mend it.' }),
    false,
  );
  expect(text).toBe(
    `taskbell: Something is wrong. (${code})\n  Mend it.\n  More: taskbell help ${code}`,
  );
});

test('a code whose section is missing is found out', () => {
  expect(findSection(PAGE, 'E_USAGE')).toContain('Exit code 64');
  expect(findSection(PAGE, 'E_NOTHING')).toBeUndefined();
  expect(findSection(PAGE, 'E_TOKEN')).toBeUndefined();
});

test('links become the words and the page that they lead to', () => {
  const section =
    'Exit code 1. See [events.md](events.md) and [an edge](events.md#an-edge).\n**Remedy:** `x`.';
  expect(renderSection('E_X', section, 80)).toBe(
    'E_X\n\n  Exit code 1. See docs/events.md and an edge (docs/events.md#an-edge).\n\n  Remedy: `x`.',
  );
});
