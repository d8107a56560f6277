/** `connections close ID | --user U`: ends connections of clients. */
import type { Command } from 'commander';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { CliContext } from '../../cli-context.ts';
import { describeSilent } from '../../connection-text.ts';

interface CloseOptions {
  readonly user?: string;
  readonly comeBack?: boolean;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('[id]', 'id of one connection (`connections list` shows it)')
    .option('-u, --user <id>', 'all connections of this user')
    .option('--come-back', 'ask the clients to come back (1012) instead of sending them off (4403)')
    .option('--json', 'print {"closed":…,"silent":[…]} as JSON')
    .action(async (id: string | undefined, { user, comeBack = false, json }: CloseOptions) => {
      if ((id === undefined) === (user === undefined)) throw usage(id !== undefined);
      const done = await ctx.withDaemon(({ connections }) =>
        id === undefined
          ? connections.closeUser(user ?? '', { comeBack })
          : connections.close(id, { comeBack }),
      );
      const missing = describeSilent(done.silent);
      if (missing !== undefined) ctx.warn(missing);
      if (json) ctx.printJson(done);
      else ctx.print(`closed ${done.closed} ${done.closed === 1 ? 'connection' : 'connections'}`);
    });
}

function usage(isTooMuch: boolean): TaskbellError {
  const what = isTooMuch ? 'an id and --user exclude each other' : 'nothing says which';
  return new TaskbellError('E_USAGE', `connections close: ${what}.`, {
    hint: 'Name one connection, or a user: `connections close --user ada`.',
  });
}
