/** What `up`, `worker run` and `web_socket server` share: settings checked, then a supervisor. */
import { loadCode } from '../process/code-loading.ts';
import type { SupervisorMode } from '../protocol/supervision.ts';
import type { CliContext } from './cli-context.ts';

export async function runService(ctx: CliContext, mode: SupervisorMode): Promise<void> {
  const settings = await ctx.settings();
  const { checkFiles } = await loadCode(() => import('../config/check-files.ts'));
  checkFiles(settings);
  const { createLogger } = await loadCode(() => import('../process/logger.ts'));
  const { runSupervisor } = await loadCode(() => import('../supervisor/supervisor.ts'));
  const log = createLogger(settings.daemon, { role: 'supervisor' });
  ctx.exitWith(await runSupervisor({ settings, mode, log }));
}
