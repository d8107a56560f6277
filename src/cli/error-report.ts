/** What is said about a failed command. Pure. */
import type { CommanderError } from 'commander';
import { TaskbellError } from '../protocol/errors.ts';
import { askWhichCommand, suggestCommands } from './command-suggestion.ts';

export interface Asked {
  /** The command as it is named: `taskbell job add`. */
  readonly command: string;
  /** All arguments. */
  readonly argv: readonly string[];
}

/** A mistake of ours becomes E_INTERNAL; the arguments' mistakes come from commander. */
export function toTaskbellError(error: unknown, asked: Asked): TaskbellError {
  if (error instanceof TaskbellError) return error;
  if (isCommanderError(error)) return usageError(error, asked);
  const message = error instanceof Error ? error.message : String(error);
  return new TaskbellError('E_INTERNAL', `internal error: ${message}`, {
    hint: 'This is a mistake in Taskbell: please report it together with the stack above.',
    cause: error,
  });
}

export function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && 'exitCode' in error && 'code' in error;
}

/** `error: unknown option '--stat'\n(Did you mean --state?)` */
function usageError(error: CommanderError, asked: Asked): TaskbellError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .replace(/^\((.*)\)$/, '$1')
    .trim();
  const ours = error.code === 'commander.unknownCommand' ? suggestCommand(first, asked) : undefined;
  const hint = ours ?? (suggestion === '' ? `See \`${asked.command} --help\`.` : suggestion);
  return new TaskbellError('E_USAGE', first, { hint });
}

function suggestCommand(message: string, { command, argv }: Asked): string | undefined {
  const [, unknown = ''] = /^unknown command '(.*)'$/.exec(message) ?? [];
  const after = argv.slice(argv.indexOf(unknown) + 1).filter((word) => !word.startsWith('-'));
  return askWhichCommand(suggestCommands(command.split(' ').slice(1), unknown, after));
}

export function renderError(error: TaskbellError, asJson: boolean): string {
  const { code, message, hint } = error;
  if (asJson) return JSON.stringify({ error: { code, message, hint: hint ?? null } });
  const lines = [`taskbell: ${message} (${code})`];
  if (hint !== undefined) lines.push(`  ${hint}`);
  lines.push(`  More: taskbell help ${code}`);
  const { cause } = error;
  if (code === 'E_INTERNAL' && cause instanceof Error) lines.unshift(cause.stack ?? cause.message);
  return lines.join('\n');
}
