import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandFacts, describeCommands } from '../../src/cli/command-facts.ts';
import { GROUPS } from '../../src/cli/command-table.ts';
import { JOB_NOTES } from '../../src/cli/manual/job-notes.ts';
import { type ManualFile, renderManual } from '../../src/cli/manual/manual.ts';
import { escapeRoff, toRoff } from '../../src/cli/manual/roff-text.ts';
import { SERVICE_NOTES } from '../../src/cli/manual/service-notes.ts';

let commands: readonly CommandFacts[];
let files: readonly ManualFile[];
let directory: string;

beforeAll(async () => {
  commands = await describeCommands();
  files = await renderManual();
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-man-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const contentOf = (name: string) => files.find((file) => file.name === name)?.content ?? '';
const { TEST_MANDOC = 'mandoc' } = process.env;

test('docs/cli.md has every command with its summary, its arguments and its options', () => {
  const page = contentOf('docs/cli.md');
  for (const { words, summary, args, options } of commands) {
    const name = words.join(' ');
    const [, section = ''] = page.split(`\n### \`${name}\`\n`);
    const own = section.split(/\n#{2,3} /)[0] ?? '';
    expect(own.toLowerCase(), name).toContain(summary.replaceAll('|', '\\|').toLowerCase());
    for (const { usage } of args) expect(own, name).toContain(usage);
    for (const { flags } of options) expect(own, name).toContain(`\`${flags}\``);
  }
});

test('there is a manual page for the whole and one for each group, with all of its options', () => {
  const names = ['man/taskbell.1', ...GROUPS.map(({ name }) => `man/taskbell-${name}.1`)];
  expect(files.map(({ name }) => name).filter((name) => name !== 'docs/cli.md')).toEqual(names);
  for (const { words, options } of commands) {
    const group = GROUPS.some(({ name }) => name === words[0]) ? `-${words[0]}` : '';
    const page = contentOf(`man/taskbell${group}.1`);
    for (const { flags } of options) expect(page, words.join(' ')).toContain(escapeRoff(flags));
  }
});

test('every note is about a command that there is', () => {
  const names = commands.map(({ words }) => words.join(' '));
  const notes = Object.keys({ ...JOB_NOTES, ...SERVICE_NOTES });
  expect(notes.filter((name) => !names.includes(name))).toEqual([]);
});

test('roff takes no character for its own, and no line for a request', () => {
  expect(toRoff('.config is `a\\b` -x')).toBe('\\&.config is \\fBa\\eb\\fR \\-x');
  expect(toRoff('[events.md](events.md#x) and [here](a.md)')).toBe(
    'docs/events.md and here (docs/a.md)',
  );
  for (const line of toRoff(`${'word '.repeat(20)}.word`).split('\n')) {
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line).toMatch(/^(\\&)?[^.]/);
  }
});

function check(argv: readonly string[]): readonly string[] {
  return files.flatMap(({ name, content }) => {
    if (!name.startsWith('man/')) return [];
    const file = path.join(directory, path.basename(name));
    writeFileSync(file, content);
    const [program = '', ...more] = argv;
    const { stdout, stderr } = spawnSync(program, [...more, file], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', MANPAGER: 'cat' },
    });
    return `${argv.includes('lint') ? stdout : ''}${stderr}`.split('\n').filter(Boolean);
  });
}

function isThere(program: string): boolean {
  const { error } = spawnSync(program, ['--version']);
  if (error !== undefined) console.warn(`${program} is not installed: it does not check the pages`);
  return error === undefined;
}

describe('the manual pages are clean', () => {
  test.skipIf(!isThere(TEST_MANDOC))('for mandoc', () => {
    expect(check([TEST_MANDOC, '-T', 'lint'])).toEqual([]);
  });

  test.skipIf(!isThere('groff'))('for groff', () => {
    expect(check(['groff', '-man', '-Tutf8', '-ww', '-z'])).toEqual([]);
  });
});
