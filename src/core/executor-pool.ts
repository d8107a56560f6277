/**
 * The executors over all their connections: greets them, takes back what ended, and returns what a
 * dead one left. Handing out is the dispatcher's part.
 */
import type { WebSocket } from 'ws';
import type { Logger } from '../process/logger.ts';
import { identityOf, isAlive } from '../process/process-identity.ts';
import {
  type BlockedMessage,
  CONNECTION_LEASE,
  type ConnectionLease,
  type ExecutorMessage,
  type Fence,
  type HelloMessage,
  type Outcome,
  type TypeManifest,
} from '../protocol/execute.ts';
import type { NewLogLine } from '../queue/job.ts';
import type { JobStore } from '../queue/job-store.ts';
import { blockerOf, suspectsOf } from './blame.ts';
import { wordsFor } from './death-words.ts';
import { EndRecorder } from './end-recorder.ts';
import { parseExecutorMessage } from './executor-message.ts';
import type { ExecutorNews } from './executor-news.ts';
import { believedHello, ELSEWHERE, NOWHERE, refusalOf } from './executor-place.ts';
import { cutWhenSilent } from './executor-silence.ts';
import { ExecutorWatch } from './executor-watch.ts';
import type { InHand } from './in-hand.ts';
import type { JobTypes } from './job-types.ts';
import { keptLineOf } from './kept-end.ts';
import type { PayloadCheck } from './payload-check.ts';
import { type InFlight, inFlightOf, RemoteExecutor } from './remote-executor.ts';
import { type Ended, fenceOf, type Settlement } from './settlement.ts';
import type { Suspects } from './type-breaker.ts';

/** With executors that are judged by their connection alone. */
export interface Patience {
  readonly pingEveryMs: number;
  readonly lease: ConnectionLease;
}

const USUAL_PATIENCE: Patience = { pingEveryMs: 4_000, lease: CONNECTION_LEASE };

export interface ExecutorPoolParts {
  readonly store: JobStore;
  readonly types: JobTypes;
  readonly inHand: InHand;
  readonly settlement: Settlement;
  readonly payloadCheck: PayloadCheck;
  readonly log: Logger;
  readonly now: () => number;
  /** Asks for a flush of the commit loop in this turn. */
  readonly nudge: () => void;
  /** True while this daemon's supervisor is ending the process: what it dies of is no crash. */
  readonly isStopping: (pid: number) => boolean;
  /** Keeps what only an executor tells of. */
  readonly foreignTypes: {
    remember(types: readonly TypeManifest[], now: number): Promise<void>;
  };
  readonly patience?: Patience | undefined;
  /** Hears who comes and goes. */
  readonly news?: ExecutorNews;
  /** Why this daemon's supervisor has ended the process, where the core cannot see it. */
  readonly endReason?: (pid: number) => string | undefined;
  /** Hears of lines that jobs have written, after their commit. */
  readonly onLines?: (lines: readonly NewLogLine[]) => void;
  /** Hears of a process that has died under attempts, and which may have done it. */
  readonly onDeath?: (suspects: Suspects) => void;
  /** A failure that must not be passed over: the storage refused. */
  readonly onFailure: (error: unknown) => void;
}

export class ExecutorPool {
  readonly #parts: ExecutorPoolParts;
  readonly #executors = new Map<string, RemoteExecutor>();
  readonly #patience: Patience;
  readonly #watch: ExecutorWatch;
  readonly #ends: EndRecorder;
  #stopped = false;

  constructor(parts: ExecutorPoolParts) {
    this.#parts = parts;
    this.#patience = parts.patience ?? USUAL_PATIENCE;
    const { reconnectWithinMs } = this.#patience.lease;
    const bury = (executor: RemoteExecutor): void => this.#bury(executor);
    this.#watch = new ExecutorWatch(bury, parts.log, reconnectWithinMs);
    this.#ends = new EndRecorder(parts.settlement, parts.onFailure);
  }

