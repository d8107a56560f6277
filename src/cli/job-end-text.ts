/** How a job ended, what that means, and what to do next. Pure. */
import type { FailReason, JobView } from '../protocol/jobs.ts';

interface Explanation {
  readonly means: string;
  readonly next: string;
}

type Ended = Pick<JobView, 'id' | 'state' | 'reason' | 'attempt'>;

/** Null where there is nothing to say: it has not ended, or has succeeded. */
export function explainEnd(job: Ended): Explanation | null {
  if (job.state !== 'failed' && job.state !== 'cancelled') return null;
  if (job.reason === null) return CANCELLED(job);
  return BY_REASON[job.reason](job);
}

const again = ({ id }: Ended): string => `\`taskbell job retry ${id}\` runs it again`;
const logs = ({ id }: Ended): string => `\`taskbell job logs ${id}\` shows what it wrote`;

const CANCELLED = (job: Ended): Explanation => ({
  means: job.attempt === 0 ? 'somebody cancelled it before it started' : 'it was cancelled',
  next: again(job),
});

const BY_REASON: Readonly<Record<FailReason, (job: Ended) => Explanation>> = {
  error: (job) => ({
    means: 'its handler failed, and it has no retries or the handler said that none would help',
    next: `${logs(job)}; when the cause is mended, ${again(job)}`,
  }),
  exhausted: (job) => ({
    means: `all of its ${job.attempt} attempts have failed, and its retries are used up`,
    next: `${logs(job)}; when the cause is mended, ${again(job)}`,
  }),
  timeout: (job) => ({
    means: 'it took longer than its time limit, and it has no retries',
    next: `raise \`timeout\` in its [job:NAME] section, or add it with --timeout; ${again(job)}`,
  }),
  crash: (job) => ({
    means: 'the process that ran it died, again and again, so it is kept from harming others',
    next: `look for what kills the process (memory, process.exit, native code): ${logs(job)}; then ${again(job)}`,
  }),
  rejected: (job) => ({
    means: 'its payload does not fit the schema of its handler',
    next: `mend the handler and ${again(job)}, or add a new job with another payload`,
  }),
  dependency: ({ id }) => ({
    means: 'a job that it depends on did not succeed',
    next: `\`taskbell flow show ${id}\` shows which; \`taskbell job retry ID --dependents\` of that one runs both again`,
  }),
};
