/** The package as it would be published: what is in it, and a service from an installation of it. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findMarked, signal } from '../../src/process/process-identity.ts';
import { until } from '../e2e/daemon.ts';

const root = path.resolve(import.meta.dirname, '../..');
const PATIENT_MS = 240_000;

/** Everything that may be in the package; LICENSE, README.md and package.json npm adds by itself. */
const ALLOWED = [
  /^(LICENSE|README\.md|CHANGELOG\.md|package\.json|config\.ini\.example)$/,
  /^bin\/(taskbell|start|node-version)\.js$/,
  /^bin\/package\.json$/,
  /^dist\/([a-z0-9_-]+\/)*[a-z0-9-]+\.(js|d\.ts)$/,
  /^docs\/[A-Za-z-]+\.md$/,
  /^man\/[a-z0-9_.-]+\.\d$/,
  /^examples\/([a-z-]+\/)*[A-Za-z0-9_.-]+\.(mjs|md|csv|json|ini|yaml|py|service)$/,
  /^examples\/docker\/Dockerfile(\.dockerignore)?$/,
  /^examples\/(nginx\/taskbell\.conf|caddy\/Caddyfile)$/,
];

/** Without these an installation does not work, or nobody understands it. */
const NEEDED = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'config.ini.example',
  'bin/taskbell.js',
  'dist/main.js',
  'dist/client/client.js',
  'dist/client/client.d.ts',
  'dist/client/define-job.d.ts',
  'dist/events-client/events.js',
  'dist/events-client/events.d.ts',
  'dist/executor/isolated-child.js',
  'docs/operations.md',
  'docs/deployment.md',
  'examples/nginx/taskbell.conf',
  'examples/caddy/Caddyfile',
];

let scratch: string;
let tarball: string;
let files: readonly string[];

function run(cwd: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** A copy of the sources: this build begins with removing dist, which others run from. */
function copySources(): string {
  const copy = path.join(scratch, 'copy');
  mkdirSync(copy);
  const left = new Set(['node_modules', 'dist', '.git', 'test', 'bench', 'taskbell-data']);
  for (const name of readdirSync(root).filter((one) => !left.has(one))) {
    cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

/**
 * Where `npm install -g` would put it, with what it depends on and nothing that only developers have. The
 * dependencies are those of this checkout: scripts/try-install.mjs has npm fetch and build them.
 */
function install(): string {
  const modules = path.join(scratch, 'prefix', 'lib', 'node_modules');
  const installed = path.join(modules, 'taskbell');
  mkdirSync(installed, { recursive: true });
  run(installed, 'tar', 'xzf', tarball, '--strip-components=1');
  const [, ...dependencies] = run(
    root,
    'npm',
    'ls',
    '--omit=dev',
    '--omit=optional',
    '--all',
    '--parseable',
  )
    .trimEnd()
    .split('\n');
  for (const directory of dependencies) {
    const place = path.join(installed, path.relative(root, directory));
    cpSync(directory, place, { recursive: true, filter: (file) => !file.endsWith('.o') });
  }
  const executable = path.join(scratch, 'prefix', 'bin', 'taskbell');
  mkdirSync(path.dirname(executable));
  symlinkSync(path.join(installed, 'bin', 'taskbell.js'), executable);
  return executable;
}

beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'taskbell-package-'));
  const packed = run(copySources(), 'npm', 'pack', '--json', '--pack-destination', scratch);
  // What the build prints stands before it.
  const [made] = JSON.parse(packed.slice(packed.indexOf('[\n')));
  tarball = path.join(scratch, made.filename);
  files = made.files.map((one: { readonly path: string }) => one.path);
}, PATIENT_MS);

afterAll(async () => {
  for (const pid of findMarked('E2E_SITE', scratch)) signal(pid, 'SIGKILL');
  await until(() => findMarked('E2E_SITE', scratch).length === 0, 'its processes are gone');
  rmSync(scratch, { recursive: true, force: true });
});

test('the package holds what it should and nothing else', () => {
  expect(files.filter((file) => !ALLOWED.some((one) => one.test(file)))).toEqual([]);
  expect(NEEDED.filter((file) => !files.includes(file))).toEqual([]);
  const expected = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join('dist', file.replace(/\.ts$/, '.js')));
  expect(expected.filter((file) => !files.includes(file))).toEqual([]);
});

test(
  'an installation of it initializes, starts, runs a job and stops',
  async () => {
    const executable = install();
    const site = path.join(scratch, 'site');
    mkdirSync(site);
    const env = { ...process.env, E2E_SITE: scratch };
    run(site, executable, 'init');
    const up = spawn(executable, ['up', '--set', 'webSocketEvents.port=0'], {
      cwd: site,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    up.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    const ended = new Promise((resolve) => up.once('close', (exitCode) => resolve(exitCode)));
    await until(() => log.includes('"moment":"started"'), `it starts: ${log}`, PATIENT_MS);
    const added = run(site, executable, 'job', 'add', 'hello', '{"name":"Ada"}', '--wait');
    expect(added).toContain('succeeded');
    up.kill('SIGTERM');
    expect(await ended).toBe(0);
  },
  PATIENT_MS,
);
