/** Finds the programs that peers need, and names their versions. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Where the program is: an environment variable, the PATH, or further folders. */
export function findProgram(name, { variable, folders = [] } = {}) {
  const given = variable === undefined ? undefined : process.env[variable];
  if (given) return given;
  const candidates = [...(process.env.PATH ?? '').split(path.delimiter), ...folders];
  return candidates.map((folder) => path.join(folder, name)).find(isExecutable);
}

/** Debian keeps the programs of each PostgreSQL version in a folder that is not on the PATH. */
export function postgresFolders() {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => path.join(root, version, 'bin'));
}

/** The first thing in the output of `PROGRAM --version` that looks like a version. */
export function versionOf(program) {
  const { stdout = '' } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return /\d+(?:\.\d+)+/.exec(stdout ?? '')?.[0] ?? 'unknown';
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
