/** `user add ID`: a user of the directory, or a new name for one. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

interface AddOptions {
  readonly name?: string;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', "the user's id, as in their token")
    .option('--name <name>', 'name for people')
    .option('--json', 'print the user as JSON')
    .action(async (id: string, options: AddOptions) => {
      const user = await ctx.withDaemon((daemon) => daemon.access.addUser(id, options.name));
      if (options.json) ctx.printJson(user);
      else ctx.print(`user ${user.id} is in the directory`);
    });
}
