/** The executors of a daemon: what they do, and how they are replaced. */
import type { ReplacedWorker, WorkerView } from '../protocol/workers.ts';
import type { ControlHttp } from './control-http.ts';

export interface RestartOptions {
  /**
   * True: one after the other, each when its successor works and its jobs have ended. False or omitted: all at
   * once; jobs that do not end in time are interrupted and run again.
   */
  readonly rolling?: boolean;
  /** Jobs of a process that is replaced are interrupted after so long; omitted: never when rolling, else `shutdownTimeout`. */
  readonly timeoutMs?: number;
  /** Ends the waiting, and a rolling restart after the process that is being replaced. */
  readonly signal?: AbortSignal;
}

export async function listWorkers(http: ControlHttp): Promise<readonly WorkerView[]> {
  const answer = await http.call({ method: 'GET', path: '/v1/workers' });
  return (answer as { workers: WorkerView[] }).workers;
}

export async function restartWorkers(
  http: ControlHttp,
  { signal, ...options }: RestartOptions,
): Promise<readonly ReplacedWorker[]> {
  const body = JSON.stringify(options);
  const path = '/v1/workers/restart';
  // Jobs may take hours: the answer comes when they have ended.
  const answer = await http.call({ method: 'POST', path, body, signal, timeoutMs: 0 });
  return (answer as { replaced: ReplacedWorker[] }).replaced;
}

/** @param pid omitted: all of them */
export async function quietWorkers(
  http: ControlHttp,
  pid: number | undefined,
): Promise<readonly WorkerView[]> {
  const path = pid === undefined ? '/v1/workers/quiet' : `/v1/workers/${pid}/quiet`;
  return ((await http.call({ method: 'POST', path })) as { workers: WorkerView[] }).workers;
}
