/**
 * One attempt in a process of its own, from its start to the moment when nobody of its group is left.
 *
 *   fork ─► running ─► ended ─ bye ─► gone ─► group reaped
 *              │ └ stop: told, SIGKILL to the group after the grace
 *              └ dies, or grows beyond the memory limit ─► crashed
 *
 * Whatever the handler does there (leave, loop, leak, fault) costs this attempt alone.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { identityOf, signalGroup } from '../process/process-identity.ts';
import { residentBytes } from '../process/process-memory.ts';
import { deadlineIn } from '../process/service.ts';
import { within } from '../process/within.ts';
import type { JobError } from '../protocol/jobs.ts';
import type { Environment } from './command-environment.ts';
import type { Ending, Run, StopReason, Usage } from './handler.ts';
import { type FromIsolated, parseFromIsolated, type ToIsolated } from './isolated-message.ts';
import { describeError } from './job-error.ts';
import type { BackoffSection } from './module-handler.ts';
import type { PrintedOutput } from './printed-output.ts';
import { type ProcessGroups, reapGroup, SURVIVOR_GRACE_MS } from './process-group.ts';
import { UsageSampler } from './process-usage.ts';

export interface IsolationSurroundings {
  /** The variables by which survivors are found. */
  readonly marks: Environment;
  readonly groups: ProcessGroups;
  /** Where what it prints goes; left out: nowhere. */
  readonly printed?: PrintedOutput | undefined;
  readonly eventTypes: readonly string[];
  /** Bytes; 0: none. */
  readonly memoryLimit: number;
}

export interface IsolatedModule {
  readonly file: string;
  readonly section: BackoffSection | null;
}

const CHILD = new URL('./isolated-child.js', import.meta.url);
const MEASURE_EVERY_MS = 500;
/** Everybody is gone who should have written. */
const LAST_PRINTS_MS = 1_000;

interface Exit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class IsolatedRun {
  readonly #module: IsolatedModule;
  readonly #around: IsolationSurroundings;
  readonly #run: Run;
  readonly #key = randomBytes(12).toString('hex');
  #ending: Ending | undefined;
  #fault: JobError | undefined;
  #grownTo = 0;

  constructor(module: IsolatedModule, around: IsolationSurroundings, run: Run) {
    this.#module = module;
    this.#around = around;
    this.#run = run;
  }

  async run(): Promise<Ending> {
    let child: ChildProcess;
    try {
      child = this.#fork();
      if (child.pid === undefined)
        throw await new Promise((resolve) => child.once('error', resolve));
    } catch (error) {
      return { kind: 'failed', error: describeError(error), retryable: true };
    }
    return await this.#attend(child, child.pid);
  }

  #fork(): ChildProcess {
    return fork(fileURLToPath(CHILD), [], {
      // A session of its own makes it the leader of a group that can be signalled as one.
      detached: true,
      // What a handler prints belongs to the log, as that of its neighbours does.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
      // biome-ignore lint/style/noProcessEnv: module handlers have the daemon's own environment, isolated or not.
      env: { ...process.env, ...this.#around.marks },
    });
  }

