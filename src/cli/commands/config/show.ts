/** `config show`: every key with its value, and where the value comes from. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

interface ShowOptions {
  readonly origin?: true;
  readonly json?: true;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--origin', 'say where each value comes from')
    .option('--json', 'print file, profile and all keys, with origins, as JSON')
    .action(async (options: ShowOptions) => {
      const loaded = await ctx.load();
      const { describeSettings, formatDescriptions } = await import(
        '../../../config/describe-settings.ts'
      );
      const descriptions = describeSettings(loaded);
      if (!options.json) {
        ctx.print(formatDescriptions(descriptions, { origin: options.origin === true }));
        return;
      }
      const { file, profile } = loaded.settings;
      const settings = descriptions.map(({ section, key, value, origin }) => {
        return { section, key, value, origin };
      });
      ctx.printJson({ file, profile, settings });
    });
}
