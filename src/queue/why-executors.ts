/** What stands between a job and an executor: none here, none fit, all quiet, all busy. Pure: facts in, reasons out. */
import type { WhyReason } from '../protocol/why.ts';
import type { WorkerState } from '../protocol/workers.ts';
import { MAX_CRASHES } from './transitions.ts';
import { brief, count, list } from './why-words.ts';

/** An executor as seen from one job. */
export interface ExecutorFact {
  /** Null where it is not of this machine. */
  readonly pid: number | null;
  readonly state: WorkerState;
  /** It has loaded a handler of the job's type, and runs it. */
  readonly offers: boolean;
  /** Why it has not, where it tried. */
  readonly problem: string | null;
  /** It takes jobs of the job's queue. */
  readonly serves: boolean;
  readonly queues: readonly string[];
  readonly slots: number;
  /** Types of the attempts in its hands. */
  readonly running: readonly string[];
  /** The job that it runs alone, because it has crashed before. */
  readonly suspect: string | null;
}

export interface ExecutorFacts {
  readonly job: { readonly type: string; readonly queue: string; readonly crashes: number };
  readonly executors: readonly ExecutorFact[];
}

/** Nobody could run it, whatever else holds it. */
export function reasonsOfAbsence({ job, executors }: ExecutorFacts): readonly WhyReason[] {
  if (executors.length === 0) {
    const text =
      'no executor is here: start the service with `taskbell up`, or `taskbell worker run`';
    return [{ code: 'no-executor', text, facts: {} }];
  }
  const offering = executors.filter(({ offers }) => offers);
  if (offering.length === 0) return reasonsOfHandler(job.type, executors);
  const serving = offering.filter(({ serves }) => serves);
  if (serving.length === 0) {
    const queues = [...new Set(offering.flatMap((one) => one.queues))].sort();
    const text = `no executor that runs ${job.type} serves the queue ${job.queue}: they serve ${list(queues)}`;
    return [{ code: 'queue-not-served', text, facts: { queues } }];
  }
  const away = serving.filter(({ state }) => state !== 'ready');
  if (away.length < serving.length) return [];
  const words = away.map(({ pid, state }) => `${pid ?? 'one elsewhere'} is ${state}`);
  const text = `no executor that runs ${job.type} takes more: ${list(words.slice(0, 5), words.length - 5)}`;
  const facts = { executors: away.map(({ pid, state }) => ({ pid, state })) };
  return [{ code: 'executors-quiet', text, facts }];
}

function reasonsOfHandler(type: string, executors: readonly ExecutorFact[]): readonly WhyReason[] {
  const problems = [...new Set(executors.flatMap(({ problem }) => problem ?? []))];
  const [problem] = problems;
  if (problem === undefined) {
    const none =
      executors.length === 1
        ? 'the one executor does not run'
        : `none of ${executors.length} executors runs`;
    const text = `${none} the type ${type}`;
    return [{ code: 'no-handler', text, facts: { executors: executors.length } }];
  }
  const text = `the handler of ${type} could not be loaded: ${brief(problem)}`;
  return [{ code: 'handler-problem', text, facts: { problems } }];
}

/** Some could run it, and have no hand free. */
export function reasonsOfBusyness({ job, executors }: ExecutorFacts): readonly WhyReason[] {
  const fit = executors.filter((one) => one.offers && one.serves && one.state === 'ready');
  if (fit.length === 0) return [];
  if (job.crashes >= MAX_CRASHES - 1) return reasonsOfSolitude(job.crashes, fit);
  const open = fit.filter(({ slots, running }) => running.length < slots);
  const suspects = open.flatMap(({ pid, suspect }) => (suspect === null ? [] : { pid, suspect }));
  if (open.length > suspects.length) return [];
  return [
    ...(open.length === fit.length ? [] : [slotsBusy(fit.filter((one) => !open.includes(one)))]),
    ...suspects.map(({ pid, suspect }): WhyReason => {
      const text = `executor ${pid ?? 'elsewhere'} runs job ${suspect} alone, which has crashed before`;
      return { code: 'beside-suspect', text, facts: { pid, job: suspect } };
    }),
  ];
}

function reasonsOfSolitude(crashes: number, fit: readonly ExecutorFact[]): readonly WhyReason[] {
  if (fit.some(({ running }) => running.length === 0)) return [];
  const text = `it has crashed ${crashes} times and runs alone from now on: it waits for an idle executor`;
  return [{ code: 'runs-alone', text, facts: { crashes } }];
}

function slotsBusy(full: readonly ExecutorFact[]): WhyReason {
  const slots = full.reduce((sum, one) => sum + one.slots, 0);
  const types: Record<string, number> = {};
  for (const type of full.flatMap(({ running }) => running)) types[type] = (types[type] ?? 0) + 1;
  const most = Object.entries(types).sort(([, a], [, b]) => b - a);
  const words = most.slice(0, 4).map(([type, n]) => `${n} × ${type}`);
  const slotWords = slots === 1 ? 'the one slot is' : `all ${slots} slots are`;
  const text = `${slotWords} busy in ${count(full.length, 'executor')}: ${list(words, most.length - 4)}`;
  return { code: 'slots-busy', text, facts: { slots, executors: full.length, types } };
}
