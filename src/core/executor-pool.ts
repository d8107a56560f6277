/**
 * The executors and the jobs in their hands: hands out what is queued, takes back what ended,
 * and returns what a dead executor left. Claims ride in the transaction that is about to commit,
 * so an add and its start, or an end and the next start, cost one fsync.
 */
import type { WebSocket } from 'ws';
import type { Logger } from '../process/logger.ts';
import { identityOf, isAlive, signal } from '../process/process-identity.ts';
import {
  type ExecutorMessage,
  type Fence,
  type HelloMessage,
  KILL_GRACE_MS,
  type Outcome,
} from '../protocol/execute.ts';
import type { ClaimedJob, RunningJob } from '../queue/job.ts';
import type { ClaimAnswer, JobStore } from '../queue/job-store.ts';
import { ExecutorWatch } from './executor-watch.ts';
import type { JobTypes } from './job-types.ts';
import type { Lanes } from './lanes.ts';
import type { PayloadCheck } from './payload-check.ts';
import { type InFlight, RemoteExecutor } from './remote-executor.ts';
import { renderRun } from './run-message.ts';
import { RunningTypes } from './running-types.ts';
import { type Ended, fenceOf, type Settlement } from './settlement.ts';

export interface ExecutorPoolParts {
  readonly store: JobStore;
  readonly types: JobTypes;
  readonly lanes: Lanes;
  readonly settlement: Settlement;
  readonly payloadCheck: PayloadCheck;
  readonly log: Logger;
  readonly now: () => number;
  /** Asks for a flush of the commit loop in this turn. */
  readonly nudge: () => void;
  /** True while this daemon's supervisor is ending the process: what it dies of is no crash. */
  readonly isStopping: (pid: number) => boolean;
  /** A failure that must not be passed over: the storage refused. */
  readonly onFailure: (error: unknown) => void;
}

/** Twice the grace: once for the executor to end the attempt, once for its answer to get here. */
const BACKSTOP_MS = 2 * KILL_GRACE_MS;

export class ExecutorPool {
  readonly #parts: ExecutorPoolParts;
  readonly #executors = new Map<string, RemoteExecutor>();
  readonly #running = new RunningTypes();
  readonly #watch: ExecutorWatch;
  #stopped = false;

  constructor(parts: ExecutorPoolParts) {
    this.#parts = parts;
    this.#watch = new ExecutorWatch((executor) => void this.#bury(executor), parts.log);
  }

