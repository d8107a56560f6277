/**
 * The environment of a command: a few harmless variables of the daemon's own, those of its
 * `[job:NAME]` section, and the facts of the job. Secrets of the daemon never pass. Pure.
 */
import type { Assignment } from '../protocol/execute.ts';

const PASSED_ON = /^(?:PATH|HOME|USER|LANG|LC_[A-Z]+|TZ|TMPDIR)$/;

export type Environment = Readonly<Record<string, string>>;

/** The part that is the same for every command of this process. */
export function scrubEnvironment(own: Readonly<Record<string, string | undefined>>): Environment {
  const kept = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && PASSED_ON.test(entry[0]),
  );
  return Object.fromEntries(kept);
}

export function jobEnvironment(job: Assignment): Environment {
  return {
    JOB_ID: job.id,
    JOB_TYPE: job.type,
    JOB_ATTEMPT: String(job.attempt),
    JOB_QUEUE: job.queue,
    JOB_CREATED_AT: new Date(job.createdAt).toISOString(),
    ...(job.userId === null ? {} : { JOB_USER_ID: job.userId }),
    ...(typeof job.group === 'string' ? { JOB_GROUP: job.group } : {}),
  };
}
