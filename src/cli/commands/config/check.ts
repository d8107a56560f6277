/** `config check`: the configuration and the files that it names, before anything is started. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { checkOutside } from '../../config-check.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print the result as JSON')
    .action(async (options: { readonly json?: true }) => {
      const loaded = await ctx.load();
      for (const { key, name } of await checkOutside(loaded)) {
        ctx.note(`${key}: the credential ${name} is there, and looked at, in the service only`);
      }
      const { file, profile } = loaded.settings;
      if (options.json) ctx.printJson({ valid: true, file, profile });
      else
        ctx.print(
          file === null ? 'no configuration file: the defaults are valid' : `${file} is valid`,
        );
    });
}
