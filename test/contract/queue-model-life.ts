/**
 * One store beside the plain model: each request goes to both, every answer is compared, and after it all
 * that can be seen from outside. Keeps the story, which a failure tells.
 */
import type { LogRow } from '../../src/log/event-log.ts';
import { isFinished, JOB_STATES, type JobState } from '../../src/protocol/jobs.ts';
import type { QueueMode } from '../../src/protocol/status.ts';
import type { JobRecord, NewJob } from '../../src/queue/job.ts';
import type { BulkChange, ClaimAnswer, FinishedState } from '../../src/queue/job-store.ts';
import { claiming, endOfAttempt, judged, NOW, newJob, rules } from './job-fixture.ts';
import { PlainQueue, SNOOZE_MS } from './queue-model.ts';
import {
  type PlainAsk,
  type PlainEnd,
  type PlainFilter,
  type PlainJob,
  waitsFor,
} from './queue-model-job.ts';
import {
  isSame,
  laneOf,
  type PlainClaim,
  type PlainRule,
  PlainTurns,
  partiesOf,
} from './queue-model-turns.ts';
import {
  byNumber,
  claimedOf,
  differences,
  endOf,
  handedOf,
  numberOf,
  saidBy,
  seenOf,
  statedOf,
  viewOf,
  wordsOf,
} from './queue-model-views.ts';
import type { Reopenable } from './reopenable-stores.ts';

type Verb = BulkChange['verb'];

const HALF = { fraction: 0.5 };

export class QueueLife {
  readonly plain = new PlainQueue(NOW);
  readonly #stores: Reopenable;
  readonly #rules: readonly PlainRule[];
  readonly #turns: PlainTurns;
  readonly #story: string[] = [];
  /** The newest row of each topic. */
  readonly #last = new Map<string, string>();
  #seq = 0;

  constructor(stores: Reopenable, limits: readonly PlainRule[]) {
    this.#stores = stores;
    this.#rules = limits;
    this.#turns = new PlainTurns(this.plain, limits);
    this.#story.push(...limits.map(wordsOf));
  }

