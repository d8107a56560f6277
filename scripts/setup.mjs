/**
 * Brings a clone into a state in which the other scripts can run: checks Node, installs the packages
 * and builds dist/, each only if it is missing or stale. Needs git, Node and npm, nothing else;
 * changes nothing outside node_modules/ and dist/.
 *
 *     node scripts/setup.mjs
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const MINIMUM_NODE = [20, 19];

/** Ends the process with status 1, after saying why, if the clone cannot be set up. */
export function setUp() {
  checkNode();
  if (needsInstall()) {
    step(
      'npm ci',
      'installing packages (where better-sqlite3 has no prebuilt binary it is compiled: this can take two minutes)',
      () => npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']),
    );
  }
  if (!databaseLoads()) {
    step(
      'npm rebuild better-sqlite3',
      'compiling better-sqlite3 for this Node: this can take two minutes',
      () => npm(['rebuild', 'better-sqlite3', '--loglevel=error']),
    );
  }
  if (needsBuild()) build();
}

/** The path of a file of an installed package. */
export function modulePath(...parts) {
  return path.join(root, 'node_modules', ...parts);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [needMajor, needMinor] = MINIMUM_NODE;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  fail(
    `Taskbell needs Node ${needMajor}.${needMinor} or newer, and this is Node ${process.versions.node}.`,
  );
}

/** True if a package that the lockfile asks for is absent or has another version. Optional ones may be. */
function needsInstall() {
  const wanted = readLock(path.join(root, 'package-lock.json'));
  const installed = readLock(modulePath('.package-lock.json'));
  return Object.entries(wanted).some(
    ([name, { version, optional }]) =>
      name !== '' && !optional && installed[name]?.version !== version,
  );
}

function readLock(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}

/** False after Node was changed for another one, whose native modules are different. */
function databaseLoads() {
  const program = "new (require('better-sqlite3'))(':memory:').close()";
  return spawnSync(process.execPath, ['-e', program], { cwd: root }).status === 0;
}

function needsBuild() {
  if (!existsSync(path.join(root, 'dist', 'main.js'))) return true;
  const built = modifiedAt(buildStamp());
  const sources = readdirSync(path.join(root, 'src'), { recursive: true }).map((name) =>
    path.join(root, 'src', name),
  );
  const settings = ['tsconfig.json', 'tsconfig.build.json'].map((name) => path.join(root, name));
  return [...sources, ...settings].some((file) => modifiedAt(file) > built);
}

/** Touched after a build without errors; the compiler writes dist/ in spite of errors. */
function buildStamp() {
  return modulePath('.taskbell-built');
}

function modifiedAt(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function build() {
  const startedAt = new Date();
  step('the build', 'building dist/', () =>
    spawnSync(
      process.execPath,
      [modulePath('typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'],
      { cwd: root, encoding: 'utf8' },
    ),
  );
  writeFileSync(buildStamp(), '');
  // A source that was saved while the compiler ran is newer than the build.
  utimesSync(buildStamp(), startedAt, startedAt);
}

function step(name, sentence, run) {
  console.log(`set-up: ${sentence} …`);
  const startedAt = performance.now();
  const { status, error, stdout = '', stderr = '' } = run();
  if (status !== 0) fail(`${name} failed.\n${error?.message ?? ''}${stdout}${stderr}`);
  console.log(`set-up: done in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
}

/** The npm that runs this script, if one does: there may be no other on the PATH. */
function npm(args) {
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
  const script = process.env.npm_execpath;
  return script?.endsWith('.js')
    ? spawnSync(process.execPath, [script, ...args], options)
    : spawnSync('npm', args, options);
}

function fail(message) {
  console.error(`set-up: ${message}`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
