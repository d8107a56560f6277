/** Holds jobs of flows and callbacks of batches against those that they wait for. Pure. */
import type { Evidence, FlowJob } from './evidence.ts';
import type { Finding } from './finding.ts';
import type { JournalLine } from './journal.ts';

/** By job id. Positions in the journal and in the log count up. */
interface Traces {
  readonly firstStart: ReadonlyMap<string, number>;
  readonly lastLine: ReadonlyMap<string, number>;
  /** The first row that says neither that it waits nor that it has ended. */
  readonly released: ReadonlyMap<string, number>;
  readonly ended: ReadonlyMap<string, { readonly seq: number; readonly state: string | null }>;
}

export function checkFlows({ flows, journal, log }: Evidence): Finding {
  const traces = { ...tracesOfJournal(journal), ...tracesOfLog(log) };
  const dependent = flows.filter(({ after }) => after.length > 0);
  return {
    name: 'flows',
    facts: `${flows.length} jobs, ${dependent.length} of them after others`,
    violations: dependent.flatMap((job) => [
      ...job.after.flatMap((parent) => findTooEarly(job.id, parent, traces)),
      ...findWrongEnd(job, traces),
    ]),
  };
}

function findTooEarly(id: string, parent: string, traces: Traces): readonly string[] {
  const start = traces.firstStart.get(id) ?? Number.POSITIVE_INFINITY;
  const lived = traces.lastLine.get(parent) ?? -1;
  const released = traces.released.get(id) ?? Number.POSITIVE_INFINITY;
  const ended = traces.ended.get(parent)?.seq ?? Number.POSITIVE_INFINITY;
  return [
    ...(start < lived ? [`job ${id} began while job ${parent} ran, which it waits for`] : []),
    ...(released < ended
      ? [`job ${id} was released (row ${released}) before job ${parent} ended`]
      : []),
  ];
}

/** How those before it ended decides whether it may run; it may be cancelled by itself in any case. */
function findWrongEnd({ id, after, policy }: FlowJob, traces: Traces): readonly string[] {
  const end = traces.ended.get(id)?.state;
  const allWell = after.every((parent) => traces.ended.get(parent)?.state === 'succeeded');
  if (end === undefined || policy === 'continue' || allWell) return [];
  const wanted = policy === 'fail' ? ['failed', 'cancelled'] : ['cancelled'];
  const ran = traces.firstStart.has(id)
    ? [`job ${id} ran although one before it did not succeed`]
    : [];
  return wanted.includes(end ?? '') ? ran : [...ran, `job ${id} is ${end} by the policy ${policy}`];
}

function tracesOfJournal(journal: readonly JournalLine[]): Pick<Traces, 'firstStart' | 'lastLine'> {
  const firstStart = new Map<string, number>();
  const lastLine = new Map<string, number>();
  for (const [at, line] of journal.entries()) {
    if (!('attempt' in line)) continue;
    if (line.kind === 'start' && !firstStart.has(line.id)) firstStart.set(line.id, at);
    lastLine.set(line.id, at);
  }
  return { firstStart, lastLine };
}

function tracesOfLog(log: Evidence['log']): Pick<Traces, 'released' | 'ended'> {
  const released = new Map<string, number>();
  const ended = new Map<string, { readonly seq: number; readonly state: string | null }>();
  for (const { seq, type, id, kind, state } of log) {
    if (type !== 'job') continue;
    if (kind === 'end') ended.set(id, { seq, state });
    else if (state !== 'waiting' && !released.has(id)) released.set(id, seq);
  }
  return { released, ended };
}
