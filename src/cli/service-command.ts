/** What `up`, `worker run`, `web_socket server` and `web_socket edge` share: settings checked, then a supervisor. */
import type { Loaded } from '../config/load-settings.ts';
import { loadCode } from '../process/code-loading.ts';
import type { Logger } from '../process/logger.ts';
import type { SupervisorMode } from '../protocol/supervision.ts';
import type { ConfigSource } from '../supervisor/reloader.ts';
import type { CliContext } from './cli-context.ts';

export async function runService(ctx: CliContext, mode: SupervisorMode): Promise<void> {
  return runLoaded(ctx, mode, { loaded: await ctx.load(), again: () => ctx.load() });
}

export interface Loading {
  readonly loaded: Loaded;
  /** The same, read anew. */
  readonly again: () => Promise<Loaded>;
}

export async function runLoaded(
  ctx: CliContext,
  mode: SupervisorMode,
  loading: Loading,
): Promise<void> {
  const { settings } = loading.loaded;
  const { checkFiles } = await loadCode(() => import('../config/check-files.ts'));
  checkFiles(settings);
  const { checkGiven, readServiceManager } = await loadCode(
    () => import('../supervisor/systemd-environment.ts'),
  );
  const manager = readServiceManager(ctx.world.environment, process.pid);
  checkGiven(manager.given, mode);
  const { openServiceLog } = await loadCode(() => import('../process/service-log.ts'));
  const { runSupervisor } = await loadCode(() => import('../supervisor/supervisor.ts'));
  const { TroubleInlet } = await loadCode(() => import('../supervisor/trouble-book.ts'));
  const { createTroubleWatch } = await loadCode(() => import('../process/trouble-line.ts'));
  const ownTroubles = new TroubleInlet();
  const onLine = createTroubleWatch({
    ...{ role: 'supervisor', pid: process.pid, tell: ownTroubles.tell },
    nowMono: () => performance.now(),
  });
  const serviceLog = openServiceLog(settings.daemon, { role: 'supervisor' }, onLine);
  const { log } = serviceLog;
  await warnOfInit(log);
  const source = await sourceOf(loading);
  const run = { settings, mode, log, serviceLog, source, ownTroubles, manager };
  ctx.exitWith(await runSupervisor(run));
  await serviceLog.close();
}

async function sourceOf({ loaded, again }: Loading): Promise<ConfigSource> {
  const { digestFiles } = await loadCode(() => import('../config/file-digests.ts'));
  const reading = (one: Loaded) => ({ loaded: one, files: digestFiles(one.sections) });
  return {
    reading: reading(loaded),
    read: async () => {
      const one = await again();
      const { checkConfiguration } = await import('./config-check.ts');
      await checkConfiguration(one);
      return reading(one);
    },
  };
}

async function warnOfInit(log: Logger): Promise<void> {
  const { findInitProblem, readInitFacts } = await loadCode(
    () => import('../process/init-process.ts'),
  );
  const problem = findInitProblem(readInitFacts());
  if (problem !== null) log.warn({ hint: problem.hint }, problem.message);
}
