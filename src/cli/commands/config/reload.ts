/** `config reload`: the service reads its configuration anew, all of it or nothing. */
import type { Command } from 'commander';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { ReloadAnswer, SettingChange } from '../../../protocol/reload.ts';
import type { CliContext } from '../../cli-context.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print what has changed as JSON')
    .action(async (options: { readonly json?: true }) => {
      refuseSet(command.optsWithGlobals<{ readonly set?: readonly string[] }>().set);
      const answer = await ctx.withDaemon((daemon) => daemon.reloadConfig());
      if (options.json) ctx.printJson(answer);
      else for (const line of describeReload(answer)) ctx.print(line);
      for (const pid of answer.others) {
        ctx.note(`Supervisor ${pid} has a configuration of its own: kill -HUP ${pid}`);
      }
    });
}

/** The service reads its own file, with the flags that it was started with. */
function refuseSet(set: readonly string[] = []): void {
  if (set.length === 0) return;
  throw new TaskbellError('E_USAGE', 'config reload takes no --set: it would say nothing.', {
    hint: 'Change the configuration file of the service, then reload it.',
  });
}

/** Exported for tests. Pure. */
export function describeReload(answer: ReloadAnswer): readonly string[] {
  const { applied, needRestart, replaced } = answer;
  if (applied.length === 0 && needRestart.length === 0) return ['nothing has changed'];
  const fresh = [
    ...(replaced.executors === 0 ? [] : [`executors replaced: ${replaced.executors}`]),
    ...(replaced.gateways === 0 ? [] : [`gateways replaced: ${replaced.gateways}`]),
  ];
  return [
    ...applied.map((change) => `now       ${describeChange(change)}`),
    ...needRestart.map((change) => `restart   ${describeChange(change)}`),
    ...fresh,
    ...(needRestart.length === 0 ? [] : ['What is marked restart holds from the next start on.']),
  ];
}

function describeChange({ section, key, from, to }: SettingChange): string {
  if (key === null) return `[${section}]${from === '' ? '' : ' (removed)'}`;
  // The text is the same where a file has other content now, and where secrets are hidden.
  if (from === to) return `[${section}] ${key}: other content`;
  return `[${section}] ${key}: ${from === '' ? '(empty)' : from} → ${to === '' ? '(empty)' : to}`;
}
