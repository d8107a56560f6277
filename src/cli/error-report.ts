/** What is said about a failed command. Pure. */
import type { CommanderError } from 'commander';
import { TaskbellError } from '../protocol/errors.ts';

/**
 * A mistake of ours becomes E_INTERNAL; the arguments' mistakes come from commander.
 *
 * @param command as it is named, for the way to its help
 */
export function toTaskbellError(error: unknown, command: string): TaskbellError {
  if (error instanceof TaskbellError) return error;
  if (isCommanderError(error)) return usageError(error, command);
  const message = error instanceof Error ? error.message : String(error);
  return new TaskbellError('E_INTERNAL', `internal error: ${message}`, {
    hint: 'This is a mistake in Taskbell: please report it together with the stack above.',
    cause: error,
  });
}

export function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && 'exitCode' in error && 'code' in error;
}

/** `error: unknown command 'jbo'\n(Did you mean job?)` */
function usageError(error: CommanderError, command: string): TaskbellError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .replace(/^\((.*)\)$/, '$1')
    .trim();
  const hint = suggestion === '' ? `See \`${command} --help\`.` : suggestion;
  return new TaskbellError('E_USAGE', first, { hint });
}

export function renderError(error: TaskbellError, asJson: boolean): string {
  const { code, message, hint } = error;
  if (asJson) return JSON.stringify({ error: { code, message, hint: hint ?? null } });
  const lines = [`taskbell: ${message} (${code})`];
  if (hint !== undefined) lines.push(`  ${hint}`);
  const { cause } = error;
  if (code === 'E_INTERNAL' && cause instanceof Error) lines.unshift(cause.stack ?? cause.message);
  return lines.join('\n');
}
