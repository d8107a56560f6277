/**
 * The dispatcher on a real database, with executors that are only counted: what is handed out, and when,
 * on a clock that the test moves. It can be reopened as after a kill.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import type { WebSocket } from 'ws';
import { Dispatcher } from '../../src/core/dispatcher.ts';
import { InHand } from '../../src/core/in-hand.ts';
import { JobTypes } from '../../src/core/job-types.ts';
import { Lanes } from '../../src/core/lanes.ts';
import { RemoteExecutor } from '../../src/core/remote-executor.ts';
import { TypeGuard } from '../../src/core/type-guard.ts';
import type { Assignment, Fence } from '../../src/protocol/execute.ts';
import type { AttemptOutcome } from '../../src/protocol/jobs.ts';
import type { NewJob } from '../../src/queue/job.ts';
import type { LimitRules } from '../../src/queue/limits.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { endOfAttempt, judged, NOW, newJob } from '../contract/job-fixture.ts';
import { assemble, type SqliteStores } from '../contract/stores.ts';
import { manifest } from './scripted-executor.ts';

const SILENT = pino({ level: 'silent' });

export interface Started extends Assignment {
  readonly executor: RemoteExecutor;
  readonly at: number;
}

export class DispatchStand {
  readonly executors: RemoteExecutor[] = [];
  /** Everything that was ever handed out, in order. */
  readonly started: Started[] = [];
  /** How many came with each message. */
  readonly batches: number[] = [];
  readonly failures: unknown[] = [];
  now = NOW;
  /** The times that the dispatcher wants to be woken at. */
  expected: number[] = [];
  lanes = new Lanes();
  guard = this.#newGuard();
  readonly #directory = mkdtempSync(path.join(tmpdir(), 'taskbell-dispatch-'));
  readonly #limits: LimitRules;
  #stores: SqliteStores;

  constructor(limits: LimitRules) {
    this.#limits = limits;
    this.#stores = this.#open();
  }

  get stores(): SqliteStores {
    return this.#stores;
  }

  get running(): readonly Started[] {
    return this.started.filter(
      ({ executor, ...fence }) => executor.current(fence)?.attempt === fence.attempt,
    );
  }

  addExecutor(slots: number, types: readonly string[] = ['mail', 'scan']): RemoteExecutor {
    const name = `x${this.executors.length}`;
    const executor = new RemoteExecutor(name, { pid: process.pid, startTime: '' }, null);
    executor.offer({
      ...{ kind: 'hello', executor: name, process: executor.process, slots, queues: [] },
      ...{ supervisorPid: process.pid, holding: [], types: types.map((type) => manifest(type)) },
    });
    const send = (text: string): void => {
      const { attempts } = JSON.parse(text) as { attempts: readonly Assignment[] };
      this.batches.push(attempts.length);
      this.started.push(...attempts.map((one) => ({ ...one, executor, at: this.now })));
    };
    executor.connection = { readyState: 1, send } as unknown as WebSocket;
    this.executors.push(executor);
    return executor;
  }

  async add(job: Partial<NewJob>, count = 1): Promise<void> {
    const jobs = Array.from({ length: count }, () => newJob(job));
    this.lanes.mark(jobs);
    await this.#stores.jobs.add(jobs, this.now);
    await this.settled();
  }

  async end(fences: readonly (Fence & { executor: RemoteExecutor })[], outcome: AttemptOutcome) {
    for (const fence of fences) fence.executor.drop(fence);
    const ends = fences.map((fence) => judged(endOfAttempt(fence, outcome), { now: this.now }));
    for (const answer of await this.#stores.jobs.end(ends)) {
      if (!answer.accepted) continue;
      this.lanes.release(answer.job);
      if (answer.next.kind === 'return') this.lanes.mark([answer.job]);
    }
    this.#stores.loop.nudge();
    await this.settled();
  }

  /** Time passes; what is due is queued, as the due clock does it. */
  async wait(ms: number): Promise<void> {
    this.now += ms;
    this.expected = this.expected.filter((at) => at > this.now);
    this.lanes.mark(await this.#stores.jobs.promote(this.now, 1_000));
    this.#stores.loop.nudge();
    await this.settled();
  }

  /** As after a kill: nothing is left but the database and the executors with what they hold. */
  async reopen(): Promise<void> {
    this.#stores.close();
    this.lanes = new Lanes();
    this.guard = this.#newGuard();
    this.expected = [];
    this.#stores = this.#open();
    this.lanes.mark(await this.#stores.jobs.lanes());
    this.#stores.loop.nudge();
    await this.settled();
  }

  /** Resolves when no claim follows another any more. */
  async settled(): Promise<void> {
    for (let quiet = 0, commits = -1; quiet < 4; quiet += 1) {
      await nextTurn();
      if (this.#stores.loop.commits !== commits) quiet = 0;
      commits = this.#stores.loop.commits;
    }
  }

  close(): void {
    this.#stores.close();
    rmSync(this.#directory, { recursive: true });
  }

  #newGuard(): TypeGuard {
    const now = () => this.now;
    const nudge = () => this.#stores.loop.nudge();
    const executors = () => this.executors;
    return new TypeGuard({ lanes: this.lanes, executors, log: SILENT, now, nowMono: now, nudge });
  }

  #open(): SqliteStores {
    const stores = assemble(openDatabase(path.join(this.#directory, 'taskbell.db')));
    const dispatcher = new Dispatcher({
      store: stores.jobs,
      types: new JobTypes([], '/nowhere'),
      lanes: this.lanes,
      limits: this.#limits,
      guard: this.guard,
      inHand: new InHand(SILENT),
      executors: () => this.executors,
      log: SILENT,
      now: () => this.now,
      nudge: () => stores.loop.nudge(),
      expect: (at) => void this.expected.push(at),
      refuse: async (jobs) => void this.failures.push(...jobs),
      onFailure: (error) => void this.failures.push(error),
    });
    stores.loop.onFlush(() => dispatcher.fill());
    return stores;
  }
}
