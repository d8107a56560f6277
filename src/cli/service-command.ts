/** What `up`, `worker run` and `web_socket server` share: settings checked, then a supervisor. */
import type { SupervisorMode } from '../protocol/supervision.ts';
import type { CliContext } from './cli-context.ts';

export async function runService(ctx: CliContext, mode: SupervisorMode): Promise<void> {
  const settings = await ctx.settings();
  const { checkFiles } = await import('../config/check-files.ts');
  checkFiles(settings);
  const { createLogger } = await import('../process/logger.ts');
  const { runSupervisor } = await import('../supervisor/supervisor.ts');
  const log = createLogger(settings.daemon, { role: 'supervisor' });
  ctx.exitWith(await runSupervisor({ settings, mode, log }));
}
