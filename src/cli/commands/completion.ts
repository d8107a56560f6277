/** `completion bash|zsh|fish`: the script that has the shell complete commands, options and live names. */
import { Argument, type Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { SHELLS, type Shell, shellScript } from '../completion/shell-scripts.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .addArgument(new Argument('<shell>', 'the shell that the script is for').choices(SHELLS))
    .addHelpText('after', '\nFor this shell alone: source <(taskbell completion bash)')
    .action((shell: Shell) => ctx.print(shellScript(shell).trimEnd()));
}
