/** `token inspect [-]`: what a token says, and whether the gateway would take it. */
import type { Command } from 'commander';
import type { TokenInspection } from '../../../auth/signing.ts';
import type { CliContext } from '../../cli-context.ts';
import { readStdin } from '../../json-input.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('[token]', 'the token; better - for standard input, as when omitted')
    .option('--json', 'print header, claims and verdict as JSON')
    .action(async (argument: string | undefined, options: InspectOptions) => {
      const token = await readToken(ctx, options, argument);
      const { auth, issuers } = await ctx.settings();
      const { inspectToken } = await import('../../../auth/signing.ts');
      const { createTokenVerifier } = await import('../../../auth/token-verifier.ts');
      const verifier = createTokenVerifier(auth, { issuers, now: ctx.world.now });
      const inspection = await inspectToken(token, verifier.configured ? verifier : undefined);
      if (options.json) ctx.printJson(toJson(inspection));
      else for (const line of describe(inspection)) ctx.print(line);
      if (!verifier.configured) ctx.warn('not checked: no issuer with a key is configured');
      // Shown first, then refused: the exit code says whether it would be taken.
      if (inspection.problem !== null) throw inspection.problem;
    });
}

interface InspectOptions {
  readonly json?: true;
}

/** One in the arguments is taken, because it is in the list of processes and in the history by now. */
async function readToken(
  ctx: CliContext,
  { json }: InspectOptions,
  argument = '-',
): Promise<string> {
  if (argument === '-') return (await readStdin(ctx)).trim();
  // With --json a program reads the error from standard error.
  if (json !== true) {
    ctx.note('arguments can be read by every user of the machine: pass a token on standard input');
  }
  return argument;
}

function toJson({ header, claims, issuedAt, expiresAt, verdict }: TokenInspection) {
  const valid = verdict === null ? null : verdict.kind === 'valid';
  const user = verdict?.kind === 'valid' ? verdict.user : null;
  const why = verdict?.kind === 'invalid' ? verdict.why : null;
  const id = verdict?.kind === 'valid' ? verdict.tokenId : null;
  return { valid, user, id, why, issuedAt, expiresAt, header, claims };
}

function describe(inspection: TokenInspection): readonly string[] {
  const { valid, user, id, issuedAt, expiresAt, header, claims } = toJson(inspection);
  return [
    `valid    ${valid === null ? 'not checked' : valid ? 'yes' : 'no'}`,
    ...(user === null ? [] : [`user     ${user}`]),
    ...(id === null ? [] : [`id       ${id}`]),
    `issued   ${issuedAt ?? '-'}`,
    `expires  ${expiresAt ?? '-'}`,
    `header   ${JSON.stringify(header)}`,
    `claims   ${JSON.stringify(claims)}`,
  ];
}
