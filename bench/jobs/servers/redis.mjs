/** A redis-server of our own in a fresh folder, on a unix socket. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { startServer, until } from '../../harness/processes.mjs';
import { findProgram, versionOf } from '../../harness/programs.mjs';
import { withSlowFsync } from '../../harness/slow-fsync.mjs';

const APPENDING = {
  none: ['--appendonly', 'no'],
  everysec: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
  always: ['--appendonly', 'yes', '--appendfsync', 'always'],
};

export function findRedis() {
  return findProgram('redis-server', { variable: 'REDIS_SERVER' });
}

/** @param appending how the append-only file is synced: none, everysec or always */
export async function startRedis(directory, { appending, slowFsyncMs }) {
  const program = findRedis();
  const socket = path.join(directory, 'redis.sock');
  const args = [
    ...['--port', '0', '--unixsocket', socket, '--dir', directory, '--save', ''],
    ...['--maxmemory-policy', 'noeviction', '--daemonize', 'no'],
    ...APPENDING[appending],
  ];
  const server = startServer(...withSlowFsync(program, args, slowFsyncMs));
  await until(() => existsSync(socket), { what: 'redis-server', withinMs: 20_000, server });
  return { socket, pid: server.pid, version: versionOf(program) };
}
