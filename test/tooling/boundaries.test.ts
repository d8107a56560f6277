/**
 * Holds the room boundaries: plants imports of every room in every folder of src/ (in a temporary
 * copy that has nothing but biome.json) and compares what the linter refuses with the table here.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const source = path.join(root, 'src');

const LEAVES = ['config', 'process', 'protocol'];
const ADAPTERS = ['queue/sqlite', 'schedule/sqlite', 'log/sqlite'];

/** What each room may import besides itself. A room that is not listed may import nothing. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  queue: ['protocol'],
  'queue/sqlite': ['queue', 'log', 'log/sqlite', 'sqlite', 'protocol'],
  schedule: ['queue', 'protocol'],
  'schedule/sqlite': ['schedule', 'queue', 'sqlite', 'protocol'],
  log: ['protocol'],
  'log/sqlite': ['queue', 'queue/sqlite', 'log', 'sqlite', 'protocol'],
  sqlite: ['protocol'],
  protocol: [],
  wire: [],
  'events-client': ['protocol'],
  schema: ['protocol'],
  privacy: ['protocol'],
  config: ['protocol'],
  process: ['config', 'protocol'],
  client: ['protocol'],
  report: LEAVES,
  auth: ['config', 'protocol'],
  access: ['protocol', 'sqlite'],
  executor: LEAVES,
  gateway: [...LEAVES, 'auth', 'client', 'wire'],
  'gateway/protocols': [...LEAVES, 'auth', 'client', 'wire'],
  api: [...LEAVES, 'queue', 'schedule', 'log', 'access', 'privacy'],
  core: [
    ...LEAVES,
    'queue',
    'schedule',
    'log',
    'sqlite',
    'access',
    'api',
    'report',
    'auth',
    'client',
    'wire',
    'privacy',
    'schema',
  ],
  supervisor: LEAVES,
  cli: [...LEAVES, 'client', 'auth', 'supervisor', 'privacy'],
  'cli/commands': [...LEAVES, 'client', 'auth', 'supervisor', 'privacy'],
  'cli/commands/job': [...LEAVES, 'client', 'auth', 'supervisor', 'privacy'],
};

/** Single files that may do what their room may not, or that their room may import. */
const FILES: readonly (readonly [from: string, to: string, allowed: boolean])[] = [
  ['core/compose.ts', 'queue/sqlite/planted.ts', true],
  ['core/compose.ts', 'schedule/sqlite/planted.ts', true],
  ['core/compose.ts', 'log/sqlite/planted.ts', true],
  ['config/planted.ts', 'schedule/check-timing.ts', true],
  ['core/compose.ts', 'gateway/planted.ts', false],
  ['client/planted.ts', 'process/service.ts', true],
  ['client/planted.ts', 'process/tracing.ts', true],
  ['executor/planted.ts', 'client/define-job.ts', true],
  ['gateway/planted.ts', 'access/decide-access.ts', true],
  ['gateway/planted.ts', 'access/directory.ts', false],
  ['cli/planted.ts', 'main.ts', false],
];

const folders = listFolders();
const pairs = folders.flatMap((from) => folders.map((to) => [from, to] as const));
const planted = new Map<string, string[]>();
let copy: string;
let refused: ReadonlySet<string>;

beforeAll(() => {
  copy = mkdtempSync(path.join(os.tmpdir(), 'taskbell-boundaries-'));
  cpSync(path.join(root, 'biome.json'), path.join(copy, 'biome.json'));
  writeFileSync(path.join(copy, '.gitignore'), 'node_modules/\n');
  for (const [from, to] of pairs) {
    if (from !== to) plant(`${from}/planted.ts`, relative(from, `${to}/planted.ts`));
  }
  for (const [from, to] of FILES) plant(from, relative(path.dirname(from), to));
  for (const from of folders) {
    plant(`${from}/planted.ts`, 'better-sqlite3');
    plant(`${from}/planted.ts`, 'node:fs');
  }
  writePlanted();
  refused = readRefused(lint('lint/style/noRestrictedImports'));
});

afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

describe('room boundaries', () => {
  it.each(folders)('src/%s imports the rooms that the table allows, and no other', (from) => {
    const others = folders.filter((to) => to !== from);
    const accepted = others.filter(
      (to) => !isRefused(`${from}/planted.ts`, relative(from, `${to}/planted.ts`)),
    );
    expect(accepted).toEqual(others.filter((to) => isAllowed(from, to)));
  });

  it.each(folders)('src/%s imports better-sqlite3 only if it holds the database', (from) => {
    const holdsDatabase = from === 'sqlite' || ADAPTERS.includes(from);
    expect(isRefused(`${from}/planted.ts`, 'better-sqlite3')).toBe(!holdsDatabase);
  });

  it.each(FILES)('src/%s importing src/%s is accepted: %s', (from, to, allowed) => {
    expect(isRefused(from, relative(path.dirname(from), to))).toBe(!allowed);
  });

  it.each(['queue', 'schedule', 'log'])(
    'src/%s is pure and imports nothing of the system',
    (room) => {
      expect(isRefused(`${room}/planted.ts`, 'node:fs')).toBe(true);
    },
  );

  it('refuses two files that import each other', () => {
    writeFileSync(
      path.join(copy, 'src/core/one.ts'),
      "import './two.ts';\nexport const one = 1;\n",
    );
    writeFileSync(
      path.join(copy, 'src/core/two.ts'),
      "import './one.ts';\nexport const two = 2;\n",
    );
    expect(lint('lint/suspicious/noImportCycles')).toMatch(/core\/one\.ts,line=1/);
  });
});

function isAllowed(from: string, to: string): boolean {
  const rooms = ALLOWED[from] ?? ALLOWED[roomOf(from)] ?? [];
  if (rooms.includes(to)) return true;
  if (ADAPTERS.includes(to)) return false;
  return rooms.includes(roomOf(to)) || roomOf(from) === roomOf(to);
}

function roomOf(folder: string): string {
  return folder.split('/')[0] ?? folder;
}

/** The folders that exist, and those of the table, which may come before their first file. */
function listFolders(): readonly string[] {
  const entries = readdirSync(source, { recursive: true, withFileTypes: true });
  const found = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(source, entry.parentPath))
    .filter((folder) => folder !== '');
  return [...new Set([...found, ...Object.keys(ALLOWED)])].sort();
}

function relative(fromFolder: string, to: string): string {
  const text = path.relative(fromFolder, to);
  return text.startsWith('.') ? text : `./${text}`;
}

function plant(file: string, specifier: string): void {
  const specifiers = planted.get(file) ?? [];
  planted.set(file, [...specifiers, specifier]);
}

/** One import a line, so that a diagnostic's line number names the import. */
function writePlanted(): void {
  for (const [file, specifiers] of planted) {
    const target = path.join(copy, 'src', file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, specifiers.map((text) => `import '${text}';\n`).join(''));
  }
}

function lint(rule: string): string {
  const biome = path.join(root, 'node_modules', '.bin', 'biome');
  const options = ['lint', `--only=${rule}`, '--reporter=github', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(biome, options, { cwd: copy, encoding: 'utf8' });
  return stdout;
}

function readRefused(report: string): ReadonlySet<string> {
  const found = report.matchAll(/file=\S*?\/src\/(?<file>[^,]+),line=(?<line>\d+)/g);
  return new Set([...found].map(({ groups }) => `${groups?.file}:${groups?.line}`));
}

function isRefused(file: string, specifier: string): boolean {
  const index = planted.get(file)?.indexOf(specifier) ?? -1;
  if (index < 0) throw new Error(`${specifier} was not planted in ${file}`);
  return refused.has(`${file}:${index + 1}`);
}
