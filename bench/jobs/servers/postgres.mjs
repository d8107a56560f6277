/**
 * A PostgreSQL cluster of our own in a fresh folder, on a unix socket. It refuses to run as root:
 * then it runs as the user `postgres` or, where there is none, `nobody`.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { onClose } from '../../harness/closing.mjs';
import { endServer, startServer, until } from '../../harness/processes.mjs';
import { findProgram, postgresFolders, versionOf } from '../../harness/programs.mjs';
import { withSlowFsync } from '../../harness/slow-fsync.mjs';

/** Above the defaults, as a server of its own would have it; every commit waits for its fsync. */
const SETTINGS = {
  listen_addresses: '',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
  synchronous_commit: 'on',
  fsync: 'on',
};

export function findPostgres() {
  const find = (name) => findProgram(name, { folders: postgresFolders() });
  const [postgres, initdb] = [find('postgres'), find('initdb')];
  return postgres === undefined || initdb === undefined ? undefined : { postgres, initdb };
}

export async function startPostgres(directory, { slowFsyncMs } = {}) {
  const { postgres, initdb } = findPostgres();
  const data = path.join(directory, 'pg');
  const owner = unprivileged();
  mkdirSync(data, { mode: 0o700 });
  if (owner.uid !== undefined)
    for (const each of [directory, data]) chownSync(each, owner.uid, owner.gid);
  const made = spawnSync(
    initdb,
    ['-D', data, '-A', 'trust', '-U', 'bench', '-E', 'UTF8', '--no-sync'],
    {
      ...owner,
      encoding: 'utf8',
      cwd: directory,
    },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr ?? made.error?.message}`);
  const settings = { ...SETTINGS, unix_socket_directories: directory };
  const args = [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const server = startServer(...withSlowFsync(postgres, args, slowFsyncMs), {
    ...owner,
    cwd: directory,
  });
  // SIGINT: do not wait for the sessions of clients that were killed.
  onClose(() => endServer(server, { signal: 'SIGINT' }));
  await until(() => existsSync(path.join(directory, '.s.PGSQL.5432')), {
    ...{ what: 'postgres', withinMs: 30_000, server },
  });
  return { host: directory, pid: server.pid, version: versionOf(postgres) };
}

function unprivileged() {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const account =
    accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}
