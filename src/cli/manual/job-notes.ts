/** Notes on the commands about jobs, flows, queues and schedules. */
import type { CommandNotes } from './command-note.ts';

const MANY =
  'Many jobs at once, by ids or by a filter; without ids it shows what it would do and asks. See [operating-jobs.md](operating-jobs.md#many-jobs-at-once).';
const MANY_JSON =
  '`{"matched":…,"changed":…,"failed":…,"failures":[{"id":…,"code":…,"message":…}]}`; with `--dry-run` also `examples`, as in `job list`';
const SCHEDULE_JSON =
  '`name`, `source`, `cron`, `everyMs`, `timezone`, `dstGap`, `dstOverlap`, `jitterMs`, `job`, `payload`, `queue`, `priority`, `userId`, `missed`, `missedLimit`, `overlap`, `enabled`, `paused`, `createdAt`, `nextRun`, `waitingSince`, `lastRun`, `lastJob` `{id, state}` or null';
const QUEUE_JSON =
  '`name`, `mode` (`open`, `paused` or `draining`), `paused`, `jobs` `{waiting, scheduled, queued, running, retrying}`, and in lists `oldest` `{id, since, latency, isExact}` or null and `throughput` `{lastMinute, lastFiveMinutes}`';

export const JOB_NOTES: CommandNotes = {
  'job add': {
    text: 'Groups and limits are explained in [queues.md](queues.md#limits-and-fair-turns), unique keys and their policies (`keep-first`, `reject`, `replace`, `debounce`, `throttle`, `run-again`) in [queues.md](queues.md#unique-jobs), and `--durability os` in [guarantees.md](guarantees.md#durability-of-a-job). While a job holds the unique key, that one is printed instead and `duplicate` is true. Ctrl-C under `--wait` ends the wait with exit code 130, not the job.',
    example: 'taskbell job add import @rows.json --unique daily --retries 5 --timeout 10m --wait',
    json: '`id`, `type`, `queue`, `state`, `durability`, `createdAt`, `runAt`, `duplicate`, with a unique key `unique` (what became of it); with `--wait` as `job show`',
  },
  'job list': {
    json: '`{"jobs":[…],"next":"…"}`; `next` is null on the last page',
  },
  'job show': {
    text: 'With `--reveal` also the fields that [are hidden](privacy.md#hidden-fields).',
    json: '`id`, `type`, `queue`, `state`, `reason`, `priority`, `userId`, `group`, `uniqueKey`, `durability`, `waitsFor`, `createdAt`, `runAt`, `startedAt`, `endedAt`, `duration`, `attempt`, `progress`, and `payload`, `result`, `error` `{name, message, stack}`, `attempts[]` `{attempt, outcome, startedAt, endedAt, duration, executor, error, cpuMs, peakBytes, exitCode}`; where it depends on others `dependencies` `{total, unfinished, succeeded, failed, cancelled}`; `retries`, `timeoutMs`, `backoff` where the job itself says so, else null; `job show` also `uniqueUntil` and `schedule` where there is one',
  },
  'job why': {
    text: 'Every reason, in words; see [operating-jobs.md](operating-jobs.md#why-a-job-does-not-run).',
    json: '`id`, `type`, `queue`, `state`, `reasons[]` `{code, text, facts}`',
  },
  'job wait': {
    text: 'Exit code 0 if all succeeded, 1 if one did not. Goes on through restarts of the service. Ctrl-C ends the wait with exit code 130, not the jobs.',
    json: 'as `job show`; of several `{"jobs":[…]}`',
  },
  'job logs': { json: 'a line each: `n`, `at`, `attempt`, `level`, `line`' },
  'job cancel': { text: MANY, json: `of one as \`job show\`; of many ${MANY_JSON}` },
  'job retry': {
    text: `${MANY} With \`--dependents\` also those that had ended because of it.`,
    json: `of one as \`job show\`; of many ${MANY_JSON}`,
  },
  'job move': { text: MANY, json: MANY_JSON },
  'job purge': { text: MANY, json: MANY_JSON },
  'job import': {
    text: 'What was imported is told every chunk; after a mistake, or Ctrl-C, the message says how to go on. See [operating-jobs.md](operating-jobs.md#import-and-export).',
    json: '`{"lines":…,"jobs":…,"duplicates":…,"repeated":…}`: `duplicates` met a unique key, `repeated` were there from an import of the same lines',
  },
  'job export': { json: '`{"jobs":…,"file":…}`; without `--output` the lines themselves' },
  'flow add': {
    text: 'See [queues.md](queues.md#flows-and-batches).',
    json: '`{"jobs":[…]}`, each as `job add` or, with `--wait`, as `job wait`; of a batch `{"callback":…,"jobs":[ID…]}`, with `--wait` the callback as `job wait`',
  },
  'flow show': {
    json: '`id`, `type`, `state`, `dependencies[]`, `dependents[]`: `{id, ref, type, state, shownAbove, next[], left}`',
  },
  'queue list': { json: `\`{"queues":[…]}\`, each ${QUEUE_JSON}` },
  'queue stats': {
    json: '`since`, `queues[]` as in `queue list`, `types[]` `{type, lastHour, sinceStart}`, each with `succeeded`, `failed`, `cancelled`, `attempts`, `failedAttempts`, `failureRate`; `lastHour` with `p50`, `p95`; `degraded` true where [its attempts take executors down](workers.md#a-type-that-takes-executors-down)',
  },
  'queue pause': { text: 'Jobs without a queue are in `default`.', json: 'as one of `queue list`' },
  'queue resume': { json: 'as one of `queue list`' },
  'queue drain': { json: 'as one of `queue list`' },
  'queue purge': { json: MANY_JSON },
  'schedule add': {
    text: 'The options are explained in [schedules.md](schedules.md).',
    example: "taskbell schedule add nightly --cron '30 2 * * *' --job report",
    json: SCHEDULE_JSON,
  },
  'schedule list': { json: '`{"schedules":[…]}`, each as `schedule add` prints it' },
  'schedule show': { json: 'as `schedule add`' },
  'schedule pause': { json: 'as `schedule add`' },
  'schedule resume': { json: 'as `schedule add`' },
  'schedule remove': { json: '`{"name":…,"removed":true}`' },
  'schedule preview': {
    json: '`{"runs":[{"at":…,"local":…,"slot":…,"shifts":[{"reason":…,"from":…,"detail":…}]}]}`',
  },
  'schedule run': { json: 'the job, as in `job list`' },
};
