/** `service print pm2`: an ecosystem file that starts the service with this configuration. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import type { Pm2Service } from '../../../supervisor/pm2-ecosystem.ts';
import type { CliContext } from '../../cli-context.ts';

interface Pm2Options {
  readonly service: Pm2Service;
}

const EXECUTABLE = new URL('../../../../bin/taskbell.js', import.meta.url);

export function define(command: Command, ctx: CliContext): void {
  command
    .description(
      'print an ecosystem file for pm2: taskbell service print pm2 > taskbell.config.cjs',
    )
    .addOption(
      new Option('--service <name>', 'what to run')
        .choices(['up', 'worker', 'web_socket'])
        .default('up'),
    )
    .action(async ({ service }: Pm2Options) => {
      const { renderPm2Ecosystem } = await import('../../../supervisor/pm2-ecosystem.ts');
      const { file, daemon } = await ctx.settings();
      const { cwd, environment } = ctx.world;
      const text = renderPm2Ecosystem({
        service,
        node: process.execPath,
        executable: fileURLToPath(EXECUTABLE),
        cwd,
        configFile: file === null ? null : resolve(cwd, file),
        profile: environment.TASKBELL_PROFILE ?? null,
        shutdownTimeoutMs: daemon.shutdownTimeout,
      });
      ctx.print(text.trimEnd());
    });
}
