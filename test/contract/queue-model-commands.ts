/** What may happen to a queue, drawn at random: each command says in words what it does. */
import fc from 'fast-check';
import {
  type AttemptOutcome,
  DEPENDENCY_POLICIES,
  type JobState,
  UNIQUE_POLICIES,
} from '../../src/protocol/jobs.ts';
import type { PlainQueue } from './queue-model.ts';
import type { PlainAsk, PlainEnd } from './queue-model-job.ts';
import type { QueueLife } from './queue-model-life.ts';
import type { PlainLane, PlainRule } from './queue-model-turns.ts';

const TYPES = ['mail', 'scan'] as const;
const QUEUES = ['default', 'slow'] as const;
const GROUPS = [null, 'acme', 'brown'] as const;
const LANES: readonly PlainLane[] = QUEUES.flatMap((queue) =>
  TYPES.flatMap((type) => GROUPS.map((group) => ({ queue, type, group }))),
);

type Command = fc.AsyncCommand<PlainQueue, QueueLife>;

function command(
  words: string,
  act: (life: QueueLife) => Promise<unknown>,
  check: (plain: PlainQueue) => boolean = () => true,
): Command {
  return {
    check,
    run: (_, life) => life.take(words, () => act(life)),
    toString: () => words,
  };
}

// -- adds -----------------------------------------------------------------------------------------

const unique = fc.record({
  key: fc.constantFrom('k', 'l'),
  policy: fc.constantFrom(...UNIQUE_POLICIES),
  windowMs: fc.constantFrom(null, 1_000, 4_000),
  waitMs: fc.constantFrom(500, 3_000),
  maxWaitMs: fc.constantFrom(null, 4_000),
});

const wish = fc.record({
  type: fc.constantFrom('mail', ...TYPES),
  queue: fc.constantFrom('default', 'default', ...QUEUES),
  group: fc.constantFrom(null, null, null, ...GROUPS),
  priority: fc.nat(2),
  retries: fc.constantFrom(2, 1, 0),
  inMs: fc.constantFrom(null, null, null, 1_000, 5_000),
  unique: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: unique }),
  /** Places, of members of the request and of jobs. */
  members: fc.oneof(fc.constant<number[]>([]), fc.array(fc.nat(4), { maxLength: 2 })),
  jobs: fc.oneof(
    { weight: 3, arbitrary: fc.constant<number[]>([]) },
    { weight: 1, arbitrary: fc.array(fc.nat(9), { maxLength: 2 }) },
  ),
  delayed: fc.boolean(),
  onDependencyFailure: fc.constantFrom(...DEPENDENCY_POLICIES),
});

type Wish = typeof wish extends fc.Arbitrary<infer W> ? W : never;

function askOf(one: Wish, place: number, plain: PlainQueue): PlainAsk {
  const { type, queue, group, priority, retries, inMs, delayed } = one;
  const afterMembers = [...new Set(one.members.filter((member) => member < place))];
  const afterJobs = [...new Set(one.jobs.map((job) => idAt(plain, job)).filter((id) => id > 0))];
  const depends = afterMembers.length + afterJobs.length > 0;
  const pauses = depends && delayed;
  return {
    ...{ type, queue, group, priority, retries, afterMembers, afterJobs },
    payload: `"${plain.lastId}-${place}-${plain.now}"`,
    runAt: inMs === null || pauses ? null : plain.now + inMs,
    delayMs: pauses ? inMs : null,
    unique: one.unique && depends ? { ...one.unique, policy: gentle(one) } : one.unique,
    onDependencyFailure: depends ? one.onDependencyFailure : 'fail',
  };
}

/** One that depends on others cannot take another's place. */
function gentle({ unique: asked }: Wish) {
  const policy = asked?.policy ?? 'keep-first';
  return policy === 'reject' || policy === 'throttle' ? policy : 'keep-first';
}

