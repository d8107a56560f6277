/** A real daemon of a built checkout, as a user starts it: own folder, own configuration, own handlers. */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { monotonicMs } from '../../harness/clock.mjs';
import { onClose } from '../../harness/closing.mjs';
import { endServer, startServer, until } from '../../harness/processes.mjs';
import { withSlowFsync } from '../../harness/slow-fsync.mjs';

const HANDLERS = path.join(import.meta.dirname, '../handlers');

/** Jobs in one executor at once; the other figures of the drain depend on it. */
export const CONCURRENCY = 512;

/** Writes the folder that `startDaemon` starts in. */
export function layOut(directory, { concurrency = CONCURRENCY, extra = '' } = {}) {
  mkdirSync(path.join(directory, 'jobs'), { recursive: true });
  for (const name of readdirSync(HANDLERS)) {
    copyFileSync(path.join(HANDLERS, name), path.join(directory, 'jobs', name));
  }
  writeFileSync(
    path.join(directory, 'config.ini'),
    `[daemon]
dataDirectory = ./data
logLevel = warn
[worker]
concurrency = ${concurrency}
[webSocketEvents]
address = 127.0.0.1
port = 0
${extra}`,
  );
}

/** Resolves when `status` says that everything is ready. */
export async function startDaemon(directory, { tree, slowFsyncMs, env = {} }) {
  const { connect } = await import(path.join(tree, 'dist/client/client.js'));
  const entry = path.join(tree, 'bin/taskbell.js');
  const command = withSlowFsync(
    process.execPath,
    [entry, 'up', '--config', 'config.ini'],
    slowFsyncMs,
  );
  const startedAt = monotonicMs();
  const server = startServer(...command, { cwd: directory, env: { ...process.env, ...env } });
  const client = connect({ socket: path.join(directory, 'data', 'control.sock') });
  const daemon = { server, client, pids: { supervisor: server.pid }, readyMs: 0, stop: undefined };
  daemon.stop = async () => {
    await client.close();
    // Under strace the supervisor is not the process that was started.
    await endServer(server, { pid: daemon.pids.supervisor, patienceMs: 40_000 });
  };
  onClose(daemon.stop);
  await until(async () => (await client.status()).ready, {
    what: 'taskbell up',
    everyMs: 5,
    withinMs: 60_000,
    server,
  });
  daemon.readyMs = monotonicMs() - startedAt;
  const { processes } = await client.status();
  daemon.pids = Object.fromEntries(processes.map(({ role, pid }) => [role, pid]));
  return daemon;
}
