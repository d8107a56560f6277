/** Asks before something is done that cannot be taken back. */
import { createInterface } from 'node:readline';
import { TaskbellError } from '../protocol/errors.ts';
import type { CliContext } from './cli-context.ts';

/**
 * @param question ends with a question mark
 * @returns whether the answer was yes
 * @throws TaskbellError E_USAGE where nobody can be asked
 */
export async function confirm(ctx: CliContext, question: string): Promise<boolean> {
  const { stdin, stderr, stdinIsTerminal, stderrIsTerminal } = ctx.world;
  const isTerminal = stdinIsTerminal && stderrIsTerminal;
  if (!isTerminal || !ctx.modes.mayAsk) {
    const why = ctx.modes.mayAsk ? 'this is no terminal' : '--no-input was given';
    throw new TaskbellError('E_USAGE', `Nobody can be asked "${question}": ${why}.`, {
      hint: 'Look with --dry-run at what would be done, and add --yes to do it.',
    });
  }
  stderr.write(`${question} [y/N] `);
  const lines = createInterface({ input: stdin });
  try {
    // The end of the input is no yes.
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}