function wishWords({ type, queue, group, priority, retries, ...one }: Wish, place: number): string {
  const members = one.members.filter((member) => member < place).map((member) => `r${member}`);
  const after = [...members, ...one.jobs.map((job) => `job%${job}`)];
  const { unique: asked } = one;
  return [
    `r${place}: ${type} in ${queue}`,
    ...(group === null ? [] : [`of ${group}`]),
    ...(priority === 0 ? [] : [`priority ${priority}`]),
    ...(retries === 2 ? [] : [`retries ${retries}`]),
    ...(one.inMs === null ? [] : [`in ${one.inMs} ms`]),
    ...(after.length === 0 ? [] : [`after ${after.join(' ')} or ${one.onDependencyFailure}`]),
    ...(asked === null ? [] : [uniqueWords(asked)]),
  ].join(', ');
}

function uniqueWords(asked: NonNullable<Wish['unique']>): string {
  const { key, policy, windowMs, waitMs, maxWaitMs } = asked;
  const wait = policy === 'debounce' ? ` ${waitMs} ms at most ${maxWaitMs}` : '';
  return `key ${key} ${policy}${wait}${windowMs === null ? '' : ` for ${windowMs} ms`}`;
}

const add = fc.array(wish, { minLength: 1, maxLength: 6, size: 'max' }).map((wishes) => {
  const words = `add ${wishes.map(wishWords).join('; ')}`;
  return command(words, (life) =>
    life.add(wishes.map((one, place) => askOf(one, place, life.plain))),
  );
});

// -- claims and ends ------------------------------------------------------------------------------

const claim = fc
  .record({
    executor: fc.constantFrom('e1', 'e2'),
    limit: fc.constantFrom(1, 2, 4),
    types: fc.constantFrom<readonly string[]>(TYPES, ['mail']),
    groups: fc.constantFrom<readonly (string | null)[]>(GROUPS, GROUPS, [null], ['acme']),
    turn: fc.nat(5),
  })
  .map(({ executor, limit, types, groups, turn }) => {
    const some = LANES.filter(({ type, group }) => types.includes(type) && groups.includes(group));
    const from = turn % some.length;
    const lanes = [...some.slice(from), ...some.slice(0, from)];
    const what = `${types.join('+')} of ${groups.map((group) => group ?? 'none').join('+')} from lane ${from}`;
    return command(`${executor} claims ${limit} ${what}`, (life) => {
      const open = lanes.filter(({ queue }) => life.plain.modes.get(queue) !== 'paused');
      return life.claim({ executor, limit, lanes: open });
    });
  });

const OUTCOMES: readonly AttemptOutcome[] = [
  ...(['succeeded', 'error', 'timeout', 'crash'] as const),
  ...(['cancelled', 'rejected', 'interrupted', 'snoozed'] as const),
];

