/** `db check [FILE]`: damage and contradictions of the database, or of a copy. */
import path from 'node:path';
import type { Command } from 'commander';
import type { DatabaseCheck } from '../../../client/client.ts';
import { exitCodeOf } from '../../../protocol/errors.ts';
import type { CliContext } from '../../cli-context.ts';
import { databasePlaces, orOffline, runOffline, shown } from '../../database-files.ts';
import { describeCheck } from '../../database-text.ts';

interface Options {
  readonly full?: true;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('[file]', 'a copy; without one, the database of the service')
    .option(
      '--full',
      'compare indexes with their tables as well, which takes several times as long',
    )
    .option('--json', 'print {"ok":…,"damage":[…],"contradictions":[…],…} as JSON')
    .action(async (file: string | undefined, options: Options) => {
      const full = options.full ?? false;
      const check =
        file === undefined
          ? await checkOwn(ctx, full)
          : await runOffline(ctx, {
              ...{ kind: 'check', full, lockFile: null },
              file: path.resolve(ctx.world.cwd, file),
            });
      if (options.json) ctx.printJson(check);
      else for (const line of describeCheck(check)) ctx.print(line);
      if (!check.ok) ctx.exitWith(exitCodeOf('E_DATABASE_INVALID'));
    });
}

function checkOwn(ctx: CliContext, full: boolean): Promise<DatabaseCheck> {
  return orOffline(
    () =>
      shown(ctx, (onProgress) =>
        ctx.withDaemon((daemon) => daemon.database.check({ full, onProgress, signal: ctx.signal })),
      ),
    async () => runOffline(ctx, { kind: 'check', full, ...(await databasePlaces(ctx)) }),
  );
}
