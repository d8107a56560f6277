/** All that the store in memory holds. Values only, so that a copy of the maps is a way back. */
import type { ProcessIdentity } from '../../src/protocol/execute.ts';
import type { JobState } from '../../src/protocol/jobs.ts';
import type { QueueMode } from '../../src/protocol/status.ts';
import type { Flows } from './memory-flows.ts';
import type { Guards } from './memory-guards.ts';
import type { MemoryJob } from './memory-job.ts';
import type { Buckets } from './memory-limits.ts';
import { copyUnique, noUnique, type UniqueTables } from './memory-unique.ts';

export interface MemoryTables {
  readonly jobs: Map<string, MemoryJob>;
  readonly executors: Map<string, ProcessIdentity>;
  readonly modes: Map<string, QueueMode>;
  readonly ends: Map<JobState, number>;
  readonly guards: Guards;
  readonly buckets: Buckets;
  readonly unique: UniqueTables;
  readonly flows: Flows;
  lastOrder: number;
}

export function noTables(): MemoryTables {
  return {
    jobs: new Map(),
    executors: new Map(),
    modes: new Map(),
    ends: new Map(),
    guards: new Map(),
    buckets: new Map(),
    unique: noUnique(),
    flows: new Map(),
    lastOrder: 0,
  };
}

export function copyTables(all: MemoryTables): MemoryTables {
  return {
    jobs: new Map(all.jobs),
    executors: new Map(all.executors),
    modes: new Map(all.modes),
    ends: new Map(all.ends),
    guards: new Map(all.guards),
    buckets: new Map(all.buckets),
    unique: copyUnique(all.unique),
    flows: new Map(all.flows),
    lastOrder: all.lastOrder,
  };
}