  /** Takes up the attempts that were running when the former core went. */
  async recover(): Promise<void> {
    for (const job of await this.#parts.store.running()) {
      const executor = this.#executors.get(job.executor) ?? (await this.#absent(job.executor));
      this.#hold(executor, inFlightOf(job));
      if (job.cancelRequested) this.#armCancel(executor, job);
    }
    for (const executor of this.#executors.values()) this.#watch.add(executor);
  }

  async #absent(id: string): Promise<RemoteExecutor> {
    // An executor that is not on record never finished its hello: nothing of it can be alive.
    const process = (await this.#parts.store.executorProcess(id)) ?? { pid: -1, startTime: 'none' };
    const executor = new RemoteExecutor(id, process, null);
    // Nobody saw how it went while no core was awake, so its attempts are not charged.
    executor.leaving = true;
    this.#executors.set(id, executor);
    return executor;
  }

  executors(): readonly RemoteExecutor[] {
    return [...this.#executors.values()];
  }

  /** Something became claimable that no transaction of this turn brings along. */
  wake(): void {
    this.#parts.nudge();
  }

  /** The hook of the commit loop: claims for every free slot, in the transaction about to begin. */
  fill(): void {
    if (this.#stopped) return;
    const willing = [...this.#executors.values()].filter((executor) => executor.free() > 0);
    const reserved = new Set<string>();
    for (const executor of willing.sort((a, b) => a.inFlight.size - b.inFlight.size)) {
      // Shared evenly at first, so that one process does not take all while its neighbours idle.
      const limit = Math.ceil(executor.free() / willing.length);
      this.#claimFor(executor, limit, reserved);
    }
  }

  #claimFor(executor: RemoteExecutor, limit: number, reserved: Set<string>): void {
    const { lanes, types, store, now } = this.#parts;
    const open = lanes.open(
      ({ queue, type }) =>
        executor.types.has(type) &&
        executor.serves(queue) &&
        !reserved.has(type) &&
        this.#running.room(type, types.policyOf(type)) > 0,
    );
    if (open.length === 0) return;
    const typeLimits = new Map<string, number>();
    for (const { type } of open) {
      const room = this.#running.room(type, types.policyOf(type));
      if (room === Number.POSITIVE_INFINITY) continue;
      typeLimits.set(type, room);
      // Until the answer is known nobody else may count on the same room.
      reserved.add(type);
    }
    executor.claiming = true;
    const idle = executor.inFlight.size === 0;
    store
      .claim({ executor: executor.id, lanes: open, limit, typeLimits, idle, now: now() })
      .then((answer) => this.#handOut(executor, answer))
      .catch((error: unknown) => this.#parts.onFailure(error))
      .finally(() => {
        executor.claiming = false;
      });
  }

  #handOut(executor: RemoteExecutor, { jobs, emptyLanes }: ClaimAnswer): void {
    const { types, lanes, log, nudge } = this.#parts;
    lanes.clear(emptyLanes);
    if (jobs.length === 0) return;
    const held = jobs.map((job) => claimedInFlight(job, types.policyOf(job.type).timeoutMs));
    for (const attempt of held) this.#hold(executor, attempt);
    const sent = executor.sendText(renderRun(jobs, held));
    for (const attempt of held) attempt.sent = sent;
    const facts = {
      executor: executor.id,
      count: jobs.length,
      jobs: jobs.slice(0, 5).map(({ id }) => id),
    };
    log.info({ ...facts, moment: 'processing' }, 'attempts handed out');
    // There may be more for the slots that are left.
    queueMicrotask(nudge);
  }

  #hold(executor: RemoteExecutor, attempt: InFlight): void {
    executor.inFlight.set(attempt.id, attempt);
    this.#running.add(attempt.type);
    if (attempt.timeoutMs > 0) {
      this.#armBackstop(executor, attempt, {
        verdict: 'timeout',
        ms: attempt.timeoutMs + BACKSTOP_MS,
      });
    }
  }

  #drop(executor: RemoteExecutor, fence: Fence): InFlight | undefined {
    const held = executor.drop(fence);
    if (held !== undefined) this.#running.remove(held.type);
    return held;
  }

