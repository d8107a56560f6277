/** An awake core with two known types, fresh for each test, and scripted executors that are gone afterwards. */
import { afterEach, beforeEach } from 'vitest';
import type { Assignment } from '../../src/protocol/execute.ts';
import { AwakeCore } from './awake-core.ts';
import { type Offer, ScriptedExecutor } from './scripted-executor.ts';

export interface Pool {
  /** The core of the running test. */
  readonly current: () => AwakeCore;
  readonly executor: (offer?: Offer) => Promise<ScriptedExecutor>;
  /** Has an executor disposed of with the others. */
  readonly adopt: (executor: ScriptedExecutor) => void;
  /** Adds one job and resolves with its attempt in the executor's hands. */
  readonly startOne: (on: ScriptedExecutor, more?: object) => Promise<Assignment>;
}

/** Registers the hooks of the calling test file. */
export function usePool(): Pool {
  const executors: ScriptedExecutor[] = [];
  let core: AwakeCore;
  beforeEach(async () => {
    core = await AwakeCore.start();
    for (const type of ['mail', 'scan']) core.knowType(type);
  });
  afterEach(async () => {
    for (const executor of executors.splice(0)) await executor.dispose();
    await core.dispose();
  });
  return {
    current: () => core,
    executor: async (offer = {}) => {
      const started = await ScriptedExecutor.start(core.socketPath, offer);
      executors.push(started);
      return started;
    },
    adopt: (executor) => void executors.push(executor),
    startOne: async (on, more = {}) => {
      const { id } = await core.add('mail', more);
      await on.until(() => on.assigned.some((one) => one.id === id), `job ${id}`);
      const attempt = on.assigned.findLast((one) => one.id === id);
      if (attempt === undefined) throw new Error('nothing was handed out');
      return attempt;
    },
  };
}
