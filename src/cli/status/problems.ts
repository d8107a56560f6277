/**
 * What is wrong with a service, judged by its status, and what to do about each: the worst first. Pure.
 *
 * Says nothing of what mends itself within moments, such as a process that has just begun to start.
 */
import type { StatusDetails, StatusView } from '../../protocol/status.ts';

export interface ProblemView {
  readonly level: 'fail' | 'warn';
  readonly text: string;
  /** What to type, or to look at, next. */
  readonly remedy: string;
}

const MINUTE = 60_000;
/** Rows of the log: a reader that is so far behind does not keep up. */
const FAR_BEHIND = 10_000;
const LITTLE_SPACE_BYTES = 1_073_741_824;
const LITTLE_SPACE_SHARE = 0.05;
/** The write-ahead log is emptied at 4 MiB or so: this much says that something keeps it from it. */
const LARGE_WAL_BYTES = 268_435_456;
const MANY_RESTARTS = 5;

export function problemsOf(status: StatusView): readonly ProblemView[] {
  const problems = [
    ...processProblems(status),
    ...workProblems(status),
    ...reportProblems(status),
    ...eventProblems(status),
    ...(status.details === undefined ? [] : detailProblems(status.details)),
  ];
  return [...problems.filter(isFail), ...problems.filter((problem) => !isFail(problem))];
}

function isFail({ level }: ProblemView): boolean {
  return level === 'fail';
}

function fail(text: string, remedy: string): ProblemView {
  return { level: 'fail', text, remedy };
}

function warn(text: string, remedy: string): ProblemView {
  return { level: 'warn', text, remedy };
}

function processProblems({ ready, processes }: StatusView): readonly ProblemView[] {
  const down = processes.filter(({ state }) => state === 'backoff' || state === 'stopped');
  const degraded = processes.filter((process) => process.degraded === true);
  const restless = processes.filter(
    (process) => process.restarts >= MANY_RESTARTS && process.degraded !== true,
  );
  const starting = !ready && down.length === 0;
  return [
    ...down.map(({ role }) =>
      fail(`a process does not stay up: ${role}`, 'read its last errors below, or in the log'),
    ),
    ...(starting
      ? [warn('not all processes are up', 'they are being started: ask again in some seconds')]
      : []),
    ...degraded.map(({ role, restarts }) =>
      warn(
        `${role} is degraded: it keeps ending (${restarts} times so far)`,
        'the log says how each ended; it is sound again when it has lived for a minute',
      ),
    ),
    ...restless.map(({ role, restarts }) =>
      warn(
        `${role} was restarted ${restarts} times`,
        'the log says how each ended: look for "process ended"',
      ),
    ),
  ];
}

function workProblems({
  executors,
  jobs,
  oldest,
  dead,
  degradedTypes = [],
}: StatusView): readonly ProblemView[] {
  const waiting = jobs.queued ?? 0;
  const problems: ProblemView[] = [];
  if (executors.total === 0 && waiting > 0) {
    problems.push(
      fail(`${waiting} jobs wait and nobody runs jobs`, 'start executors: `taskbell worker run`'),
    );
  } else if (executors.ready === 0 && executors.total > 0) {
    problems.push(fail('no executor takes jobs', 'look why: `taskbell worker list`'));
  } else if (oldest !== null && oldest.latency >= 10 * MINUTE) {
    const why = `ask what holds it: \`taskbell job why ${oldest.id}\``;
    problems.push(warn(`job ${oldest.id} waits in ${oldest.queue} for long`, why));
  }
  for (const { type, deaths, nextTryAt } of degradedTypes) {
    const next =
      nextTryAt === null ? 'one is tried at a time' : `the next is tried at ${nextTryAt}`;
    problems.push(
      warn(
        `type ${type} is degraded: its attempts have taken ${deaths} executors down; ${next}`,
        `its jobs wait: mend its handler, then \`taskbell worker restart --rolling\`; \`taskbell job list --type ${type}\``,
      ),
    );
  }
  if (dead > 0) {
    const look = 'look at them: `taskbell job list --state failed`, then `taskbell job retry`';
    problems.push(warn(`${dead} failed ${dead === 1 ? 'job is' : 'jobs are'} kept`, look));
  }
  return problems;
}