  #armBackstop(
    executor: RemoteExecutor,
    attempt: InFlight,
    { verdict, ms }: { readonly verdict: 'timeout' | 'cancelled'; readonly ms: number },
  ): void {
    clearTimeout(attempt.backstop);
    attempt.backstop = setTimeout(() => {
      attempt.verdict = verdict;
      executor.ending = true;
      const facts = { executor: executor.id, job: attempt.id, attempt: attempt.attempt, verdict };
      this.#parts.log.warn(facts, 'an attempt does not end: ending its executor');
      if (isAlive(executor.process)) signal(executor.process.pid, 'SIGKILL');
    }, ms);
  }

  // -- one executor's connection ------------------------------------------------------------

  /** Takes over a new connection to `/v1/execute`. */
  accept(socket: WebSocket): void {
    let executor: RemoteExecutor | undefined;
    socket.on('message', (data) => {
      const message = parseMessage(String(data));
      if (message === undefined) socket.close(1007, 'expected a message of the executor protocol');
      else if (message.kind === 'hello') executor = this.#greet(socket, message);
      else if (executor !== undefined) this.#receive(executor, message);
    });
    socket.on('error', (err) => this.#parts.log.warn({ err }, 'executor connection failed'));
    socket.on('close', () => {
      if (executor?.connection !== socket) return;
      executor.connection = undefined;
      if (!this.#stopped) this.#watch.add(executor);
    });
  }

  #greet(socket: WebSocket, hello: HelloMessage): RemoteExecutor {
    const { types, store, log, nudge, onFailure, payloadCheck } = this.#parts;
    const executor = this.#executorOf(hello);
    this.#watch.remove(executor);
    executor.connection?.terminate();
    executor.connection = socket;
    executor.leaving = false;
    executor.offer(hello);
    types.learn(hello.types);
    store.rememberExecutor(executor.id, executor.process).catch(onFailure);
    this.#reconcile(executor, hello.holding);
    payloadCheck.offer(executor);
    log.info(
      { executor: executor.id, slots: executor.slots, types: hello.types.length },
      'executor connected',
    );
    nudge();
    return executor;
  }

  #executorOf(hello: HelloMessage): RemoteExecutor {
    const known = this.#executors.get(hello.executor);
    if (known?.supervisor) return known;
    const supervisor = identityOf(hello.supervisorPid);
    const executor = new RemoteExecutor(hello.executor, hello.process, supervisor);
    for (const [id, attempt] of known?.inFlight ?? []) executor.inFlight.set(id, attempt);
    if (known !== undefined) this.#watch.remove(known);
    this.#executors.set(executor.id, executor);
    return executor;
  }

  /** What it no longer holds never reached it; what it holds and should not, it is told to forget. */
  #reconcile(executor: RemoteExecutor, holding: readonly Fence[]): void {
    const held = new Set(holding.map(({ id, attempt }) => `${id} ${attempt}`));
    const missing = [...executor.inFlight.values()].filter(
      ({ id, attempt }) => !held.has(`${id} ${attempt}`),
    );
    const forget = holding.filter((fence) => executor.current(fence) === undefined).map(fenceOf);
    executor.send({ kind: 'welcome', forget });
    for (const attempt of executor.inFlight.values()) {
      attempt.sent = true;
      if (attempt.verdict === 'cancelled') this.#armCancel(executor, attempt);
    }
    this.#conclude(executor, missing, () => 'interrupted');
  }

  #receive(executor: RemoteExecutor, message: Exclude<ExecutorMessage, HelloMessage>): void {
    const { store, now, onFailure } = this.#parts;
    switch (message.kind) {
      case 'ended':
        void this.#settle(executor, message.outcomes);
        return;
      case 'progress':
        for (const { value, ...fence } of message.progress) {
          store.recordProgress(fence, value, now()).catch(onFailure);
        }
        return;
      case 'log':
        store.appendLogLines(message.lines).catch(onFailure);
        return;
      case 'spawned': {
        const held = executor.current(message);
        if (held !== undefined) held.group = message.group;
        store.recordGroup(fenceOf(message), message.group).catch(onFailure);
        return;
      }
      case 'validated':
        this.#parts.payloadCheck.answer(message.rid, message.problem);
        return;
      case 'stuck':
        executor.ending = true;
        for (const { outcome, ...fence } of message.fences) {
          const held = executor.current(fence);
          if (held !== undefined) held.verdict = outcome;
        }
        return;
      case 'quiet':
        executor.quiet = true;
        return;
      case 'leaving':
        executor.leaving = true;
    }
  }

  async #settle(executor: RemoteExecutor, outcomes: readonly Outcome[]): Promise<void> {
    const dropped: InFlight[] = [];
    const ended: Ended[] = outcomes.map((outcome) => {
      const held = this.#drop(executor, outcome);
      if (held !== undefined) dropped.push(held);
      return this.#parts.settlement.fromOutcome(held, outcome);
    });
    try {
      await this.#parts.settlement.settle(ended);
      executor.send({ kind: 'confirmed', fences: outcomes.map(fenceOf) });
    } catch (error) {
      // Not recorded, so still its own: it comes back and reports again.
      for (const held of dropped) this.#hold(executor, held);
      executor.connection?.terminate();
      this.#parts.onFailure(error);
    }
  }

  // -- cancel and death -------------------------------------------------------------------------

  /** Tells the executor that a running attempt is to stop. */
  cancel(fence: Fence, executorId: string): void {
    const executor = this.#executors.get(executorId);
    if (executor !== undefined) this.#armCancel(executor, fence);
  }

  #armCancel(executor: RemoteExecutor, fence: Fence): void {
    const held = executor.current(fence);
    if (held === undefined) return;
    executor.send({ kind: 'cancel', ...fenceOf(fence) });
    this.#armBackstop(executor, held, { verdict: 'cancelled', ms: BACKSTOP_MS });
    held.verdict = 'cancelled';
  }

  /** The executor's process is dead, and so is all that it started. */
  #bury(executor: RemoteExecutor): void {
    this.#executors.delete(executor.id);
    const orphaned = executor.supervisor === null || !isAlive(executor.supervisor);
    const stopping = this.#parts.isStopping(executor.process.pid);
    const innocent = executor.leaving || executor.ending || orphaned || stopping;
    const left = [...executor.inFlight.values()];
    const facts = { executor: executor.id, pid: executor.process.pid, attempts: left.length };
    if (left.length > 0) this.#parts.log.warn(facts, 'executor is gone, its attempts are returned');
    else this.#parts.log.info(facts, 'executor is gone');
    this.#conclude(executor, left, (attempt) =>
      attempt.sent && !innocent ? 'crash' : 'interrupted',
    );
  }

  #conclude(
    executor: RemoteExecutor,
    attempts: readonly InFlight[],
    outcomeOf: (attempt: InFlight) => 'crash' | 'interrupted',
  ): void {
    if (attempts.length === 0) return;
    const ended = attempts.map((attempt) => {
      this.#drop(executor, attempt);
      const outcome = attempt.verdict ?? outcomeOf(attempt);
      return this.#parts.settlement.fromDeath(attempt, outcome, wordsFor(outcome, executor));
    });
    this.#parts.settlement.settle(ended).catch((error: unknown) => this.#parts.onFailure(error));
  }

  stop(): void {
    this.#stopped = true;
    this.#watch.stop();
    for (const executor of this.#executors.values()) {
      for (const attempt of executor.inFlight.values()) clearTimeout(attempt.backstop);
      executor.connection?.terminate();
    }
  }
}

