/**
 * A fresh directory with handlers, a test core and executors on it; all of it gone afterwards.
 */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { JobTypeSettings, Settings } from '../../src/config/settings.ts';
import { ExecutorProcess } from '../../src/executor/executor-process.ts';
import type { Host } from '../../src/executor/host.ts';
import type { ChildContext } from '../../src/process/child-process.ts';
import { deadlineIn } from '../../src/process/service.ts';
import { eventType } from '../config/event-type.ts';
import { TestCore } from './test-core.ts';

export interface Workshop {
  readonly root: string;
  readonly handlers: string;
  readonly core: TestCore;
  readonly exits: number[];
  readonly announced: string[];
  readonly logged: Record<string, unknown>[];
  /** Writes a handler; `text` is the module's source. */
  handler(file: string, text: string): string;
  settings(jobs?: readonly JobTypeSettings[]): Settings;
  executor(jobs?: readonly JobTypeSettings[], host?: Partial<Host>): ExecutorProcess;
  /** Starts one and waits until the core has welcomed it. */
  start(jobs?: readonly JobTypeSettings[], host?: Partial<Host>): Promise<ExecutorProcess>;
  clear(): Promise<void>;
}

export async function openWorkshop(): Promise<Workshop> {
  const root = mkdtempSync(path.join(os.tmpdir(), 'taskbell-executor-'));
  const handlers = path.join(root, 'jobs');
  mkdirSync(handlers);
  chmodSync(handlers, 0o755);
  const core = new TestCore(path.join(root, 'control.sock'));
  await core.listen();
  const executors: ExecutorProcess[] = [];
  const workshop: Workshop = {
    root,
    handlers,
    core,
    exits: [],
    announced: [],
    logged: [],
    handler: (file, text) => {
      const full = path.join(handlers, file);
      writeFileSync(full, text, { mode: 0o644 });
      return full;
    },
    settings: (jobs = []) => settingsFor(root, jobs),
    executor: (jobs = [], host = {}) => {
      const made = new ExecutorProcess(contextFor(workshop, jobs), {
        ...hostFor(workshop),
        ...host,
      });
      executors.push(made);
      return made;
    },
    start: async (jobs = [], host = {}) => {
      const executor = workshop.executor(jobs, host);
      await executor.start();
      await core.hello();
      return executor;
    },
    clear: async () => {
      await Promise.all(executors.map((executor) => executor.stop(deadlineIn(1_500))));
      await core.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return workshop;
}

export function commandJob(
  name: string,
  command: readonly string[],
  more: Partial<JobTypeSettings> = {},
): JobTypeSettings {
  return {
    name,
    command,
    workingDirectory: os.tmpdir(),
    environment: {},
    queue: null,
    concurrency: null,
    timeout: null,
    retries: null,
    backoff: null,
    backoffLimit: null,
    ...{ url: null, secretFile: null, header: {}, allowPrivateHosts: [], rate: null },
    ...{ groupConcurrency: null, groupRate: null, backoffKind: null },
    isolate: 'none',
    processes: 0,
    report: true,
    ...more,
  };
}

/** A command that runs a script with the shell, for tests that need what a shell can do. */
export function shellJob(
  name: string,
  script: string,
  more: Partial<JobTypeSettings> = {},
): JobTypeSettings {
  return commandJob(name, ['/bin/sh', '-c', script], more);
}

export function hostFor(workshop: Workshop): Host {
  return {
    environment: { PATH: process.env.PATH, SECRET_TOKEN: 'hunter2', LC_ALL: 'C.UTF-8' },
    exit: (code) => workshop.exits.push(code),
    onFault: () => () => {},
    onExit: () => () => {},
  };
}

export function contextFor(
  workshop: Workshop,
  jobs: readonly JobTypeSettings[] = [],
): ChildContext {
  const write = (line: string) => workshop.logged.push(JSON.parse(line) as Record<string, unknown>);
  return {
    settings: workshop.settings(jobs),
    role: 'executor',
    index: 0,
    run: 'test-run',
    mode: 'worker',
    supervisorPid: process.ppid,
    log: pino({ level: 'debug' }, { write }),
    announce: (state) => workshop.announced.push(state),
    fail: (error) => {
      throw error;
    },
  };
}

// The executor reads these parts alone; the rest of the settings belongs to other processes.
function settingsFor(root: string, jobs: readonly JobTypeSettings[]): Settings {
  const used = {
    daemon: { controlSocket: path.join(root, 'control.sock') },
    worker: {
      handlersDirectory: path.join(root, 'jobs'),
      processes: 1,
      concurrency: 8,
      queues: [],
      ...{ maxJobs: 0, maxMemory: 0, memoryLimit: 0, watch: false },
    },
    jobs,
    events: [eventType('invoicePaid')],
  };
  return used as unknown as Settings;
}