  async #attend(child: ChildProcess, pid: number): Promise<Ending> {
    const { groups } = this.#around;
    groups.add(pid);
    this.#run.sink.spawned(identityOf(pid));
    const usage = new UsageSampler(pid);
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    });
    const silent = new Promise<void>((resolve) => child.once('disconnect', resolve));
    const read = this.#readPrints(child);
    const disarm = [this.#armStop(child, pid), this.#armMemory(pid), this.#listen(child, usage)];
    usage.start();
    this.#tell(child, this.#start());
    const exit = await exited;
    // Before anything else is waited for: a stop that comes now has nothing to stop.
    const stopped = this.#run.signal.aborted;
    const used = usage.stop();
    // What it said last may be read after its exit was told.
    await within(silent, deadlineIn(SURVIVOR_GRACE_MS));
    for (const one of disarm) one();
    await reapGroup(pid, SURVIVOR_GRACE_MS);
    groups.delete(pid);
    await read();
    return this.#concluded(exit, used, stopped);
  }

  /** @returns waits for the last of it, unless somebody who has left the group holds on to the pipe */
  #readPrints(child: ChildProcess): () => Promise<void> {
    const { stdout, stderr } = child;
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    if (this.#around.printed === undefined) {
      stdout?.resume();
      stderr?.resume();
    } else this.#around.printed.read(this.#run.assignment, { stdout, stderr });
    return async () => {
      await within(closed, deadlineIn(LAST_PRINTS_MS));
      stdout?.destroy();
      stderr?.destroy();
    };
  }

  #start(): ToIsolated {
    const { assignment } = this.#run;
    const { eventTypes } = this.#around;
    return { kind: 'start', key: this.#key, ...this.#module, assignment, eventTypes };
  }

  /** @returns ends what it has armed */
  #listen(child: ChildProcess, usage: UsageSampler): () => void {
    let killer: NodeJS.Timeout | undefined;
    child.on('message', (value) => {
      const message = parseFromIsolated(value, this.#key);
      if (message === undefined || this.#ending !== undefined) return;
      this.#hear(message);
      if (message.kind !== 'ended') return;
      // It is still there with all that it has used.
      usage.sample();
      this.#tell(child, { kind: 'bye' });
      killer = setTimeout(() => signalGroup(child.pid as number, 'SIGKILL'), SURVIVOR_GRACE_MS);
    });
    // A handler has closed the channel: nothing more can be heard of it.
    child.once('disconnect', () => signalGroup(child.pid as number, 'SIGKILL'));
    child.on('error', () => {
      // A message could not be delivered: it is ending, which `exit` tells.
    });
    return () => clearTimeout(killer);
  }

  #hear(message: FromIsolated): void {
    const { sink } = this.#run;
    switch (message.kind) {
      case 'progress':
        sink.progress(message.value);
        return;
      case 'log':
        sink.log(message.level, message.text);
        return;
      case 'emit':
        this.#emit(message.event);
        return;
      case 'fault':
        this.#fault = message.error;
        return;
      case 'ended':
        this.#ending = endingOf(message);
    }
  }

  #emit(event: unknown): void {
    try {
      this.#run.sink.emit(event);
    } catch (error) {
      // The child has checked it by the same rules, so that the attempt must have ended meanwhile.
      this.#run.sink.log('error', `emit refused: ${describeError(error).message}`);
    }
  }

  #tell(child: ChildProcess, message: ToIsolated): void {
    if (child.connected) child.send(message, () => {});
  }

  #armStop(child: ChildProcess, pid: number): () => void {
    const { signal } = this.#run;
    let timer: NodeJS.Timeout | undefined;
    const stop = () => {
      const { kind, message, graceMs } = signal.reason as StopReason;
      this.#tell(child, { kind: 'stop', stop: kind, message, graceMs });
      timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    return () => {
      signal.removeEventListener('abort', stop);
      clearTimeout(timer);
    };
  }

  #armMemory(pid: number): () => void {
    const { memoryLimit } = this.#around;
    if (memoryLimit === 0) return () => {};
    const timer = setInterval(() => {
      const bytes = residentBytes(pid) ?? 0;
      if (bytes <= memoryLimit) return;
      this.#grownTo = bytes;
      signalGroup(pid, 'SIGKILL');
    }, MEASURE_EVERY_MS);
    return () => clearInterval(timer);
  }

  #concluded(exit: Exit, usage: Usage | undefined, stopped: boolean): Ending {
    if (this.#ending !== undefined) return { ...this.#ending, usage };
    const exitCode = exit.exitCode ?? undefined;
    if (stopped) return { kind: 'stopped', usage, exitCode };
    return { kind: 'crashed', error: this.#crash(exit), usage, exitCode };
  }

  #crash({ exitCode, signal }: Exit): JobError {
    const how = signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`;
    const { memoryLimit } = this.#around;
    const why =
      this.#grownTo > 0
        ? `: it had grown to ${this.#grownTo} bytes, beyond memoryLimit (${memoryLimit})`
        : '';
    const message = `the process of the attempt ${how} before the attempt ended${why}`;
    const fault = this.#fault;
    if (fault === undefined) return { name: 'crash', message };
    return { ...fault, message: `${message}: ${fault.message}` };
  }
}

function endingOf(message: Extract<FromIsolated, { kind: 'ended' }>): Ending {
  const { ending, result } = message;
  return ending.kind === 'succeeded' && result !== null
    ? { ...ending, result: JSON.parse(result) as unknown }
    : ending;
}