  /** Takes up the attempts that were running when the former core went. */
  async recover(): Promise<void> {
    for (const job of await this.#parts.store.running()) {
      const executor = this.#executors.get(job.executor) ?? (await this.#absent(job.executor));
      // Its limit counts from a start that this core has not seen: its executor keeps it.
      const facts = { timeoutMs: 0, sent: true, group: job.group };
      // The clock of the former core is gone; what the calendar says is how long it ran, unless that was set.
      const ranMs = Math.max(0, this.#parts.now() - job.startedAt);
      const startedMono = performance.now() - ranMs;
      const attempt = inFlightOf(job, { ...facts, startedMono });
      this.#parts.inHand.hold(executor, attempt);
      if (job.cancelRequested) this.#armCancel(executor, job);
    }
    for (const executor of this.#executors.values()) this.#watch.add(executor);
  }

  async #absent(id: string): Promise<RemoteExecutor> {
    // An executor that is not on record never finished its hello: nothing of it can be alive.
    const process = (await this.#parts.store.executorProcess(id)) ?? NOWHERE;
    const executor = new RemoteExecutor(id, process, null);
    // Nobody saw how it went while no core was awake, so its attempts are not charged.
    executor.leaving = true;
    this.#executors.set(id, executor);
    return executor;
  }

  executors(): readonly RemoteExecutor[] {
    return [...this.#executors.values()];
  }

  /** False when executors are here and none of them runs the type; true while there is none to ask. */
  mayRun(type: string): boolean {
    const present = this.executors().filter(({ connection }) => connection !== undefined);
    return present.length === 0 || present.some(({ types }) => types.has(type));
  }

  // -- one executor's connection ------------------------------------------------------------

  /**
   * Takes over a new connection to `/v1/execute`.
   *
   * @param isRemote it came by TCP
   */
  accept(socket: WebSocket, isRemote: boolean): void {
    let executor: RemoteExecutor | undefined;
    socket.on('message', (data) => {
      const message = parseExecutorMessage(String(data));
      const again = message?.kind === 'hello' && executor !== undefined;
      if (message === undefined || again) this.#refuse(socket, executor);
      else if (message.kind === 'blocked') this.#noteBlocked(message, isRemote);
      else if (message.kind === 'hello')
        executor = this.#greet(socket, believedHello(message, isRemote));
      else if (executor !== undefined) this.#receive(executor, message);
    });
    socket.on('error', (err) => this.#parts.log.warn({ err }, 'executor connection failed'));
    socket.on('close', () => {
      if (executor?.connection !== socket) return;
      executor.connection = undefined;
      if (!this.#stopped) this.#watch.add(executor);
    });
  }

  #refuse(socket: WebSocket, executor: RemoteExecutor | undefined): void {
    this.#parts.log.error({ executor: executor?.id }, 'message is not of the execute protocol');
    socket.close(1007, 'expected a message of the execute protocol');
  }

  /** @returns undefined when it was refused */
  #greet(socket: WebSocket, hello: HelloMessage): RemoteExecutor | undefined {
    const { store, log, nudge, onFailure, payloadCheck } = this.#parts;
    const refusal = refusalOf(this.#executors.get(hello.executor), hello);
    if (refusal !== undefined) {
      log.error({ executor: hello.executor, reason: refusal }, 'executor refused');
      socket.close(1008, refusal);
      return undefined;
    }
    const executor = this.#executorOf(hello);
    this.#watch.remove(executor);
    executor.connection?.terminate();
    executor.connection = socket;
    executor.leaving = false;
    executor.offer(hello);
    this.#learn(hello.types);
    if (executor.isElsewhere) this.#listenForSilence(executor, socket);
    store.rememberExecutor(executor.id, executor.process).catch((error: unknown) => {
      // The next core would take an executor that is not on record for dead: it has to say hello again.
      socket.terminate();
      onFailure(error);
    });
    this.#reconcile(executor, hello.holding);
    if (executor.quiet) executor.becomeQuiet();
    payloadCheck.noteArrival();
    this.#parts.news?.tell({ kind: 'arrived', executor });
    log.info(
      { executor: executor.id, slots: executor.slots, types: hello.types.length },
      'executor connected',
    );
    nudge();
    return executor;
  }

  #learn(manifests: readonly TypeManifest[]): void {
    const { types, foreignTypes, now, onFailure } = this.#parts;
    types.learn(manifests);
    const foreign = types.foreign(manifests);
    if (foreign.length > 0) foreignTypes.remember(foreign, now()).catch(onFailure);
  }

  #listenForSilence(executor: RemoteExecutor, socket: WebSocket): void {
    cutWhenSilent(socket, this.#patience.pingEveryMs, () => {
      if (executor.connection === socket) executor.silent = true;
      this.#parts.log.warn({ executor: executor.id }, 'executor is silent: cutting its connection');
    });
  }

  #executorOf(hello: HelloMessage): RemoteExecutor {
    const known = this.#executors.get(hello.executor);
    if (known?.greeted) return known;
    const supervisor = hello.supervisorPid === null ? null : identityOf(hello.supervisorPid);
    const executor = new RemoteExecutor(hello.executor, hello.process ?? ELSEWHERE, supervisor);
    for (const [id, attempt] of known?.inFlight ?? []) {
      // Its last resort would act on the former object.
      clearTimeout(attempt.backstop);
      attempt.backstop = undefined;
      executor.inFlight.set(id, attempt);
    }
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
    const { lease } = this.#patience;
    executor.send({ kind: 'welcome', forget, ...(executor.isElsewhere ? { lease } : {}) });
    for (const attempt of executor.inFlight.values()) {
      attempt.sent = true;
      if (attempt.verdict === 'cancelled') this.#armCancel(executor, attempt);
    }
    this.#conclude(executor, missing, () => 'interrupted');
  }

