/** Asks before something is done that cannot be taken back. */
import { createInterface } from 'node:readline';
import { TaskbellError } from '../protocol/errors.ts';
import type { CliContext } from './cli-context.ts';

/** Whether somebody is there to answer, and wants to be asked. */
export function mayBeAsked({ world, modes }: CliContext): boolean {
  return world.stdinIsTerminal && world.stderrIsTerminal && modes.mayAsk;
}

/**
 * @param question ends with a question mark
 * @param hint names the flag that answers it
 * @returns whether the answer was yes
 * @throws TaskbellError E_USAGE where nobody can be asked
 */
export async function confirm(
  ctx: CliContext,
  question: string,
  hint = 'Add --yes to do it without being asked.',
): Promise<boolean> {
  const { stdin, stderr } = ctx.world;
  if (!mayBeAsked(ctx)) {
    const why = ctx.modes.mayAsk ? 'this is no terminal' : '--no-input was given';
    throw new TaskbellError('E_USAGE', `Nobody can be asked "${question}": ${why}.`, {
      hint,
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
