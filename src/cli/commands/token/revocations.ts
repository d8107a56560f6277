/** `token revocations`: which tokens are refused, and until when that must be remembered. */
import type { Command } from 'commander';
import type { RevocationView } from '../../../protocol/tokens.ts';
import type { CliContext } from '../../cli-context.ts';
import { cell, formatTable } from '../../table.ts';

const HEAD = ['ID', 'TOKEN', 'USER', 'ISSUED BEFORE', 'REVOKED', 'FORGOTTEN'];

export function define(command: Command, ctx: CliContext): void {
  command
    .option('--json', 'print {"revocations":[…]} as JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      const revocations = await ctx.withDaemon(async (daemon) => {
        const all: RevocationView[] = [];
        for await (const revocation of daemon.tokens.revocations()) all.push(revocation);
        return all;
      });
      if (json) {
        ctx.printJson({ revocations });
        return;
      }
      for (const line of formatTable([HEAD, ...revocations.map(toRow)])) ctx.print(line);
    });
}

function toRow({ id, tokenId, user, ...times }: RevocationView): readonly string[] {
  const whose = tokenId === null ? (user ?? '(everybody)') : null;
  const { issuedBefore, createdAt, expiresAt } = times;
  return [id, cell(tokenId), cell(whose), cell(issuedBefore), createdAt, expiresAt];
}
