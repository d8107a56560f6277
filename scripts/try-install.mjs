/**
 * Before a release: packs the package, has npm install it globally into an empty prefix, and runs a service
 * from there. Needs a registry, and some minutes where better-sqlite3 has to be compiled.
 *
 *   node scripts/try-install.mjs
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const root = path.resolve(import.meta.dirname, '..');
const scratch = mkdtempSync(path.join(tmpdir(), 'taskbell-install-'));
const prefix = path.join(scratch, 'prefix');
const site = path.join(scratch, 'site');
const taskbell = path.join(prefix, 'bin', 'taskbell');

function run(cwd, program, ...args) {
  const { status, stdout, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stdout}`);
  return stdout;
}

try {
  mkdirSync(site);
  const packed = run(root, 'npm', 'pack', '--json', '--pack-destination', scratch);
  const [{ filename, files, size }] = JSON.parse(packed.slice(packed.indexOf('[\n')));
  console.log(`packed      ${filename}: ${files.length} files, ${size} bytes`);
  run(
    scratch,
    'npm',
    ...['install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund'],
    path.join(scratch, filename),
  );
  console.log(`installed   ${run(site, taskbell, '--version').trim()}`);
  run(site, taskbell, 'init');
  const up = spawn(taskbell, ['up', '--set', 'webSocketEvents.port=0'], {
    cwd: site,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(up, 'exit');
  for await (const line of createInterface({ input: up.stderr })) {
    if (line.includes('"moment":"started"')) break;
  }
  up.stderr.resume();
  console.log(run(site, taskbell, 'job', 'add', 'hello', '{"name":"Ada"}', '--wait').trim());
  up.kill('SIGTERM');
  const [exitCode] = await exited;
  console.log(`stopped     exit code ${exitCode}`);
  process.exitCode = exitCode;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
