/** Which limits hold a queued job back, and which attempts they wait for. Reads only. */
import type { Lane } from '../queue/job.ts';
import type { JobStore } from '../queue/job-store.ts';
import { keysOf, type LimitBlock, type LimitRules } from '../queue/limits.ts';

/** Attempts named for one limit: enough to see who holds it. */
const MAX_NAMED = 10;

export interface LimitHolder extends LimitBlock {
  /** Ids of running jobs under the key, a few of them; none for a rate. */
  readonly jobs: readonly string[];
}

export interface LimitReportParts {
  readonly store: Pick<JobStore, 'blocksOf' | 'running'>;
  readonly limits: LimitRules;
  readonly now: () => number;
}

/** @returns empty when no limit holds the lane */
export async function limitsHolding(
  lane: Lane,
  { store, limits, now }: LimitReportParts,
): Promise<readonly LimitHolder[]> {
  const blocks = await store.blocksOf(lane, limits, now());
  if (!blocks.some(({ kind }) => kind === 'concurrency')) {
    return blocks.map((block) => ({ ...block, jobs: [] }));
  }
  const running = await store.running();
  return blocks.map((block) => ({ ...block, jobs: block.kind === 'rate' ? [] : under(block.key) }));

  function under(key: string): readonly string[] {
    return running
      .filter(({ queue, type, jobGroup: group }) => keysOf({ queue, type, group }).includes(key))
      .slice(0, MAX_NAMED)
      .map(({ id }) => id);
  }
}
