/** `config check`: the configuration and the files that it names, before anything is started. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print the result as JSON')
    .action(async (options: { readonly json?: true }) => {
      const settings = await ctx.settings();
      const { checkFiles } = await import('../../../config/check-files.ts');
      checkFiles(settings);
      const { createTokenVerifier } = await import('../../../auth/token-verifier.ts');
      // Reads the key, as the gateway will: a file that holds none is a mistake, too.
      createTokenVerifier(settings.auth, { issuers: settings.issuers });
      const { keysFile } = settings.privacy;
      if (keysFile !== null) {
        const { readKeyFile } = await import('../../../privacy/key-file.ts');
        readKeyFile(keysFile);
      }
      const { file, profile } = settings;
      if (options.json) ctx.printJson({ valid: true, file, profile });
      else
        ctx.print(
          file === null ? 'no configuration file: the defaults are valid' : `${file} is valid`,
        );
    });
}
