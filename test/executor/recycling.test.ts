import { describe, expect, it } from 'vitest';
import { attemptInStack, attemptName } from '../../src/executor/attempt-name.ts';
import { ExecutorProcess } from '../../src/executor/executor-process.ts';
import type { Host } from '../../src/executor/host.ts';
import { Recycler } from '../../src/executor/recycler.ts';
import { decideRecycling } from '../../src/executor/recycling-policy.ts';
import { isRunHere, successionProblem } from '../../src/executor/type-share.ts';
import { framesOf } from '../../src/process/main-stack.ts';
import { deadlineIn } from '../../src/process/service.ts';
import type { TypeManifest } from '../../src/protocol/execute.ts';
import { contextFor, hostFor, openWorkshop } from './workshop.ts';

const NEVER = { maxJobs: 0, maxMemory: 0 };

describe('decideRecycling', () => {
  it('lets a process go on for ever without limits', () => {
    expect(decideRecycling({ attempts: 1e9, residentBytes: 1e12 }, NEVER)).toBeNull();
  });

  it('replaces it after so many attempts, and not one before', () => {
    const limits = { ...NEVER, maxJobs: 10 };
    expect(decideRecycling({ attempts: 9, residentBytes: 0 }, limits)).toBeNull();
    expect(decideRecycling({ attempts: 10, residentBytes: 0 }, limits)).toContain('maxJobs 10');
  });

  it('replaces it beyond its size, and not at it', () => {
    const limits = { ...NEVER, maxMemory: 1_000 };
    expect(decideRecycling({ attempts: 1, residentBytes: 1_000 }, limits)).toBeNull();
    expect(decideRecycling({ attempts: 1, residentBytes: 1_001 }, limits)).toContain('1001 bytes');
  });
});

describe('Recycler', () => {
  function recycler(limits: { maxJobs: number; maxMemory: number }, bytes: () => number) {
    const asked: string[] = [];
    const clock = { nowMono: 0, measured: 0 };
    const made = new Recycler({
      limits,
      nowMono: () => clock.nowMono,
      residentBytes: () => {
        clock.measured += 1;
        return bytes();
      },
      ask: (reason) => asked.push(reason),
    });
    return { made, asked, clock };
  }

  it('asks once, and again after a minute: its successor may not have worked', () => {
    const { made, asked, clock } = recycler({ maxJobs: 2, maxMemory: 0 }, () => 0);
    for (const attempts of [1, 2, 3]) made.note(attempts);
    expect(asked).toHaveLength(1);
    clock.nowMono = 60_000;
    made.note(4);
    expect(asked).toHaveLength(2);
  });

  it('measures at most once a second, and never without a limit', () => {
    const { made, asked, clock } = recycler({ maxJobs: 0, maxMemory: 10 }, () => 5);
    for (let n = 0; n < 100; n += 1) made.note(n);
    expect(clock.measured).toBe(1);
    clock.nowMono = 1_000;
    made.note(101);
    expect(clock.measured).toBe(2);
    expect(asked).toEqual([]);
    const free = recycler(NEVER, () => 5);
    free.made.note(1);
    expect(free.clock.measured).toBe(0);
  });
});

describe('an executor that has worked enough', () => {
  async function runOne(quiet: boolean): Promise<readonly string[]> {
    const shop = await openWorkshop();
    const asked: string[] = [];
    const context = contextFor(shop);
    const { settings } = context;
    const executor = new ExecutorProcess(
      {
        ...context,
        settings: { ...settings, worker: { ...settings.worker, maxJobs: 1 } },
        askReplacement: (_replacement, reason) => asked.push(reason),
      },
      hostFor(shop),
    );
    try {
      shop.handler('noop.mjs', 'export default () => 1;');
      await executor.start();
      await shop.core.hello();
      if (quiet) shop.core.send({ kind: 'quiet' });
      shop.core.run({ id: '1', type: 'noop' });
      await shop.core.outcome('1');
      return asked;
    } finally {
      await executor.stop(deadlineIn(1_500));
      await shop.clear();
    }
  }

  it('asks for a successor', async () => {
    expect(await runOne(false)).toEqual([expect.stringContaining('maxJobs 1')]);
  });

  // The answer to one that retires would be a refusal, which a restart that waits for its end takes for its own.
  it('does not when it takes no more: it has a successor, or somebody looks at it', async () => {
    expect(await runOne(true)).toEqual([]);
  });
});

