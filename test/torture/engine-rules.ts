/** What the service of a run is configured to, and what its users ask for: said once for both, and for the checker. */

/** A limit on attempts that run at once: over all of those jobs, or over those of one group. */
export interface ConcurrencyRule {
  readonly name: string;
  readonly most: number;
  readonly type?: string;
  readonly queue?: string;
  readonly perGroup?: true;
}

export const NARROW_QUEUE = 'narrow';
export const CONCURRENCY_RULES = {
  queue: { name: 'queue narrow', most: 4, queue: NARROW_QUEUE },
  queueGroup: { name: 'groups of queue narrow', most: 2, queue: NARROW_QUEUE, perGroup: true },
  type: { name: 'type limited', most: 3, type: 'limited' },
  typeGroup: { name: 'groups of type limited', most: 1, type: 'limited', perGroup: true },
  /** Not a limit of the queue: its schedule starts none while one runs. */
  solo: { name: 'schedule solo', most: 1, type: 'solo' },
} as const satisfies Record<string, ConcurrencyRule>;

export const RATED_QUEUE = 'rated';
export const RATE = { count: 10, perMs: 1_000 } as const;

export const SCHEDULES = { everyRun: 'tick', oneAtATime: 'solo' } as const;
export const SCHEDULE_EVERY_MS = 1_000;

/** Retention: what goes while the run lasts, and what a reader may be behind by without missing a row. */
export const KEPT_MS = { cancelledJobs: 2_000, events: 40_000 } as const;

/** Pauses that the handler `patient` asks for (fixtures/jobs/patient.mjs). */
export const PAUSES_MS = { snoozed: 300, error: 200 } as const;

/** Retries of types whose jobs say none. */
export const RETRIES = { flaky: 3, command: 4, step: 1, hook: 8 } as const;

/** The user of jobs that are added only to be cancelled and removed. */
export const CHAFF_USER = 'chaff';
