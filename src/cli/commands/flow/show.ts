/** `flow show ID`: what a job depends on, and what depends on it. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { drawTree, growTree } from '../../flow-tree.ts';
import { paintState } from '../../painter.ts';

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('<id>', 'id of the job')
    .option('--json', 'print the two trees as JSON')
    .action((id: string, options: { readonly json?: true }) => showFlow(ctx, id, options));
}

async function showFlow(
  ctx: CliContext,
  id: string,
  options: { readonly json?: true },
): Promise<void> {
  const { job, above, below } = await ctx.withDaemon(async (daemon) => {
    const relativesOf = (of: string) => daemon.relatives(of);
    return {
      job: await daemon.get(id),
      above: await growTree(relativesOf, id, 'dependencies'),
      below: await growTree(relativesOf, id, 'dependents'),
    };
  });
  if (options.json) {
    const { type, state } = job;
    ctx.printJson({ id, type, state, dependencies: above.next, dependents: below.next });
    return;
  }
  const waits = job.waitsFor === 0 ? '' : `, waits for ${job.waitsFor}`;
  ctx.print(`job ${job.id} (${job.type}) ${paintState(ctx.paint, job.state)}${waits}`);
  if (above.next.length > 0) ctx.print('depends on');
  for (const line of drawTree(above, ctx.paint)) ctx.print(line);
  if (below.next.length > 0) ctx.print('is needed by');
  for (const line of drawTree(below, ctx.paint)) ctx.print(line);
}