  /** Who holds it up is told apart when it has to be ended; until then the operator hears of it. */
  #noteBlocked(report: BlockedMessage, isRemote: boolean): void {
    const executor = this.#executors.get(report.executor);
    // From elsewhere nobody knows what holds up a process of this machine.
    if (executor === undefined || (isRemote && !executor.isElsewhere)) return;
    executor.blocked = report;
    const { log, now } = this.#parts;
    const { blockedMs, stack } = report;
    const blocker = blockerOf(report, [...executor.inFlight.values()]);
    const facts = { job: blocker?.id, attempt: blocker?.attempt, type: blocker?.type };
    log.warn(
      { executor: executor.id, executorPid: executor.process.pid, ...facts, blockedMs, stack },
      'a handler blocks the event loop of its executor',
    );
    if (blocker === undefined) return;
    const line = `blocks the event loop of its executor for ${blockedMs} ms and more\n${stack}`;
    const words = { level: 'warn', line, at: now() } as const;
    this.#keepLines([{ ...fenceOf(blocker), ...words }]);
  }

  #keepLines(lines: readonly NewLogLine[]): void {
    const { store, onLines, onFailure } = this.#parts;
    store.appendLogLines(lines).then(() => onLines?.(lines), onFailure);
  }

  #receive(executor: RemoteExecutor, message: ExecutorMessage): void {
    const { store, now, onFailure } = this.#parts;
    executor.blocked = undefined;
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
        // A clock may tell fractions, of which the column takes none.
        this.#keepLines(message.lines.map(keptLineOf));
        return;
      case 'spawned': {
        // A process group of another machine: its number means nothing here.
        if (executor.isElsewhere) return;
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
        executor.becomeQuiet();
        return;
      case 'kept':
        this.#parts.news?.tell({ kind: 'kept', executor, problem: message.problem });
        return;
      case 'leaving':
        executor.leaving = true;
    }
  }

  async #settle(executor: RemoteExecutor, outcomes: readonly Outcome[]): Promise<void> {
    const dropped: InFlight[] = [];
    const ended: Ended[] = outcomes.map((outcome) => {
      const held = this.#parts.inHand.drop(executor, outcome);
      if (held !== undefined) dropped.push(held);
      return this.#parts.settlement.fromOutcome(held, outcome);
    });
    try {
      await this.#parts.settlement.settle(ended);
      executor.send({ kind: 'confirmed', fences: outcomes.map(fenceOf) });
    } catch (error) {
      this.#parts.onFailure(error);
      // It is gone meanwhile: nobody reports them again.
      if (this.#executors.get(executor.id) !== executor) return this.#ends.recordLater(ended);
      // Not recorded, so still its own: it comes back and reports again.
      for (const held of dropped) this.#parts.inHand.hold(executor, held);
      executor.connection?.terminate();
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
    this.#parts.inHand.expectCancel(executor, held);
  }

  /** The executor's process is dead, and so is all that it started; or it has given up its attempts by now. */
  #bury(executor: RemoteExecutor): void {
    this.#executors.delete(executor.id);
    const orphaned = executor.supervisor !== null && !isAlive(executor.supervisor);
    const stopping = this.#parts.isStopping(executor.process.pid);
    // It goes quiet when its supervisor begins to stop it. Of another service's supervisor that is all
    // that is known here, and a second signal kills without a farewell.
    const dismissed = executor.leaving || executor.quiet || executor.silent || stopping;
    const innocent = dismissed || executor.ending || orphaned;
    const left = [...executor.inFlight.values()];
    const facts = {
      executor: executor.id,
      executorPid: executor.process.pid,
      attempts: left.length,
    };
    if (left.length > 0) this.#parts.log.warn(facts, 'executor is gone, its attempts are returned');
    else this.#parts.log.info(facts, 'executor is gone');
    const outcomeOf = (attempt: InFlight): 'crash' | 'interrupted' =>
      attempt.sent && !innocent ? 'crash' : 'interrupted';
    const ends = new Map(left.map((one) => [one, one.verdict ?? outcomeOf(one)]));
    // Before its jobs go back: none of a type that is degraded by this is to be handed out again.
    if (left.length > 0) this.#parts.onDeath?.(suspectsOf(executor, ends));
    this.#conclude(executor, left, outcomeOf);
    this.#parts.news?.tell({ kind: 'gone', executor });
  }

  #conclude(
    executor: RemoteExecutor,
    attempts: readonly InFlight[],
    outcomeOf: (attempt: InFlight) => 'crash' | 'interrupted',
  ): void {
    if (attempts.length === 0) return;
    const blocker = blockerOf(executor.blocked, attempts);
    const ended = attempts.map((attempt) => {
      this.#parts.inHand.drop(executor, attempt);
      const outcome = attempt.verdict ?? outcomeOf(attempt);
      const reason = this.#parts.endReason?.(executor.process.pid);
      const words = wordsFor(attempt, outcome, { executor, blocker, reason });
      return this.#parts.settlement.fromDeath(attempt, outcome, words);
    });
    this.#ends.record(ended);
  }

  stop(): void {
    this.#stopped = true;
    this.#watch.stop();
    this.#ends.stop();
    for (const executor of this.#executors.values()) {
      for (const attempt of executor.inFlight.values()) clearTimeout(attempt.backstop);
      executor.connection?.terminate();
    }
  }
}
