import { afterEach, describe, expect, it, vi } from 'vitest';
import { identityOf, isAlive, signal, signalGroup } from '../../src/process/process-identity.ts';
import type { ProcessView } from '../../src/protocol/supervision.ts';
import { RunningService, type ServicePlan, until } from './running-service.ts';

// Each starts several processes, on a machine that may be busy with others.
vi.setConfig({ testTimeout: 120_000 });

let service: RunningService | undefined;

function run(plan: ServicePlan = {}): RunningService {
  service = new RunningService(plan);
  return service;
}

afterEach(async () => {
  await service?.dispose();
  service = undefined;
});

const isRestart = (line: { readonly msg: string }): boolean =>
  line.msg === 'process ended unexpectedly and is restarted';

function processesSeenByCore(running: RunningService): readonly ProcessView[] {
  const line = running.lines.findLast((each) => each.msg === 'processes');
  return (line?.processes ?? []) as readonly ProcessView[];
}

describe('a service that starts', () => {
  it('says once that it is started, when every process works, and stops with 0', async () => {
    const running = run({ worker: { processes: 2 } });
    expect(await running.started()).toMatchObject({ mode: 'up', role: 'supervisor' });
    signal(running.pid, 'SIGTERM');
    expect(await running.exitCode).toBe(0);
    expect(running.lines.filter((line) => line.moment === 'started')).toHaveLength(1);
    expect(running.lines.filter((line) => line.moment === 'stopping')).toHaveLength(1);
    expect(running.survivors()).toEqual([]);
  });

  it('is not started while one process has not announced itself', async () => {
    const running = run({ plan: { gateway: { start: 'never' } } });
    await running.count(3, (line) => line.msg === 'starting');
    await until(
      () => processesSeenByCore(running).filter((view) => view.state === 'ready').length === 2,
      () => 'core and executor never became ready',
      30_000,
    );
    signal(running.pid, 'SIGTERM');
    expect(await running.exitCode).toBe(0);
    expect(running.lines.some((line) => line.moment === 'started')).toBe(false);
  });

  it('tells its core about every process, and a new core again', async () => {
    const running = run();
    await running.started();
    const ready = (): boolean =>
      processesSeenByCore(running).length === 4 &&
      processesSeenByCore(running).every((view) => view.state === 'ready');
    await until(ready, () => JSON.stringify(processesSeenByCore(running)), 30_000);
    const core = running.pidOf('core');
    expect(processesSeenByCore(running)).toMatchObject([
      { role: 'supervisor', pid: running.pid, restarts: 0 },
      { role: 'core', pid: core, restarts: 0 },
      { role: 'executor', pid: running.pidOf('executor') },
      { role: 'gateway', pid: running.pidOf('gateway') },
    ]);
    signal(core, 'SIGKILL');
    await running.line((line) => line.msg === 'processes' && line.pid !== core);
    await until(ready, () => JSON.stringify(processesSeenByCore(running)), 30_000);
    expect(processesSeenByCore(running)[1]).toMatchObject({
      role: 'core',
      pid: running.pidOf('core'),
      restarts: 1,
    });
  });

  it('takes a message of a handler for what it is', async () => {
    const running = run({ plan: { executor: { start: 'foreign' } } });
    await running.started();
    await running.line((line) => line.msg === 'message of another protocol ignored');
    signal(running.pid, 'SIGTERM');
    expect(await running.exitCode).toBe(0);
  });
});

