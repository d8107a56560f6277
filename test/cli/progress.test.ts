import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CliContext } from '../../src/cli/cli-context.ts';
import type { CliWorld } from '../../src/cli/cli-world.ts';
import { Interruption } from '../../src/cli/interruption.ts';
import { readOutputModes } from '../../src/cli/output-modes.ts';
import { describeProgress, type Progress, withProgress } from '../../src/cli/progress.ts';
import { createWorld, type Gathered } from './run-command.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Takes the line that was drawn away. */
const CLEAR = '\r\u001b[2K';

interface Setting {
  readonly argv?: readonly string[];
  readonly isTerminal?: boolean;
  readonly columns?: number;
  readonly onInterrupt?: CliWorld['onInterrupt'];
}

function setUp({ argv = [], isTerminal = true, columns = 80, onInterrupt }: Setting = {}) {
  const world: Gathered = createWorld({
    cwd: '/',
    spins: isTerminal,
    columns,
    ...(onInterrupt === undefined ? {} : { onInterrupt }),
  });
  const ctx = new CliContext(world.world, readOutputModes(argv), () => ({}));
  const run = <T>(work: (progress: Progress) => Promise<T>) =>
    withProgress(ctx, { label: 'importing', goesOn: () => 'nothing is lost' }, work);
  return { ctx, run, stderr: world.stderr };
}

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('the bar, the text and the seconds stand in one line', () => {
  expect(describeProgress('importing', { share: 0.42, text: '420 jobs' }, 12_345)).toBe(
    'importing [##########--------------]  42 %  420 jobs  12 s',
  );
  expect(describeProgress('compacting', {}, 3_999)).toBe('compacting  3 s');
  expect(describeProgress('copying', { share: 0 / 0 }, 0)).toBe('copying  0 s');
});

test.each([-1, 0, 1, 7])('a share of %d draws a bar of its usual width', (share) => {
  expect(describeProgress('x', { share }, 0)).toMatch(/^x \[[#-]{24}\] +\d+ % {2}0 s$/);
});

test('on a terminal one line is drawn again and again, and taken away at the end', async () => {
  const { run, stderr } = setUp();
  await run(async (progress) => {
    await later(200);
    progress.show({ share: 0.5, text: 'half' });
    await later(200);
    progress.show({ share: 1, text: 'whole' });
  });
  expect(stderr()).toContain('\r\u001b[2Kimporting [############------------]  50 %  half  0 s');
  expect(stderr().endsWith(`100 %  whole  0 s${CLEAR}`)).toBe(true);
  expect(stderr()).not.toContain('\n');
});

test('what is told faster than anyone reads is not drawn', async () => {
  const { run, stderr } = setUp();
  await run(async (progress) => {
    await later(200);
    for (let i = 0; i < 1_000; i += 1) progress.show({ text: `${i} jobs` });
  });
  expect(stderr().match(/jobs/g)).toHaveLength(1);
});

test('work that tells nothing still counts seconds', async () => {
  const { run, stderr } = setUp();
  await run(() => later(2_500));
  expect(stderr()).toContain('importing  2 s');
});

test('what is over in a moment draws nothing', async () => {
  const { run, stderr } = setUp();
  expect(await run(async () => 7)).toBe(7);
  expect(stderr()).toBe('');
});

test('the line never fills the terminal, which would break it', async () => {
  const { run, stderr } = setUp({ columns: 20 });
  await run(async (progress) => {
    await later(200);
    progress.show({ share: 0.5, text: 'a long text that nobody has room for' });
  });
  for (const drawn of stderr().split(CLEAR)) expect(drawn.length).toBeLessThan(20);
});

test('what a phase is called acts upon no terminal', async () => {
  const { run, stderr } = setUp();
  await run(async (progress) => {
    await later(200);
    progress.show({ text: 'one\u001b[2J\ntwo' });
  });
  expect(stderr()).toContain('one [2J two');
});

test('an error takes the line away before it is told', async () => {
  const { run, stderr } = setUp();
  const failing = run(async (progress) => {
    await later(200);
    progress.show({ text: 'so far' });
    throw new Error('no more');
  });
  await expect(failing).rejects.toThrow('no more');
  expect(stderr().endsWith(CLEAR)).toBe(true);
  await later(5_000);
  expect(stderr().endsWith(CLEAR)).toBe(true);
});

test('off a terminal nothing is told, and with --verbose a line every ten seconds', async () => {
  const silent = setUp({ isTerminal: false });
  await silent.run(() => later(35_000));
  expect(silent.stderr()).toBe('');

  const verbose = setUp({ isTerminal: false, argv: ['--verbose'] });
  await verbose.run(async (progress) => {
    progress.show({ share: 0.25 });
    await later(25_000);
  });
  const bar = '[######------------------]  25 %';
  expect(verbose.stderr()).toBe(`importing ${bar}  10 s\nimporting ${bar}  20 s\n`);
});

test('with --quiet nothing is told, on a terminal either', async () => {
  const { run, stderr } = setUp({ argv: ['--quiet'] });
  await run(async (progress) => {
    await later(2_000);
    progress.show({ share: 1 });
  });
  expect(stderr()).toBe('');
});

test('Ctrl-C aborts the work, takes the line away and says what goes on', async () => {
  let press: () => void = () => undefined;
  let isHeard = false;
  const { ctx, run, stderr } = setUp({
    onInterrupt: (listener) => {
      isHeard = true;
      press = () => listener('SIGINT');
      return () => {
        isHeard = false;
      };
    },
  });
  const running = run(async (progress) => {
    await later(200);
    progress.show({ text: 'so far' });
    press();
    ctx.signal.throwIfAborted();
  });
  await expect(running).rejects.toThrow(Interruption);
  expect(ctx.interruption).toMatchObject({
    message: 'interrupted: nothing is lost',
    exitCode: 130,
  });
  expect(stderr().endsWith(CLEAR)).toBe(true);
  expect(isHeard).toBe(false);
});
