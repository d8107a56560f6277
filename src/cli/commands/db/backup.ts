/** `db backup [FILE]`: a verified copy of the database, whether the service works or not. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import type { BackupDone } from '../../../client/client.ts';
import { BACKUP_DIRECTORY, backupName } from '../../../protocol/database.ts';
import type { CliContext } from '../../cli-context.ts';
import { databasePlaces, orOffline, runOffline, shown } from '../../database-files.ts';
import { describeBackup } from '../../database-text.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument(
      '[file]',
      'where to put it; a directory: under a name with the time (default: in [backup] directory)',
    )
    .option('--json', 'print {"file":…,"facts":{…},"durationMs":…} as JSON')
    .action(async (given: string | undefined, options: { readonly json?: true }) => {
      const file = given === undefined ? undefined : path.resolve(ctx.world.cwd, given);
      const done = await orOffline(
        () =>
          shown(ctx, (onProgress) =>
            ctx.withDaemon((daemon) =>
              daemon.database.backup({ file, onProgress, signal: ctx.signal }),
            ),
          ),
        () => backupOffline(ctx, file),
      );
      if (options.json) ctx.printJson(done);
      else for (const line of describeBackup(done)) ctx.print(line);
      const { keysFile } = (await ctx.settings()).privacy;
      if (keysFile !== null)
        ctx.note(`the keys are not in it: keep a copy of ${keysFile} elsewhere`);
    });
}

async function backupOffline(ctx: CliContext, file: string | undefined): Promise<BackupDone> {
  const { file: source, lockFile } = await databasePlaces(ctx);
  const settings = await ctx.settings();
  const directory =
    settings.backup.directory ?? path.join(settings.daemon.dataDirectory, BACKUP_DIRECTORY);
  // A data directory that is not there is mistyped, and must not be made.
  if (file === undefined && existsSync(source)) {
    const { makeDirectory } = await import('../../../process/make-directory.ts');
    makeDirectory(directory, 0o700);
  }
  const target = targetOf(file ?? directory, ctx.world.now());
  return runOffline(ctx, { kind: 'backup', source, target, lockFile });
}

function targetOf(file: string, now: number): string {
  const isDirectory = statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isDirectory ? path.join(file, backupName(now)) : file;
}
