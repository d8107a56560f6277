/**
 * What an operator may do with the executors: look at them, let them take no more, have them replaced.
 *
 *   replace: core ─ replace ▶ executor ─▶ its supervisor ─▶ a successor says hello, the former one goes
 *                                                      └─▶ kept, with the reason
 *
 * The way leads through the executor, because each may have another supervisor and only its own can put
 * another process in its place. Starts and ends no process itself.
 */
import type { WorkerService } from '../api/api-context.ts';
import { isAlive } from '../process/process-identity.ts';
import { residentBytes } from '../process/process-memory.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { Replacement } from '../protocol/supervision.ts';
import type { ReplacedWorker, WorkerState, WorkerView } from '../protocol/workers.ts';
import type { ExecutorEvent, ExecutorNews } from './executor-news.ts';
import type { RemoteExecutor } from './remote-executor.ts';

export interface WorkerControlParts {
  readonly executors: () => readonly RemoteExecutor[];
  readonly news: ExecutorNews;
  readonly measure?: (pid: number) => number | undefined;
}

/** From the end of one to the hello of the next, where nobody says that there will be none. */
const ARRIVAL_MS = 60_000;

export class WorkerControl implements WorkerService {
  readonly #parts: WorkerControlParts;

  constructor(parts: WorkerControlParts) {
    this.#parts = parts;
  }

  list(): readonly WorkerView[] {
    return this.#parts.executors().map((executor) => this.#view(executor));
  }

  quiet(pid: number | null): readonly WorkerView[] {
    const chosen = this.#connected().filter(({ process }) => pid === null || process.pid === pid);
    if (pid !== null && chosen.length === 0) throw unknownWorker(pid);
    for (const executor of chosen) {
      executor.quiet = true;
      executor.send({ kind: 'quiet' });
    }
    return chosen.map((executor) => this.#view(executor));
  }

  async restart(replacement: Replacement, signal: AbortSignal): Promise<readonly ReplacedWorker[]> {
    const connected = this.#connected();
    const replaced = new Set(connected.map(({ predecessor }) => predecessor));
    // One that retires has its successor; one that leaves wants none.
    const chosen = connected.filter(
      ({ replaceable, leaving, process }) => replaceable && !leaving && !replaced.has(process.pid),
    );
    return await this.#replaceAll(chosen, replacement, signal);
  }

  async #replaceAll(
    chosen: readonly RemoteExecutor[],
    replacement: Replacement,
    signal: AbortSignal,
  ): Promise<readonly ReplacedWorker[]> {
    if (!replacement.rolling) {
      return await Promise.all(chosen.map((one) => this.#replace(one, replacement, signal)));
    }
    const replaced: ReplacedWorker[] = [];
    for (const executor of chosen) {
      try {
        replaced.push(await this.#replace(executor, replacement, signal));
      } catch (error) {
        throw stoppedAfter(error, replaced.length, chosen.length);
      }
    }
    return replaced;
  }

  #connected(): readonly RemoteExecutor[] {
    return this.#parts.executors().filter(({ connection }) => connection !== undefined);
  }

  /** Resolves when it is gone and its successor is here. */
  async #replace(
    executor: RemoteExecutor,
    replacement: Replacement,
    signal: AbortSignal,
  ): Promise<ReplacedWorker> {
    const { pid } = executor.process;
    const watch = new Succession(executor, this.#parts.news);
    const giveUp = () => watch.fail(new TaskbellError('E_UNAVAILABLE', 'Nobody waits any more.'));
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      if (signal.aborted) giveUp();
      if (!executor.send({ kind: 'replace', ...replacement })) {
        watch.fail(new TaskbellError('E_UNAVAILABLE', `Executor ${pid} is not connected.`));
      }
      return { pid, successor: await watch.done };
    } finally {
      signal.removeEventListener('abort', giveUp);
      watch.close();
    }
  }

  #view(executor: RemoteExecutor): WorkerView {
    const { measure = residentBytes } = this.#parts;
    const { pid } = executor.process;
    const isHere = executor.connection !== undefined && isAlive(executor.process);
    return {
      executor: executor.id,
      pid: pid > 0 ? pid : null,
      supervisorPid: executor.supervisor?.pid || null,
      startedAt: executor.startedAt === null ? null : new Date(executor.startedAt).toISOString(),
      state: stateOf(executor),
      only: executor.only,
      types: [...executor.types.keys()].sort(),
      problems: executor.broken.map(({ name, problem = '' }) => ({ type: name, problem })),
      queues: [...executor.queues],
      slots: executor.slots,
      running: executor.inFlight.size,
      done: executor.done,
      residentBytes: (isHere ? measure(pid) : undefined) ?? null,
    };
  }
}

/** Waits for one executor's place to change hands. */
class Succession {
  /** Pid of the successor. */
  readonly done: Promise<number>;
  readonly #former: RemoteExecutor;
  readonly #unlisten: () => void;
  #resolve: (successor: number) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #successor: number | undefined;
  #isGone = false;
  #late: NodeJS.Timeout | undefined;

  constructor(former: RemoteExecutor, news: ExecutorNews) {
    this.#former = former;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // It may fail before anybody waits for it.
    this.done.catch(() => undefined);
    this.#unlisten = news.listen((event) => this.#hear(event));
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  close(): void {
    clearTimeout(this.#late);
    this.#unlisten();
  }

  #hear({ executor, ...event }: ExecutorEvent): void {
    const { pid } = this.#former.process;
    if (event.kind === 'arrived') {
      if (executor.predecessor === pid) this.#successor = executor.process.pid;
    } else if (executor === this.#former) {
      if (event.kind === 'kept') this.fail(kept(pid, event.problem));
      else this.#noteGone(pid);
    }
    if (this.#isGone && this.#successor !== undefined) this.#resolve(this.#successor);
  }

  #noteGone(pid: number): void {
    this.#isGone = true;
    const error = new TaskbellError(
      'E_TIMEOUT',
      `Executor ${pid} has ended, and its successor did not come within ${ARRIVAL_MS / 1_000} s.`,
      { hint: 'The log of its service says why.' },
    );
    this.#late = setTimeout(() => this.fail(error), ARRIVAL_MS);
  }
}

export function stateOf(executor: RemoteExecutor): WorkerState {
  if (executor.connection === undefined) return 'away';
  if (executor.ending) return 'ending';
  if (executor.blocked !== undefined) return 'blocked';
  return executor.quiet || executor.leaving ? 'quiet' : 'ready';
}

function kept(pid: number, problem: string): TaskbellError {
  return new TaskbellError('E_HANDLER', `Executor ${pid} was not replaced: ${problem}`);
}

function stoppedAfter(error: unknown, done: number, total: number): unknown {
  if (!(error instanceof TaskbellError)) return error;
  const left = `${done} of ${total} executors were replaced; the others go on as they were.`;
  return new TaskbellError(error.code, error.message, { hint: left, cause: error });
}

function unknownWorker(pid: number): TaskbellError {
  return new TaskbellError('E_NOT_FOUND', `No executor with the pid ${pid} is connected.`, {
    hint: '`taskbell worker list` names them.',
  });
}
