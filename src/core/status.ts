/** What `status` shows, gathered from the parts of the core. */
import type { Settings } from '../config/settings.ts';
import type { EventLog } from '../log/event-log.ts';
import { VERSION } from '../process/version.ts';
import type { StatusView } from '../protocol/status.ts';
import type { ProcessView } from '../protocol/supervision.ts';
import type { JobStore } from '../queue/job-store.ts';
import type { ReportClient } from '../report/report-client.ts';
import type { Peers } from './peers.ts';
import type { RemoteExecutor } from './remote-executor.ts';
import type { CoreSeeing } from './seeing.ts';

export interface StatusParts {
  readonly settings: Settings;
  readonly startedAt: string;
  readonly store: JobStore;
  readonly log: EventLog;
  readonly report: ReportClient;
  readonly seeing: Pick<CoreSeeing, 'summary'>;
  readonly peers: Peers;
  readonly executors: () => readonly RemoteExecutor[];
  readonly subscribers: () => Promise<StatusView['subscribers']>;
  /** As this core's own supervisor sees them; empty until it told. */
  readonly processes: () => readonly ProcessView[];
}

/** A retiring process has a successor that works. */
const WORKING: ReadonlySet<ProcessView['state']> = new Set(['ready', 'standby', 'retiring']);

export async function gatherStatus(parts: StatusParts): Promise<StatusView> {
  const { settings, startedAt, store, log, report, peers } = parts;
  const own = parts.processes();
  const here = peers.gateways().filter(({ isElsewhere }) => !isElsewhere);
  const gateway = here.find(({ listen }) => listen !== null)?.listen ?? null;
  return {
    ready: own.length > 0 && own.every(({ state }) => WORKING.has(state)),
    version: VERSION,
    dataDirectory: settings.daemon.dataDirectory,
    startedAt,
    processes: [...own, ...othersProcesses(parts, own)],
    jobs: await store.totals(),
    ...(await parts.seeing.summary()),
    report: await report.status(),
    gateway,
    subscribers: await parts.subscribers(),
    log: { epoch: log.epoch, top: log.top(), oldest: log.oldest() },
  };
}

/** Processes of other supervisors on the same data directory, as far as they are connected. */
function othersProcesses(parts: StatusParts, own: readonly ProcessView[]): readonly ProcessView[] {
  const known = new Set(own.map(({ pid }) => pid));
  const executors = parts
    .executors()
    .filter(({ connection }) => connection !== undefined)
    .map(({ process, isElsewhere }) => ({
      role: 'executor' as const,
      pid: isElsewhere ? null : process.pid,
    }));
  const gateways = parts.peers
    .gateways()
    .map(({ pid, isElsewhere }) => ({ role: 'gateway' as const, pid: isElsewhere ? null : pid }));
  return [...executors, ...gateways]
    .filter(({ pid }) => pid === null || !known.has(pid))
    .map((process) => ({ ...process, state: 'ready' as const, restarts: 0, since: null }));
}