describe('a process that ends unexpectedly', () => {
  it('is back at once after kill -9, with the others untouched', async () => {
    const running = run();
    await running.started();
    const [executor, gateway] = [running.pidOf('executor'), running.pidOf('gateway')];
    signal(executor, 'SIGKILL');
    const restart = await running.line(isRestart);
    expect(restart).toMatchObject({
      process: 'executor 0',
      pid: executor,
      signal: 'SIGKILL',
      restartInMs: 0,
    });
    await running.line(
      (line) => line.msg === 'starting' && line.role === 'executor' && line.pid !== executor,
    );
    expect(running.pidOf('gateway')).toBe(gateway);
    expect(isAlive(identityOf(gateway))).toBe(true);
  });

  it.each(['exit:0', 'exit:1', 'throw', 'uncaught'])(
    'is restarted with growing delays when each life ends by %s',
    async (start) => {
      const running = run({ plan: { executor: { start } } });
      const restarts = await running.count(3, isRestart);
      expect(restarts.slice(0, 3).map((line) => line.restartInMs)).toEqual([0, 100, 200]);
    },
  );

  it('makes its place degraded when it keeps ending: the log says so once, and the core sees it', async () => {
    const running = run({ plan: { executor: { start: 'exit:1' } } });
    const degraded = await running.line(
      (line) => line.msg.startsWith('process is degraded'),
      30_000,
    );
    expect(degraded).toMatchObject({ level: 50, process: 'executor 0', restarts: 5 });
    const flags = () =>
      processesSeenByCore(running).map(({ role, degraded: flag }) => [role, flag === true]);
    await expect.poll(flags, { timeout: 20_000 }).toEqual([
      ['supervisor', false],
      ['core', false],
      ['executor', true],
      ['gateway', false],
    ]);
  });

  it.each([
    ['core', { daemon: { memoryLimit: 1_048_576 } }],
    ['executor', { worker: { memoryLimit: 1_048_576 } }],
    ['gateway', { webSocketEvents: { memoryLimit: 1_048_576 } }],
  ])('is one that has grown beyond its memoryLimit, and is back: %s', async (role, plan) => {
    const running = run(plan);
    const grown = await running.line((line) => line.msg.includes('beyond memoryLimit'));
    expect(grown).toMatchObject({ level: 50, process: role, limit: 1_048_576 });
    const restart = await running.line(isRestart);
    expect(restart).toMatchObject({ pid: grown.grownPid, signal: 'SIGKILL' });
  });

  it('leaves its reason on the log when it failed by a mistake', async () => {
    const running = run({ plan: { executor: { start: 'uncaught' } } });
    expect(await running.line(isRestart)).toMatchObject({
      exitCode: 70,
      code: 'E_INTERNAL',
      problem: 'planned accident',
    });
    const failed = await running.line((line) => line.msg === 'process failed');
    expect(failed).toMatchObject({ level: 50, role: 'executor' });
    expect(JSON.stringify(failed.err)).toContain('service.mjs');
  });
});

describe('a process with a permanent reason', () => {
  it.each([
    ['E_DATABASE_INVALID', 65],
    ['E_PORT_IN_USE', 73],
    ['E_CONFIG', 78],
  ])('ends the whole service at the first start: %s gives %i', async (code, exitCode) => {
    const running = run({ plan: { gateway: { start: `fatal:${code}` } } });
    expect(await running.exitCode).toBe(exitCode);
    expect(running.lines.find((line) => line.exitCode === exitCode)).toMatchObject({
      level: 50,
      process: 'gateway',
      code,
      problem: 'planned failure',
      hint: 'Change the plan.',
    });
    expect(running.survivors()).toEqual([]);
  });

  it('is refused with 75 as a second owner where standing by is not allowed', async () => {
    const running = run({ daemon: { standby: false }, plan: { core: { start: 'fatal:E_OWNED' } } });
    expect(await running.exitCode).toBe(75);
  });

  it('ends the service later as well, unless it is a taken port', async () => {
    const refused = run({ plan: { core: { start: 'readyThenFatal:E_DATABASE_INVALID' } } });
    expect(await refused.exitCode).toBe(65);
    await refused.dispose();
    // The fixture calls no life steady: that the second one is a short one takes no clock.
    const retried = run({ plan: { gateway: { start: 'readyThenFatal:E_PORT_IN_USE' } } });
    expect((await retried.count(2, isRestart))[1]).toMatchObject({
      exitCode: 73,
      restartInMs: 100,
    });
  });

  it('is restarted with backoff when it is none, and the service comes up', async () => {
    const running = run({ plan: { core: { start: 'once:exit:74' } } });
    await running.started();
    expect(running.lines.filter(isRestart)).toHaveLength(1);
  });
});

