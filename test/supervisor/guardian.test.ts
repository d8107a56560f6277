import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { CHILD_ARGUMENT } from '../../src/process/child-process.ts';
import { identityOf, isAlive, signal } from '../../src/process/process-identity.ts';
import { deadlineIn } from '../../src/process/service.ts';
import { RUN_MARK } from '../../src/protocol/execute.ts';
import { Guardian } from '../../src/supervisor/guardian.ts';
import { GUARDIAN_SCRIPT } from '../../src/supervisor/guardian-script.ts';
import { childrenOf, commandLineOf, RunningService, runMarkOf, until } from './running-service.ts';

const cleanUps: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** The promise is 5 s after the supervisor's death. */
const PROMISED_MS = 5_000;

function startSleeper(environment: Readonly<Record<string, string>>, argument = ''): number {
  // `sleep` itself takes no such argument: a shell that waits carries it on its command line.
  const script = 'sleep 1000 & wait';
  const child = spawn('/bin/sh', ['-c', script, 'sleeper', argument, 'x'], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env.PATH ?? '', ...environment },
  });
  if (child.pid === undefined) throw new Error('no shell');
  const group = child.pid;
  cleanUps.push(() => signal(-group, 'SIGKILL'));
  return group;
}

/** The shell without a supervisor around it: closing its input is the supervisor's death. */
function startScript(
  mark: string,
  procDirectory: string,
): { readonly end: (input: string) => Promise<void> } {
  const shell = spawn('/bin/sh', ['-c', GUARDIAN_SCRIPT, 'guardian', mark, procDirectory], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH ?? '' },
  });
  const gone = once(shell, 'exit');
  return {
    end: async (input) => {
      shell.stdin?.end(input);
      await gone;
    },
  };
}

describe('a killed supervisor', () => {
  it('leaves no process after 5 s, not even a blocked one and what that started', async () => {
    const running = new RunningService({
      worker: { processes: 2 },
      plan: { executor: { start: 'block' } },
    });
    cleanUps.push(() => running.dispose());
    await running.started();
    await running.count(2, (line) => line.msg === 'spawned');
    expect(running.survivors().length).toBeGreaterThanOrEqual(1 + 4 + 1 + 2);
    signal(running.pid, 'SIGKILL');
    await until(
      () => running.survivors().length === 0,
      () => `left: ${running.survivors().map(commandLineOf).join('; ')}`,
      PROMISED_MS,
    );
  });

  it('lets processes that can stop do so by themselves, with 3 s to do it in', async () => {
    const running = new RunningService({ plan: {} });
    cleanUps.push(() => running.dispose());
    await running.started();
    signal(running.pid, 'SIGKILL');
    await until(
      () => running.survivors().length === 0,
      () => 'still there',
      PROMISED_MS,
    );
    const remaining = running.state('stopping').map(Number);
    expect(remaining).toHaveLength(3);
    expect(remaining.every((ms) => ms > 2_500)).toBe(true);
  });

  it('is followed by the hard exit of a process whose stop hangs', async () => {
    const running = new RunningService({ mode: 'web_socket', plan: { gateway: { stop: 'hang' } } });
    cleanUps.push(() => running.dispose());
    await running.started();
    signal(running.pid, 'SIGKILL');
    await until(
      () => running.survivors().length === 0,
      () => 'still there',
      PROMISED_MS,
    );
  });
});

describe('the guardian', () => {
  it('is not marked, is replaced when it is killed, and still does its duty', async () => {
    const running = new RunningService({ plan: { executor: { start: 'block' } } });
    cleanUps.push(() => running.dispose());
    await running.started();
    const findGuardian = (): number | undefined =>
      childrenOf(running.pid).find((pid) => commandLineOf(pid).includes('taskbell-guardian'));
    const first = findGuardian() ?? 0;
    expect(runMarkOf(first)).toBeUndefined();
    expect(runMarkOf(running.pidOf('executor'))).toMatch(/^TASKBELL_RUN=.+/);
    signal(first, 'SIGKILL');
    await running.line((line) => line.msg === 'guardian ended unexpectedly and is restarted');
    await until(
      () => (findGuardian() ?? first) !== first,
      () => 'no new guardian',
      3_000,
    );
    signal(running.pid, 'SIGKILL');
    await until(
      () => running.survivors().length === 0,
      () => 'still there',
      PROMISED_MS,
    );
  });

  it('leaves a process of another run alone, even when its name begins the same', async () => {
    const own = startSleeper({ [RUN_MARK]: 'run-1' });
    const other = startSleeper({ [RUN_MARK]: 'run-12' });
    const [ownIdentity, otherIdentity] = [identityOf(own), identityOf(other)];
    await startScript(`${RUN_MARK}=run-1`, '/proc').end('');
    await until(
      () => !isAlive(ownIdentity),
      () => 'the own process lives',
      1_000,
    );
    expect(isAlive(otherIdentity)).toBe(true);
  });

  it('kills nothing when the supervisor says goodbye', async () => {
    const own = startSleeper({ [RUN_MARK]: 'run-2' });
    const identity = identityOf(own);
    await startScript(`${RUN_MARK}=run-2`, '/proc').end(`+ ${own}\nbye\n`);
    expect(isAlive(identity)).toBe(true);
  });

  it('where there is no /proc, kills the children that it was told of and that still are ours', async () => {
    const child = startSleeper({}, CHILD_ARGUMENT);
    const forgotten = startSleeper({}, CHILD_ARGUMENT);
    const stranger = startSleeper({});
    const identities = [child, forgotten, stranger].map(identityOf);
    const input = `+ ${child}\n+ ${forgotten}\n+ ${stranger}\n- ${forgotten}\n`;
    await startScript('unused=mark', '/nonexistent').end(input);
    await until(
      () => !isAlive(identities[0] ?? identityOf(0)),
      () => 'the child lives',
      1_000,
    );
    expect(identities.slice(1).map(isAlive)).toEqual([true, true]);
  });

  it('stops twice, before it was started, and while it is starting', async () => {
    const guardian = new Guardian({ run: 'run-3', log: pino({ level: 'silent' }) });
    await guardian.stop(deadlineIn(1_000));
    guardian.start();
    const pid = guardian.pid ?? 0;
    await Promise.all([guardian.stop(deadlineIn(1_000)), guardian.stop(deadlineIn(1_000))]);
    expect(isAlive(identityOf(pid))).toBe(false);
    expect(guardian.pid).toBeUndefined();
  });
});
