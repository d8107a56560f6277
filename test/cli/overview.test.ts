import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/cli/command-table.ts';
import { renderOverview } from '../../src/cli/overview.ts';
import { runCommand } from './run-command.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const HEAVY = [
  'ws',
  'better-sqlite3',
  'jose',
  'socket.io',
  'pino',
  'valibot',
  'ini',
  'croner',
  'ora',
  'p-retry',
];

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'taskbell-help-'));
});

afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

/** The files that a process loaded, as V8 counts them for coverage; independent of how busy the machine is. */
function loadedBy(argv: readonly string[]): readonly string[] {
  const coverage = path.join(cwd, `coverage-${argv.join('-').replace(/\W/g, '')}`);
  const executable = path.join(ROOT, 'bin', 'taskbell.js');
  const { status, stderr } = spawnSync(process.execPath, [executable, ...argv], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, NODE_V8_COVERAGE: coverage },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [report = ''] = readdirSync(coverage);
  const { result } = JSON.parse(readFileSync(path.join(coverage, report), 'utf8')) as {
    result: readonly { readonly url: string }[];
  };
  return result.flatMap(({ url }) => (url.startsWith('file:') ? [fileURLToPath(url)] : []));
}

const packagesOf = (files: readonly string[]) =>
  new Set(files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []));

test.each([[['help']], [['--help']], [['help', 'job']], [['job', '--help']]])(
  '`taskbell %j` loads a few small files and no package, so that it is there at once',
  (argv) => {
    const files = loadedBy(argv);
    expect(packagesOf(files)).toEqual(new Set());
    expect(files.length).toBeLessThanOrEqual(30);
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    expect(bytes).toBeLessThan(96 * 1_024);
  },
);

test('completing names of commands is as light, and of options loads the parser and one command', () => {
  expect(packagesOf(loadedBy(['__complete', '--', 'job', '']))).toEqual(new Set());
  const files = loadedBy(['__complete', '--', 'job', 'list', '--st']);
  expect(packagesOf(files)).toEqual(new Set(['commander']));
});

test('a live name is asked for without the client library and what it needs', () => {
  const argv = ['__complete', '--', '--socket', path.join(cwd, 'none.sock'), 'queue', 'pause', ''];
  const files = loadedBy(argv);
  expect([...packagesOf(files)]).toEqual(['commander']);
  expect(files.filter((file) => file.includes('/client/'))).toEqual([]);
});

test('the help of one command loads the parser and nothing heavy', () => {
  const packages = packagesOf(loadedBy(['help', 'event', 'tail']));
  expect(HEAVY.filter((name) => packages.has(name))).toEqual([]);
});

/** What a file imports before it does anything, types and what is loaded on demand left out. */
function importedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const statics = /^(?:import|export) (?!type\b)(?:[^;]*? from )?'([^']+)';/gm;
  for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(statics)) {
    if (name.startsWith('.')) importedBy(path.resolve(path.dirname(file), name), seen);
    else seen.add(name);
  }
  return seen;
}

test('no command loads anything heavy before it works: its help and its completion stay light', () => {
  const folder = path.join(ROOT, 'src', 'cli', 'commands');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const commands = files.filter((file) => file.endsWith('.ts'));
  expect(commands.length).toBeGreaterThan(60);
  const heavy = commands.flatMap((file) =>
    [...importedBy(path.join(folder, file))]
      .filter((name) => HEAVY.includes(name) || name.endsWith('src/client/client.ts'))
      .map((name) => `${file} loads ${path.relative(ROOT, name)}`),
  );
  expect(heavy).toEqual([]);
});

test('the help lists every command and every group, and that of a group its verbs', () => {
  const whole = renderOverview(100);
  for (const { name, summary } of [...COMMANDS, ...GROUPS]) {
    expect(whole).toMatch(new RegExp(`^  ${name} .*`, 'm'));
    expect(whole.replace(/\s+/g, ' ')).toContain(summary);
  }
  const queue = renderOverview(100, 'queue');
  expect(queue).toContain('Usage: taskbell queue [options] [command]');
  expect(queue).toContain('pause   start no more jobs of a queue');
});

test('no line of the help is wider than the terminal', () => {
  for (const line of renderOverview(72).split('\n')) expect(line.length).toBeLessThanOrEqual(72);
});

test.each([
  [['pause'], 'Did you mean `taskbell queue pause` or `taskbell schedule pause`?'],
  [['list', 'jobs'], 'Did you mean `taskbell job list`?'],
  [['jbo', 'lst'], 'Did you mean `taskbell job list`?'],
  [['job', 'wiat', '1'], 'Did you mean `taskbell job wait`?'],
  [['help', 'qeue'], 'Did you mean `taskbell queue`?'],
  [['help', 'job', 'ad'], 'Did you mean `taskbell job add`?'],
  [['job', 'list', '--stat', 'failed'], 'Did you mean --state?'],
  [['help', 'E_CONFG'], 'did you mean E_CONFIG?'],
])('whoever writes %j is told what was probably meant', async (argv, words) => {
  const { exitCode, stderr } = await runCommand(argv, { cwd });
  expect(exitCode).toBe(64);
  expect(stderr).toContain(words);
  expect(stderr).toContain('taskbell help E_USAGE');
});

test('a word that is near to nothing gets no wild guess', async () => {
  const { stderr } = await runCommand(['xylophone'], { cwd });
  expect(stderr).not.toContain('Did you mean');
  expect(stderr).toContain('taskbell --help');
});
