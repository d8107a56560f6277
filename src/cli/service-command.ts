/** What `up`, `worker run`, `web_socket server` and `web_socket edge` share: settings checked, then a supervisor. */
import type { Settings } from '../config/settings.ts';
import { loadCode } from '../process/code-loading.ts';
import type { SupervisorMode } from '../protocol/supervision.ts';
import type { CliContext } from './cli-context.ts';

export async function runService(ctx: CliContext, mode: SupervisorMode): Promise<void> {
  return runSettings(ctx, mode, await ctx.settings());
}

export async function runSettings(
  ctx: CliContext,
  mode: SupervisorMode,
  settings: Settings,
): Promise<void> {
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
  const run = { settings, mode, log, serviceLog, ownTroubles, manager };
  ctx.exitWith(await runSupervisor(run));
  await serviceLog.close();
}
