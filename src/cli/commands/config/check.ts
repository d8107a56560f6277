/** `config check`: the configuration and the files that it names, before anything is started. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { checkConfiguration } from '../../config-check.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print the result as JSON')
    .action(async (options: { readonly json?: true }) => {
      const loaded = await ctx.load();
      const { settings } = loaded;
      const { namedCredentials, withoutCredentials } = await import(
        '../../../config/credentials.ts'
      );
      const later = namedCredentials(loaded.sections);
      const checked = later.length === 0 ? settings : withoutCredentials(settings);
      await checkConfiguration({ ...loaded, settings: checked });
      for (const { key, name } of later) {
        ctx.note(`${key}: the credential ${name} is there, and looked at, in the service only`);
      }
      const { file, profile } = settings;
      if (options.json) ctx.printJson({ valid: true, file, profile });
      else
        ctx.print(
          file === null ? 'no configuration file: the defaults are valid' : `${file} is valid`,
        );
    });
}