const end = fc
  .array(
    fc.record({
      at: fc.nat(5),
      outcome: fc.oneof(
        fc.constantFrom('succeeded' as const, 'crash' as const),
        fc.constantFrom(...OUTCOMES),
      ),
      contained: fc.boolean(),
      retryable: fc.constantFrom(true, true, false),
      emits: fc.boolean(),
      late: fc.constantFrom(0, 0, 0, 1),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((ends) => {
    const words = ends.map(({ at, outcome, contained, retryable, late }) => {
      const how = `${contained ? ' contained' : ''}${retryable ? '' : ' for good'}`;
      return `running%${at} ${outcome}${how}${late ? ' by an old attempt' : ''}`;
    });
    return command(
      `end ${words.join(', ')}`,
      (life) => {
        const running = life.plain.in('running');
        const all = ends.flatMap(({ at, late, ...how }): readonly PlainEnd[] => {
          const job = running[at % running.length];
          return job === undefined ? [] : [{ ...how, id: job.id, attempt: job.attempt - late }];
        });
        return life.end(all);
      },
      isSomeRunning,
    );
  });

const progress = fc.tuple(fc.nat(5), fc.constantFrom(0, 0, 1)).map(([at, late]) =>
  command(
    `running%${at} tells of progress${late ? ' in an old attempt' : ''}`,
    async (life) => {
      const running = life.plain.in('running');
      const job = running[at % running.length];
      if (job !== undefined) await life.progress(job.id, job.attempt - late);
    },
    isSomeRunning,
  ),
);

function isSomeRunning(plain: PlainQueue): boolean {
  return plain.in('running').length > 0;
}

// -- the rest -------------------------------------------------------------------------------------

/** Of those there ever were; sometimes of one that never was. */
function idAt({ lastId }: PlainQueue, at: number): number {
  return lastId === 0 ? 0 : 1 + (at % (lastId + (at > 8 ? 1 : 0)));
}

function isSomeThere({ lastId }: PlainQueue): boolean {
  return lastId > 0;
}

const place = fc.nat(9);

const cancel = place.map((at) =>
  command(`cancel job%${at}`, (life) => life.cancel(idAt(life.plain, at)), isSomeThere),
);

const retry = fc.tuple(place, fc.boolean()).map(([at, dependents]) => {
  const words = `retry job%${at}${dependents ? ' with dependents' : ''}`;
  return command(words, (life) => life.retry(idAt(life.plain, at), dependents), isSomeThere);
});

const promote = fc.constant(command('promote', (life) => life.promote()));

const pass = fc.constantFrom(500, 1_000, 2_500, 8_000, -500, -3_000, -20_000).map((ms) =>
  command(`the clock moves by ${ms} ms`, async (life) => {
    life.plain.now += ms;
  }),
);

const mode = fc
  .tuple(fc.constantFrom(...QUEUES), fc.constantFrom('paused', 'draining', 'open', 'open', 'open'))
  .map(([queue, state]) =>
    command(`${queue} is ${state}`, (life) => life.setMode(queue, state as 'open')),
  );

const STATES: readonly (readonly JobState[])[] = [
  ['failed', 'cancelled'],
  ['failed'],
  ['succeeded'],
  ['waiting', 'scheduled', 'queued', 'retrying'],
  ['running'],
  ['waiting', 'scheduled', 'queued', 'running', 'retrying', 'succeeded', 'failed', 'cancelled'],
];

const many = fc
  .record({
    verb: fc.constantFrom('cancel' as const, 'retry' as const, 'purge' as const, 'move' as const),
    states: fc.constantFrom(...STATES),
    type: fc.constantFrom(null, ...TYPES),
    queue: fc.constantFrom(...QUEUES),
  })
  .map(({ verb, states, type, queue }) => {
    const words = `${verb}${verb === 'move' ? ` to ${queue}` : ''} all ${type ?? ''} ${states.join('+')}`;
    return command(words, (life) => life.changeMany(verb, { states, type }, queue), isSomeThere);
  });

const forget = fc
  .constantFrom('succeeded' as const, 'failed' as const, 'cancelled' as const)
  .map((state) => command(`forget the ${state}`, (life) => life.forget(state), isSomeThere));

const restart = fc.constant(command('restart', (life) => life.restart()));

/** The more often a thing is named, the more often it happens. */
export const history = fc.commands(
  [
    ...[add, add, add, add, claim, claim, claim, claim, end, end, end, end, end],
    ...[cancel, retry, retry, promote, promote, pass, pass, mode, many, forget, restart, progress],
  ],
  { maxCommands: 60, size: 'max' },
);

const rule = fc.record({
  at: fc.constantFrom(
    ...QUEUES.map((name) => ({ on: 'queue' as const, name })),
    ...TYPES.map((name) => ({ on: 'type' as const, name })),
  ),
  perGroup: fc.boolean(),
  concurrency: fc.constantFrom(null, 1, 2, 3),
  burst: fc.constantFrom(null, null, 1, 3),
});

export const limits = fc
  .uniqueArray(rule, {
    maxLength: 3,
    selector: ({ at, perGroup }) => `${at.on} ${at.name} ${perGroup}`,
  })
  .map((all) => all.map(({ at, ...own }): PlainRule => ({ ...at, ...own })));