describe('a service that stops', () => {
  it('quiets and stops executors first, then the gateway, then the core', async () => {
    const running = run({ worker: { processes: 2 } });
    await running.started();
    signal(running.pid, 'SIGINT');
    expect(await running.exitCode).toBe(0);
    const steps = running.lines.filter((line) => line.msg === 'quiet' || line.msg === 'stopping');
    expect(steps.map((line) => `${line.role} ${line.msg}`).toSorted()).toEqual(
      [
        'executor quiet',
        'executor quiet',
        'executor stopping',
        'executor stopping',
        'gateway stopping',
        'core stopping',
      ].toSorted(),
    );
    expect(steps.slice(-2).map((line) => line.role)).toEqual(['gateway', 'core']);
    const executor = steps.find((line) => line.msg === 'stopping');
    expect(executor?.remainingMs).toBeGreaterThan(5_000);
    expect(executor?.remainingMs).toBeLessThanOrEqual(7_000);
  });

  it('kills a hung process at its deadline, with what that left running, and still exits with 0', async () => {
    const running = run({
      daemon: { shutdownTimeout: 600 },
      plan: { executor: { start: 'block' }, gateway: { stop: 'hang' } },
    });
    const { descendant } = await running.line((line) => line.msg === 'spawned');
    await running.started();
    const hung = identityOf(Number(descendant));
    const startedMono = performance.now();
    signal(running.pid, 'SIGTERM');
    expect(await running.exitCode).toBe(0);
    expect(performance.now() - startedMono).toBeLessThan(600 + 5_000);
    expect(isAlive(hung)).toBe(false);
    expect(running.survivors()).toEqual([]);
    const killed = running.lines.filter((line) => line.msg.includes('did not stop in time'));
    expect(killed.map((line) => line.process)).toEqual(['executor 0', 'gateway']);
  });

  it('stops at once and exits with 75 on a second signal', async () => {
    const running = run({
      daemon: { shutdownTimeout: 60_000 },
      plan: { executor: { start: 'block' } },
    });
    await running.started();
    signal(running.pid, 'SIGTERM');
    await running.line((line) => line.moment === 'stopping');
    const startedMono = performance.now();
    signal(running.pid, 'SIGTERM');
    expect(await running.exitCode).toBe(75);
    // Far below what it would have waited for.
    expect(performance.now() - startedMono).toBeLessThan(30_000);
    expect(running.survivors()).toEqual([]);
  });

  it('stops while a process waits for its restart, and while others still start', async () => {
    const running = run({ plan: { executor: { start: 'exit:1' }, gateway: { start: 'never' } } });
    await running.count(4, isRestart);
    signal(running.pid, 'SIGTERM');
    expect(await running.exitCode).toBe(0);
    expect(running.survivors()).toEqual([]);
  });

  it('takes one Ctrl-C in a terminal, which reaches every process, as one orderly stop', async () => {
    const running = run();
    await running.started();
    signalGroup(running.pid, 'SIGINT');
    expect(await running.exitCode).toBe(0);
    expect(running.lines.some(isRestart)).toBe(false);
    expect(running.lines.filter((line) => line.msg === 'stopping')).toHaveLength(3);
  });

  it('ignores SIGHUP where there is nothing to read anew, and its processes ignore every stop signal but its own order', async () => {
    const running = run();
    await running.started();
    signal(running.pid, 'SIGHUP');
    await running.line((line) => line.msg.startsWith('SIGHUP ignored'));
    for (const role of ['core', 'executor', 'gateway']) {
      for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const)
        signal(running.pidOf(role), name);
    }
    signal(running.pid, 'SIGTERM');
    expect(await running.exitCode).toBe(0);
    expect(running.lines.some(isRestart)).toBe(false);
  });
});
