import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/cli/command-table.ts';
import { ERROR_CODES } from '../../src/protocol/errors.ts';

const read = (name: string) =>
  readFileSync(path.resolve(import.meta.dirname, '../../docs', name), 'utf8');

test('docs/errors.md has a section for every code, with its exit code, status and remedy', () => {
  const text = read('errors.md');
  const sections = new Map(
    text
      .split(/^## /m)
      .slice(1)
      .map((part) => [part.split('\n')[0], part]),
  );
  expect([...sections.keys()].sort()).toEqual(Object.keys(ERROR_CODES).sort());
  for (const [code, { exitCode, status }] of Object.entries(ERROR_CODES)) {
    expect(sections.get(code)).toContain(`Exit code ${exitCode}, HTTP ${status}.`);
    expect(sections.get(code), code).toContain('**Remedy:**');
  }
});

test('docs/cli.md names every command', () => {
  const text = read('cli.md');
  const names = [
    ...COMMANDS.map(({ name }) => name),
    ...GROUPS.flatMap(({ name, verbs }) => verbs.map((verb) => `${name} ${verb.name}`)),
  ];
  expect(names.filter((name) => !text.includes(`\`${name}`))).toEqual([]);
});
