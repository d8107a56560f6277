/**
 * The names that only the daemon knows, asked for with little patience: completion is silent rather than slow.
 *
 * One request over the control socket without the client library, which would take longer to load than to answer.
 */
import { request } from 'node:http';
import type { LiveKind } from './value-kinds.ts';

/** What a shell shows: the word, and what it is. */
export interface Candidate {
  readonly value: string;
  readonly words: string;
}

const MAX_ANSWER_BYTES = 4 * 1_048_576;

interface Source {
  readonly path: string;
  /** Throws for an answer of another shape. */
  readonly read: (answer: never) => readonly Candidate[];
}

type Rows<K extends string, T> = Readonly<Record<K, readonly T[]>>;

const SOURCES: Readonly<Record<LiveKind, Source>> = {
  jobType: {
    path: '/v1/workers',
    read: ({ workers }: Rows<'workers', { types: readonly string[] }>) => {
      const types = new Set(workers.flatMap((worker) => worker.types));
      return [...types].sort().map((value) => ({ value, words: 'job type' }));
    },
  },
  queue: {
    path: '/v1/queues',
    read: ({ queues }: Rows<'queues', { name: string; mode: string }>) =>
      queues.map(({ name, mode }) => ({ value: name, words: `queue, ${mode}` })),
  },
  schedule: {
    path: '/v1/schedules',
    read: ({ schedules }: Rows<'schedules', { name: string; job: string }>) =>
      schedules.map(({ name, job }) => ({ value: name, words: `schedule of ${job}` })),
  },
  eventType: {
    path: '/v1/event-types',
    read: ({ types }: Rows<'types', { name: string; description: string | null }>) =>
      types.map(({ name, description }) => ({ value: name, words: description ?? 'event type' })),
  },
  job: {
    path: '/v1/jobs?limit=50',
    read: ({ jobs }: Rows<'jobs', { id: string; type: string; state: string }>) =>
      jobs.map(({ id, type, state }) => ({ value: id, words: `${type}, ${state}` })),
  },
  user: {
    path: '/v1/users',
    read: ({ users }: Rows<'users', { id: string; name: string | null }>) =>
      users.map(({ id, name }) => ({ value: id, words: name ?? 'user' })),
  },
  worker: {
    path: '/v1/workers',
    read: ({ workers }: Rows<'workers', { pid: number | null; state: string }>) =>
      workers.flatMap(({ pid, state }) =>
        pid === null ? [] : [{ value: String(pid), words: `executor, ${state}` }],
      ),
  },
};

/** @returns none where the daemon is away, slow or of another version */
export async function askNames(
  socketPath: string,
  kind: LiveKind,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  const { path, read } = SOURCES[kind];
  try {
    return read(JSON.parse(await get(socketPath, path, signal)) as never);
  } catch {
    // A message in the middle of a line that somebody types would be worse than no names.
    return [];
  }
}

function get(socketPath: string, path: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, signal }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('error', reject);
      answer.on('data', (part: string) => {
        text += part;
        if (text.length > MAX_ANSWER_BYTES) asked.destroy(new Error('too long'));
      });
      answer.on('end', () => resolve(text));
    });
    asked.on('error', reject).end();
  });
}
