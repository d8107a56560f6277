/** `db restore FILE`: a copy in the place of the database of a service that is stopped. */
import path from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { confirm } from '../../confirmation.ts';
import { databasePlaces, runOffline } from '../../database-files.ts';
import { describeRestore } from '../../database-text.ts';

interface Options {
  readonly yes?: true;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<file>', 'a copy that db backup made')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print {"file":…,"aside":…,"facts":{…},"durationMs":…} as JSON')
    .action(async (given: string, options: Options) => {
      const source = path.resolve(ctx.world.cwd, given);
      const { file, lockFile } = await databasePlaces(ctx);
      if (!options.yes && !(await confirm(ctx, `Replace ${file} by ${source}?`))) {
        ctx.note('nothing was changed');
        return;
      }
      const done = await runOffline(ctx, { kind: 'restore', source, file, lockFile });
      if (options.json) ctx.printJson(done);
      else for (const line of describeRestore(done)) ctx.print(line);
      ctx.note('start the service; jobs that ran when the copy was made run again');
    });
}
