/** `web_socket edge`: a service that serves the events of a core on another machine; without a core of its own. */
import type { Command } from 'commander';
import type { FlagOverride } from '../../../config/flags.ts';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { CliContext } from '../../cli-context.ts';
import { runLoaded } from '../../service-command.ts';

interface Options {
  readonly core?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--core <url>', "URL of the core's control API; else [edge] core")
    .option('--token-file <file>', 'file with its token; else [edge] tokenFile')
    .option('--ca-file <file>', 'with https: certificates to trust; else [edge] caFile')
    .action(async ({ core, tokenFile, caFile }: Options) => {
      const given = [
        override('core', '--core', core),
        override('tokenFile', '--token-file', tokenFile),
        override('caFile', '--ca-file', caFile),
      ];
      const again = () => ctx.load(given.flat());
      const loaded = await again();
      const { settings } = loaded;
      if (settings.edge.core === null)
        throw missing('core', 'the URL of the control API of the core');
      if (settings.edge.tokenFile === null) throw missing('tokenFile', 'the file with its token');
      await runLoaded(ctx, 'edge', { loaded, again });
    });
}

function override(key: string, flag: string, value: string | undefined): readonly FlagOverride[] {
  return value === undefined ? [] : [{ flag, section: 'edge', key, value }];
}

function missing(key: 'core' | 'tokenFile', what: string): TaskbellError {
  const flag = key === 'core' ? '--core' : '--token-file';
  return new TaskbellError('E_USAGE', `An edge needs ${what}: ${flag}, or [edge] ${key}.`, {
    hint: 'For example: taskbell web_socket edge --core https://taskbell.example.org:8443 --token-file ./edge-token',
  });
}