function parseMessage(text: string): ExecutorMessage | undefined {
  try {
    const message: unknown = JSON.parse(text);
    const kind = typeof message === 'object' && message !== null && 'kind' in message;
    return kind ? (message as ExecutorMessage) : undefined;
  } catch {
    // The connection is closed for it; the executor comes back and says what it holds.
    return undefined;
  }
}

function wordsFor(outcome: string, executor: RemoteExecutor): string {
  const who = `executor ${executor.id} (pid ${executor.process.pid})`;
  switch (outcome) {
    case 'crash':
      return `${who} died while the attempt ran`;
    case 'timeout':
      return `the attempt passed its time limit and did not end when asked; ${who} was ended`;
    case 'cancelled':
      return `cancelled; the attempt did not end when asked, so ${who} was ended`;
    default:
      return `${who} stopped before the attempt ended`;
  }
}

function inFlightOf(job: RunningJob): InFlight {
  return {
    id: job.id,
    attempt: job.attempt,
    type: job.type,
    queue: job.queue,
    startedMono: performance.now(),
    timeoutMs: 0,
    sent: true,
    group: job.group,
    backstop: undefined,
    verdict: undefined,
  };
}

function claimedInFlight(job: ClaimedJob, typeTimeoutMs: number): InFlight {
  return {
    id: job.id,
    attempt: job.attempt,
    type: job.type,
    queue: job.queue,
    startedMono: performance.now(),
    timeoutMs: job.timeoutMs ?? typeTimeoutMs,
    sent: false,
    group: null,
    backstop: undefined,
    verdict: undefined,
  };
}