it('an executor whose loop turns again says a word, whatever it has to say: the report may have come after its last', async () => {
  const shop = await openWorkshop();
  try {
    shop.handler('noop.mjs', 'export default () => 1;');
    let over = () => {};
    const watchLoop: Host['watchLoop'] = (_facts, _log, onOver) => {
      over = onOver;
      return { count: () => {}, stop: () => {} };
    };
    await shop.start([], { watchLoop });
    over();
    const said = await shop.core.until(
      (received) => received.find(({ kind }) => kind !== 'hello'),
      'a word',
    );
    expect(said).toEqual({ kind: 'progress', progress: [] });
  } finally {
    await shop.clear();
  }
});

describe('isRunHere', () => {
  const jobs = [
    { name: 'mail', processes: 0 },
    { name: 'render', processes: 2 },
  ];

  it('leaves a type with processes of its own to them', () => {
    expect(['mail', 'render', 'scan'].filter((type) => isRunHere(type, jobs, null))).toEqual([
      'mail',
      'scan',
    ]);
    expect(['mail', 'render', 'scan'].filter((type) => isRunHere(type, jobs, 'render'))).toEqual([
      'render',
    ]);
  });
});

describe('successionProblem', () => {
  const manifest = (name: string, problem?: string): TypeManifest => ({
    ...{ name, kind: 'module', schema: false, settings: {} },
    ...(problem === undefined ? {} : { problem }),
  });

  it('names what the predecessor runs and its successor cannot load', () => {
    const predecessor = { pid: 1, types: ['mail', 'scan'] };
    const types = [manifest('mail', 'mail.mjs: SyntaxError'), manifest('scan')];
    expect(successionProblem(predecessor, types)).toBe('mail: mail.mjs: SyntaxError');
  });

  it.each([
    ['was broken before as well', { pid: 1, types: ['scan'] }, [manifest('mail', 'broken')]],
    ['is gone', { pid: 1, types: ['mail'] }, []],
    ['has no predecessor', null, [manifest('mail', 'broken')]],
  ])('lets a process go on when a type %s', (_why, predecessor, types) => {
    expect(successionProblem(predecessor, types)).toBeNull();
  });
});

describe('the name of an attempt on the stack', () => {
  it('is read out of the frames of V8, of the code that runs and of what waits for it', async () => {
    const fence = { id: '1042', attempt: 3 };
    let stack = '';
    const run = { [attemptName(fence)]: async () => await handler() };
    async function handler(): Promise<void> {
      await null;
      stack = String(new Error().stack);
    }
    await run[attemptName(fence)]?.();
    expect(attemptInStack(stack)).toEqual(fence);
    expect(attemptInStack('    at Object.attempt 2 of job 7 (file:///a.js:1:1)')).toEqual({
      id: '7',
      attempt: 2,
    });
  });

  it('is null where there is none', () => {
    expect(
      attemptInStack('Error: attempt 1 of job 2\n    at listOnTimeout (node:timers:1:1)'),
    ).toBeNull();
    expect(attemptInStack('')).toBeNull();
  });
});

describe('framesOf', () => {
  it('leaves the frames of the question out', () => {
    const stack = [
      'Error',
      '    at eval (eval at spin (file:///a.mjs:1:2), <anonymous>:1:85)',
      '    at spin (file:///a.mjs:1:2)',
      '    at async attempt 1 of job 2 (file:///b.js:3:4)',
    ].join('\n');
    expect(
      framesOf(stack)
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual(['at spin (file:///a.mjs:1:2)', 'at async attempt 1 of job 2 (file:///b.js:3:4)']);
  });
});