function reportProblems({ report }: StatusView): readonly ProblemView[] {
  const { state, pending, lastError } = report;
  const why = lastError === null ? '' : `: ${lastError}`;
  if (state === 'failed') {
    return [
      fail(
        `reporting gave up, ${pending} ends are not reported${why}`,
        'mend the receiving service, then `taskbell report retry`',
      ),
    ];
  }
  if (state === 'disconnected' && pending > 0) {
    return [
      warn(
        `the receiving service is away, ${pending} ends wait${why}`,
        'nothing is lost: it is tried again; `taskbell doctor` looks whether it can be reached',
      ),
    ];
  }
  return [];
}

function eventProblems({ subscribers }: StatusView): readonly ProblemView[] {
  const { silent, gateways, refused, room, connections, lag } = subscribers;
  const problems: ProblemView[] = [];
  if (silent > 0) {
    problems.push(
      warn(
        `${silent} of ${gateways} gateways do not answer`,
        'if it stays so: `taskbell web_socket restart`',
      ),
    );
  }
  if (refused > 0 || (room !== null && room > 0 && connections >= room)) {
    problems.push(
      warn(
        `connections find no room (${refused} refused)`,
        'raise [webSocketEvents] maxConnections and the limit of open files, or start another gateway',
      ),
    );
  }
  if (lag >= FAR_BEHIND) {
    problems.push(
      warn(
        `a gateway is ${lag} events behind`,
        'its processor is busy: more gateways in [webSocketEvents] gateways',
      ),
    );
  }
  return problems;
}

function detailProblems(details: StatusDetails): readonly ProblemView[] {
  return [...diskProblems(details), ...queueProblems(details), ...storageProblems(details)];
}

function diskProblems({ disk }: StatusDetails): readonly ProblemView[] {
  const { freeBytes, totalBytes, walBytes } = disk;
  const problems: ProblemView[] = [];
  if (freeBytes !== null && totalBytes !== null && totalBytes > 0) {
    const isLittle = freeBytes < LITTLE_SPACE_BYTES || freeBytes / totalBytes < LITTLE_SPACE_SHARE;
    const remedy = 'free space, or shorten [retention] and `taskbell db compact`';
    if (isLittle) problems.push(warn('little space is left on the disk', remedy));
  }
  if (walBytes >= LARGE_WAL_BYTES) {
    problems.push(
      warn(
        'the write-ahead log has grown large',
        'another program reads the database: end it, or copy with `taskbell db backup`',
      ),
    );
  }
  return problems;
}

function queueProblems({ queues }: StatusDetails): readonly ProblemView[] {
  return queues
    .filter(({ mode, jobs }) => mode === 'paused' && jobs.queued > 0)
    .map(({ name, jobs }) =>
      warn(
        `queue ${name} is paused with ${jobs.queued} jobs`,
        `when it may go on: \`taskbell queue resume ${name}\``,
      ),
    );
}

function storageProblems({ storage }: StatusDetails): readonly ProblemView[] {
  if (storage === undefined) return [];
  const problems: ProblemView[] = [];
  if (storage.disk === 'full') {
    problems.push(
      fail('the disk is full: nothing new is accepted', 'free space; it goes on by itself'),
    );
  }
  if (['damaged', 'contradictory', 'failed'].includes(storage.check)) {
    problems.push(
      fail(`the check of the database says: ${storage.check}`, '`taskbell db check --full`'),
    );
  }
  if (storage.backup.error !== null) {
    problems.push(
      warn(`the last backup failed: ${storage.backup.error}`, 'try it: `taskbell db backup`'),
    );
  }
  return problems;
}
