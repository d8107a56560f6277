/** What a piece of work costs: jobs a second, and the CPU time of everyone who took part. */
import { monotonicMs } from '../harness/clock.mjs';
import { cpuMs, ownCpuMs } from '../harness/processes.mjs';

/**
 * @param session its `onMeasured`, where there is one, is called right before and right after
 * @param work resolves to the number of jobs, or to { jobs, startedAt, endedAt } where it knows
 *   better than the caller when it began and ended
 * @returns rate: jobs/s; load: share of one core that this process, which makes the load, was busy;
 *   cpu.NAME: microseconds of CPU a job of each process of the contender
 */
export async function loadOf(session, work) {
  await session.onMeasured?.();
  const before = cpuOf(session);
  const ownBefore = process.cpuUsage();
  const startedAt = monotonicMs();
  const answer = await work();
  const endedAt = monotonicMs();
  const own = process.cpuUsage(ownBefore);
  const after = cpuOf(session);
  await session.onMeasured?.();
  const jobs = answer.jobs ?? answer;
  const elapsedMs = (answer.endedAt ?? endedAt) - (answer.startedAt ?? startedAt);
  return {
    rate: jobs / (elapsedMs / 1_000),
    load: (own.user + own.system) / 1_000 / (endedAt - startedAt),
    ...costs(before, after, jobs),
  };
}

function costs(before, after, jobs) {
  return Object.fromEntries(
    Object.entries(after).map(([name, ms]) => [
      `cpu.${name}`,
      ((ms - before[name]) * 1_000) / jobs,
    ]),
  );
}

/** The supervisor is the parent of the others: theirs is not its. Servers with sessions of their own are sums. */
function cpuOf({ processes }) {
  const measure = 'supervisor' in processes ? ownCpuMs : cpuMs;
  return Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, measure(pid)]));
}
