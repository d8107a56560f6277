/**
 * What Taskbell wants to reach, each as a ratio to a peer of the same run, or as a bound of its own.
 * Pure; a goal whose peer was not measured is left out.
 */

const RATIOS = [
  ['drain', 'graphile-worker', 1],
  ['drain', 'bullmq-always', 3],
  ['add64', 'bullmq-always', 1.5],
  ['bulk', 'bullmq-always', 3],
  ['mixed', 'bullmq-always', 2],
];

const BOUNDS = [
  ['event', 'p50', 3, 'ms'],
  ['idle', 'statements/s', 0, ''],
  ['idle', 'bytes written/s', 0, ''],
  ['idle', 'CPU %', 0.5, '%'],
  ['idle', 'resident MiB', 220, 'MiB'],
  ['backlog', 'reading ratio', 1.3, ''],
  ['backlog', 'ready ms, large', 2_000, 'ms'],
];

const LEAST = [
  ['slow-add64', 15_000],
  ['slow-drain', 30_000],
];

/** @returns {{ what: string, goal: string, measured: number, met: boolean }[]} */
export function judge(medians) {
  return [...ratios(medians), ...latencies(medians), ...least(medians), ...bounds(medians)].filter(
    ({ measured }) => Number.isFinite(measured),
  );
}

function ratios(medians) {
  return RATIOS.map(([workload, peer, goal]) => {
    const measured = medians[workload]?.taskbell?.rate / medians[workload]?.[peer]?.rate;
    return {
      what: `${workload}: times ${peer}`,
      goal: `>= ${goal}`,
      measured,
      met: measured >= goal,
    };
  });
}

function latencies(medians) {
  return ['p50', 'p99'].map((name) => {
    const measured = medians.pickup?.taskbell?.[name] / medians.pickup?.['bullmq-always']?.[name];
    return {
      what: `pickup ${name}: times bullmq-always`,
      goal: '<= 1',
      measured,
      met: measured <= 1,
    };
  });
}

function least(medians) {
  return LEAST.map(([workload, goal]) => {
    const measured = medians[workload]?.taskbell?.rate;
    return {
      what: `${workload}: jobs/s`,
      goal: `>= ${goal.toLocaleString('en')}`,
      measured,
      met: measured >= goal,
    };
  });
}

function bounds(medians) {
  return BOUNDS.map(([workload, name, goal, unit]) => {
    const measured = medians[workload]?.taskbell?.[name];
    const limit = `<= ${goal.toLocaleString('en')} ${unit}`.trim();
    return { what: `${workload}: ${name}`, goal: limit, measured, met: measured <= goal };
  });
}