  get #jobs() {
    return this.#stores.current().jobs;
  }

  /** One step of the story, and a look at everything. */
  async take(words: string, step: () => Promise<unknown>): Promise<void> {
    this.#story.push(words);
    await step();
    await this.#look();
  }

  /** What came of the step. */
  note(words: string): void {
    this.#story.push(`${this.#story.pop()} → ${words}`);
  }

  // -- requests -----------------------------------------------------------------------------------

  async add(asks: readonly PlainAsk[]): Promise<void> {
    const expected = this.plain.add(asks);
    const wanted = asks.map((ask, place) => this.#newJob(ask, place));
    const got = await this.#jobs.add(wanted, this.plain.now).then(
      (outcomes) =>
        outcomes.map(({ job, duplicate, unique }) => {
          return { id: numberOf(job.id), duplicate, ...(unique && { unique }) };
        }),
      (error: { code?: string }) => error.code ?? String(error),
    );
    this.#same('the answer', got, expected);
    this.note(JSON.stringify(expected));
  }

  #newJob(ask: PlainAsk, place: number): NewJob {
    const { type, queue, group, priority, payload, retries, unique, onDependencyFailure } = ask;
    const { delayMs, afterMembers, afterJobs } = ask;
    const after = [...afterMembers.map((member) => `r${member}`), ...afterJobs.map(this.#idOf)];
    const waitMs = unique?.policy === 'debounce' ? unique.waitMs : null;
    return newJob({
      ...{ type, queue, group, priority, payload, retries, onDependencyFailure, after },
      ref: `r${place}`,
      runAt: waitMs === null ? ask.runAt : this.plain.now + waitMs,
      ...(delayMs === null ? {} : { delayMs }),
      ...(unique && {
        uniqueKey: unique.key,
        unique: { ...unique, delayMs: waitMs ?? 0 },
      }),
    });
  }

  async claim(asked: PlainClaim): Promise<void> {
    const { executor, limit, lanes } = asked;
    const turns = this.#turns.turns(asked);
    const idle = !this.plain.in('running').some((job) => job.executor === executor);
    const { now } = this.plain;
    const answer = await this.#jobs.claim(
      claiming({ executor, limit, lanes, idle, now, limits: rules(statedOf(this.#rules)) }),
    );
    const got = answer.jobs.map(({ id }) => numberOf(id));
    this.note(`got ${got.join(' ') || 'nothing'}`);
    this.#checkTurn(got, turns, asked);
    this.#turns.spend(turns.slice(0, got.length));
    for (const id of got) this.plain.start(id, executor);
    const expected = got.map((id) => this.plain.jobs.get(id) as PlainJob);
    this.#same('what the executor gets', answer.jobs.map(claimedOf), expected.map(handedOf));
    this.#checkLanes(answer);
  }

  /** Those whose turn it is, from the first on; fewer than there is room for only among several parties. */
  #checkTurn(got: readonly number[], turns: readonly PlainJob[], asked: PlainClaim): void {
    const all = turns.slice(0, asked.limit).map(({ id }) => id);
    const isOne = partiesOf(asked.lanes).length === 1;
    this.#same('the jobs that start', got, isOne ? all : all.slice(0, got.length));
    this.#same('something starts', got.length > 0, all.length > 0);
  }

  /** A lane that is said to be empty, or held, is not asked again until something happens. */
  #checkLanes({ emptyLanes, heldLanes }: ClaimAnswer): void {
    const queued = (lane: PlainClaim['lanes'][number]) =>
      this.plain.in('queued').filter((job) => isSame(laneOf(job), lane)).length;
    for (const lane of emptyLanes) this.#same(`queued in ${JSON.stringify(lane)}`, 0, queued(lane));
    for (const { lane } of heldLanes) {
      this.#same(`room in ${JSON.stringify(lane)}`, false, this.#turns.hasRoom(lane));
    }
  }

  async end(ends: readonly PlainEnd[]): Promise<void> {
    const { now } = this.plain;
    const expected = ends.map((end) => this.plain.end(end));
    const answers = await this.#jobs.end(
      ends.map(({ id, attempt, outcome, contained, retryable, emits }) =>
        judged(
          endOfAttempt({ id: this.#idOf(id), attempt }, outcome, {
            ...{ contained, retryable, retryAfterMs: outcome === 'snoozed' ? SNOOZE_MS : null },
            events: emits ? [{ type: 'order', id: '7', data: [] }] : [],
          }),
          { now },
        ),
      ),
    );
    this.#same(
      'accepted',
      answers.map(({ accepted }) => accepted),
      expected,
    );
    const released = answers.flatMap((answer) => (answer.accepted ? (answer.released ?? []) : []));
    for (const { runAt, ...lane } of released) {
      const there = this.plain.in('queued', 'scheduled').filter((job) => isSame(laneOf(job), lane));
      this.#same(
        `released at ${runAt}`,
        there.some((job) => job.runAt === runAt),
        true,
      );
    }
  }

  async progress(id: number, attempt: number): Promise<void> {
    this.plain.progress(id, attempt);
    await this.#jobs.recordProgress({ id: this.#idOf(id), attempt }, HALF, this.plain.now);
  }

  async promote(): Promise<void> {
    this.plain.promote();
    await this.#jobs.promote(this.plain.now, 1_000);
  }

  async cancel(id: number): Promise<void> {
    const expected = this.plain.cancel(id);
    this.#same(
      'the answer',
      (await this.#jobs.cancel(this.#idOf(id), this.plain.now)).kind,
      expected,
    );
  }

  async retry(id: number, dependents: boolean): Promise<void> {
    const { now } = this.plain;
    const expected = this.plain.retry(id, dependents);
    const answer = await this.#jobs.retry(this.#idOf(id), now, { dependents });
    const many = 'dependents' in answer ? { dependents: answer.dependents } : {};
    this.#same('the answer', { kind: answer.kind, ...many }, expected);
    this.note(JSON.stringify(expected));
  }

  async setMode(queue: string, mode: QueueMode): Promise<void> {
    this.plain.setMode(queue, mode);
    await this.#jobs.setMode(queue, mode, this.plain.now);
  }

  async changeMany(verb: Verb, filter: PlainFilter, queue: string): Promise<void> {
    const { now } = this.plain;
    const criteria = {
      ...{ ids: null, queue: null, group: null, userId: null, type: filter.type, error: null },
      ...{ createdBefore: null, createdAfter: null, settledBefore: null },
      states: new Set(filter.states),
    };
    const ids: string[] = [];
    for (let after: string | null = null, on = true; on; on = after !== null) {
      const page = await this.#jobs.scan({ criteria, after, limit: 3 });
      ids.push(...page.found.map(({ id }) => id));
      after = page.next;
    }
    const found = this.plain.fits(filter).map(({ id }) => id);
    this.#same('those that fit', ids.map(numberOf).sort(byNumber), found);
    const expected = ids.map((id) => {
      const still = this.plain.fits(filter).some((job) => job.id === numberOf(id));
      return still ? this.plain.change(numberOf(id), verb, queue) : 'passed';
    });
    const change = { criteria, now, verb, queue } as BulkChange;
    const answers = await this.#jobs.changeMany(ids, change);
    this.#same(
      'the answers',
      answers.map(({ kind }) => kind),
      expected,
    );
    this.note(expected.join(' ') || 'nothing');
  }

  /** What retention does, whatever the age. */
  async forget(state: FinishedState): Promise<void> {
    const ids: string[] = [];
    for (let after: string | null = null, on = true; on; on = after !== null) {
      const page = await this.#jobs.endedAfter({ state, after, limit: 3 });
      ids.push(...page.ended.map(({ id }) => id));
      after = page.next;
    }
    const expected = this.plain.in(state).map(({ id }) => id);
    this.#same(`those that ended ${state}`, ids.map(numberOf), expected);
    const gone = expected.filter((id) => this.plain.remove(id) === 'removed');
    this.#same('gone', (await this.#jobs.removeEnded(ids)).removed, gone.length);
    this.note(`${gone.join(' ') || 'nobody'} gone`);
  }

  async restart(): Promise<void> {
    this.#stores.reopen();
  }

  /** Lets time pass and everything run until nothing is left. */
  async drain(): Promise<void> {
    for (const [queue, mode] of this.plain.modes) {
      if (mode === 'paused') await this.take(`open ${queue}`, () => this.setMode(queue, 'open'));
    }
    const unfinished = () => this.plain.all(({ state }) => !isFinished(state));
    for (let round = 0; unfinished().length > 0; round += 1) {
      const ids = unfinished().map(({ id }) => id);
      if (round > 500) throw this.#failure([`forgotten: ${ids.join(' ')} never end`]);
      await this.take(`drain, round ${round}`, async () => {
        this.plain.now += 60_000;
        await this.promote();
        const lanes = await this.#jobs.lanes();
        if (lanes.length > 0) await this.claim({ executor: `drain${round % 2}`, lanes, limit: 4 });
        const running = this.plain.in('running');
        const ends = running.map((job) => ({ ...endOf(job), outcome: 'succeeded' as const }));
        if (ends.length > 0) await this.end(ends);
      });
    }
    for (const { id, attempts } of this.plain.all(() => true)) {
      const kept = await this.#jobs.attempts(this.#idOf(id));
      this.#same(
        `the attempts of ${id}`,
        kept.map(({ attempt, outcome }) => [attempt, outcome]),
        attempts,
      );
    }
  }

  // -- comparing ----------------------------------------------------------------------------------

  async #look(): Promise<void> {
    const jobs = this.#jobs;
    const list = (await jobs.list({ limit: 1_000 })).jobs.toReversed();
    const plain = this.plain.all(() => true);
    this.#same(
      'the jobs',
      Object.fromEntries(list.map(seenOf)),
      Object.fromEntries(plain.map(viewOf)),
    );
    for (const job of plain.filter(({ state }) => !isFinished(state))) {
      if (job.parents.size === 0) continue;
      const counts = await jobs.countDependencies(this.#idOf(job.id));
      const { total, unfinished } = counts ?? { total: 0, unfinished: 0 };
      this.#same(
        `the dependencies of ${job.id}`,
        [total, unfinished],
        [job.parents.size, waitsFor(job)],
      );
    }
    await this.#lookAtCounts(list);
    this.#lookAtLog(
      await this.#stores.current().log.read({ after: String(this.#seq), limit: 1_000 }),
    );
  }

  async #lookAtCounts(list: readonly JobRecord[]): Promise<void> {
    const jobs = this.#jobs;
    const { plain } = this;
    const n = (...states: readonly JobState[]) => plain.in(...states).length;
    const live = JOB_STATES.filter((state) => !isFinished(state)).map((state) => [state, n(state)]);
    this.#same(
      'totals',
      { ...(await jobs.totals()) },
      { ...Object.fromEntries(live), ...plain.ends },
    );
    const kept = { succeeded: n('succeeded'), failed: n('failed'), cancelled: n('cancelled') };
    this.#same('kept', { ...(await jobs.kept()) }, kept);
    const due = plain.in('scheduled', 'retrying').map(({ runAt }) => runAt ?? 0);
    this.#same('next due', await jobs.nextDue(), due.length === 0 ? null : Math.min(...due));
    const lanes = new Set(plain.in('queued').map((job) => JSON.stringify(laneOf(job))));
    const seen = (await jobs.lanes()).map(({ queue, type, group }) =>
      JSON.stringify({ queue, type, group }),
    );
    this.#same('lanes', seen.sort(), [...lanes].sort());
    for (const { name, mode, counts } of await jobs.queues()) {
      this.#same(`the mode of ${name}`, mode, plain.modes.get(name) ?? 'open');
      for (const state of JOB_STATES.filter((one) => !isFinished(one))) {
        const there = plain.in(state).filter((job) => job.queue === name).length;
        this.#same(`${state} in ${name}`, counts[state] ?? 0, there);
      }
    }
    this.#lookAtKeys(list);
    this.#same(
      'running',
      (await jobs.running()).map(({ id }) => numberOf(id)).sort(byNumber),
      plain.in('running').map(({ id }) => id),
    );
  }

  #lookAtKeys(list: readonly JobRecord[]): void {
    const keys = list
      .filter(({ uniqueKey, state }) => uniqueKey !== null && !isFinished(state))
      .map(({ type, uniqueKey }) => `${type} ${uniqueKey}`);
    this.#same('keys that are held twice', keys.length - new Set(keys).size, 0);
  }

  #lookAtLog(rows: readonly LogRow[]): void {
    const seen = new Map<string, unknown[]>();
    for (const row of rows) {
      this.#seq += 1;
      const topic = `${row.type} ${row.type === 'job' ? numberOf(row.id) : row.id}`;
      const { seq, prev, at } = row;
      const place = {
        seq: String(this.#seq),
        prev: this.#last.get(topic) ?? null,
        at: this.plain.now,
      };
      this.#same(`the place of a row of ${topic}`, { seq, prev, at }, place);
      this.#last.set(topic, seq);
      seen.set(topic, [...(seen.get(topic) ?? []), { kind: row.kind, says: saidBy(row) }]);
    }
    const told = new Map<string, unknown[]>();
    for (const { topic, kind, says } of this.plain.told) {
      told.set(topic, [...(told.get(topic) ?? []), { kind, says }]);
    }
    this.plain.told = [];
    this.#same('the log', Object.fromEntries(seen), Object.fromEntries(told));
  }

  #same(what: string, got: unknown, expected: unknown): void {
    const wrong = differences(what, got, expected);
    if (wrong.length > 0) throw this.#failure(wrong);
  }

  #failure(wrong: readonly string[]): Error {
    const told = this.#story.map((line, n) => `  ${n + 1}. ${line}`);
    return new Error(['', ...told, ...wrong].join('\n'));
  }

  readonly #idOf = (id: number): string => `${this.#stores.prefix}${id}`;
}
