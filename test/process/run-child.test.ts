import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { CHILD_ARGUMENT } from '../../src/process/child-process.ts';

const FIXTURE = fileURLToPath(new URL('../supervisor/fixtures/service.mjs', import.meta.url));
const INIT = {
  kind: 'init',
  settings: { daemon: { logLevel: 'info', logFormat: 'json' } },
  role: 'gateway',
  index: 0,
  run: 'run-1',
  mode: 'up',
};

let started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
  started = [];
});

class Child {
  readonly process: ChildProcess;
  readonly messages: unknown[] = [];
  readonly exitCode: Promise<number | null>;
  #log = '';

  constructor(plan: { readonly start?: string; readonly stop?: string } = {}, role = 'gateway') {
    this.process = fork(FIXTURE, [CHILD_ARGUMENT, role], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, PLAN: JSON.stringify({ gateway: plan }) },
    });
    started.push(this.process);
    this.process.on('message', (message) => {
      // What it logs of its failure comes as well.
      if ((message as { kind?: string }).kind !== 'trouble') this.messages.push(message);
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.#log += chunk.toString();
    });
    // `close` follows `exit` once messages and log were read to their ends.
    this.exitCode = once(this.process, 'close').then(([code]) => code as number | null);
  }

  tell(...messages: readonly object[]): void {
    for (const message of messages) this.process.send(message);
  }

  async ready(): Promise<void> {
    while (!this.messages.some((message) => (message as { state?: string }).state === 'ready')) {
      await once(this.process, 'message');
    }
  }

  async heard(count: number): Promise<void> {
    while (this.messages.length < count) await once(this.process, 'message');
  }

  /** Does to it what the supervisor's death does. Node emits no `close` after this. */
  async orphan(): Promise<number | null> {
    const exit = once(this.process, 'exit');
    const log = this.process.stderr && once(this.process.stderr, 'close');
    this.process.disconnect();
    const [code] = await exit;
    await log;
    return code as number | null;
  }

  get steps(): readonly string[] {
    const lines = this.#log.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  }

  get log(): string {
    return this.#log;
  }
}

describe('a child process', () => {
  it('starts on init, announces itself, and exits with 0 after a stop', async () => {
    const child = new Child();
    child.tell(INIT);
    await child.ready();
    child.tell({ kind: 'stop', withinMs: 1_000 });
    expect(await child.exitCode).toBe(0);
    expect(child.messages).toEqual([{ kind: 'state', state: 'ready' }]);
    expect(child.steps).toEqual(['starting', 'stopping']);
  });

  it('passes a quiet on that came before the service existed', async () => {
    const child = new Child();
    child.tell(INIT, { kind: 'quiet' });
    await child.ready();
    child.tell({ kind: 'stop', withinMs: 1_000 });
    expect(await child.exitCode).toBe(0);
    expect(child.steps).toEqual(['quiet', 'starting', 'stopping']);
  });

  it('takes settings one after the other, and answers in their order', async () => {
    const child = new Child();
    child.tell(INIT);
    await child.ready();
    const settings = ['first', 'second'].map((name) => ({ daemon: { logLevel: 'info' }, name }));
    // The fixture takes the first ones when it is told to be quiet, after it has heard of the second.
    child.tell(...settings.map((one) => ({ kind: 'settings', settings: one })), { kind: 'quiet' });
    await child.heard(3);
    child.tell({ kind: 'stop', withinMs: 1_000 });
    expect(await child.exitCode).toBe(0);
    expect(child.messages.slice(1)).toEqual(
      settings.map(() => ({ kind: 'settings-taken', problem: null })),
    );
    const steps = child.steps.filter((step) => step.startsWith('tak'));
    expect(steps).toEqual(['taking first', 'taken first', 'taking second', 'taken second']);
  });

  it('exits with 0 when it is stopped before init, and while its code is loading', async () => {
    const waiting = new Child();
    waiting.tell({ kind: 'stop', withinMs: 1_000 });
    expect(await waiting.exitCode).toBe(0);
    const loading = new Child();
    loading.tell(INIT, { kind: 'stop', withinMs: 1_000 });
    expect(await loading.exitCode).toBe(0);
    expect(loading.messages).toEqual([]);
  });

  it('exits with the code of its error, and the supervisor has read why before', async () => {
    const child = new Child({ start: 'fatal:E_PORT_IN_USE' });
    child.tell(INIT);
    expect(await child.exitCode).toBe(73);
    expect(child.messages).toEqual([
      {
        kind: 'fatal',
        code: 'E_PORT_IN_USE',
        message: 'planned failure',
        hint: 'Change the plan.',
      },
    ]);
  });

  it('does not lose a message that fills the pipe many times over', async () => {
    const child = new Child({ start: 'fatalOfOneMegabyte' });
    child.tell(INIT);
    expect(await child.exitCode).toBe(74);
    expect((child.messages[0] as { message: string }).message).toHaveLength(1_048_576);
  });

  it.each([
    ['a rejected start', 'throw', 'planned mistake'],
    ['an error that nobody caught', 'uncaught', 'planned accident'],
  ])('exits with 70 and leaves the stack on the log after %s', async (_, start, message) => {
    const child = new Child({ start });
    child.tell(INIT);
    expect(await child.exitCode).toBe(70);
    expect(child.messages.at(-1)).toEqual({ kind: 'fatal', code: 'E_INTERNAL', message });
    expect(child.log).toMatch(new RegExp(`"stack":"Error: ${message}.*service\\.mjs`));
  });

  it('stops and exits with 69 when its supervisor is gone', async () => {
    const child = new Child();
    child.tell(INIT);
    await child.ready();
    expect(await child.orphan()).toBe(69);
    expect(child.steps).toEqual(['starting', 'supervisor is gone; stopping', 'stopping']);
  });

  it('exits 4 s after its supervisor is gone though its stop hangs', async () => {
    const child = new Child({ stop: 'hang' });
    child.tell(INIT);
    await child.ready();
    const startedMono = performance.now();
    expect(await child.orphan()).toBe(69);
    expect(performance.now() - startedMono).toBeLessThan(5_000);
  });

  it('refuses a role that does not exist, and to be started by hand', async () => {
    const unknown = new Child({}, 'toString');
    expect(await unknown.exitCode).toBe(64);
    expect(unknown.log).toContain('__child');
  });
});
