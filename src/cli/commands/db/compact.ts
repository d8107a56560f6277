/** `db compact`: gives the free space inside the database file back to the disk, while the service is stopped. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { databasePlaces, runOffline } from '../../database-files.ts';
import { describeCompaction } from '../../database-text.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print {"file":…,"before":…,"after":…,"durationMs":…} as JSON')
    .action(async (options: { readonly json?: true }) => {
      const places = await databasePlaces(ctx);
      const done = await runOffline(ctx, { kind: 'compact', ...places });
      if (options.json) ctx.printJson(done);
      else for (const line of describeCompaction(done)) ctx.print(line);
    });
}
