/**
 * Queues are made by their names: whoever pauses a misspelt one pauses nothing, and hears no error. So a queue that
 * was not known is compared with those that are.
 */
import type { TaskbellClient } from '../client/client.ts';
import { didYouMean } from '../config/did-you-mean.ts';
import type { CliContext } from './cli-context.ts';

/** Does the work with the queue, and says so where its name looks like that of another one. */
export async function withQueueName<T>(
  ctx: CliContext,
  { daemon, name }: { readonly daemon: TaskbellClient; readonly name: string },
  work: () => Promise<T>,
): Promise<T> {
  // A guess is no reason to fail, and what is wrong with the daemon the work itself will tell.
  const queues = await daemon.queues().catch(() => []);
  const known = queues.map((queue) => queue.name);
  const result = await work();
  const guess = known.includes(name) ? '' : didYouMean(name, known);
  if (guess !== '') ctx.warn(`the queue ${name} was not in use until now${guess}`);
  return result;
}
