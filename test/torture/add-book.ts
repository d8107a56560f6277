/**
 * What the users of a run have tried to add, and what was accepted. An add that got no answer may or may
 * not exist; the next try is another job.
 */
import {
  type AddedJob,
  type AddOptions,
  type JobRequest,
  type Json,
  TaskbellError,
} from '../../src/client/client.ts';
import type { AcceptedAdd, AttemptedAdd } from './evidence.ts';

/** Type, payload without its `n`, and options of a job. */
export interface Work {
  readonly type: string;
  readonly payload: { readonly [key: string]: Json };
  readonly options: AddOptions;
}

export interface PlannedAdd {
  readonly n: number;
  readonly request: JobRequest;
}

const AWAY = new Set(['E_DAEMON_UNREACHABLE', 'E_UNAVAILABLE', 'E_TIMEOUT']);

/** The daemon was not there, or went before it had answered. */
export function isAway(error: unknown): boolean {
  return error instanceof TaskbellError && AWAY.has(error.code);
}

export class AddBook {
  readonly attempted: AttemptedAdd[] = [];
  readonly accepted: AcceptedAdd[] = [];
  readonly refusals: string[] = [];

  plan({ type, payload, options }: Work): PlannedAdd {
    const n = this.attempted.length;
    const { queue = null, group = null, unique } = options;
    const uniqueKey = options.uniqueKey ?? unique?.key ?? null;
    const replaceable = unique?.policy === 'run-again';
    this.attempted.push({ n, type, queue, group, uniqueKey, replaceable });
    return { n, request: { ...options, type, payload: { n, ...payload } } };
  }

  /** @returns undefined when there was no answer, or a refusal, which is kept */
  async note(
    planned: readonly PlannedAdd[],
    add: () => Promise<readonly Pick<AddedJob, 'id' | 'duplicate'>[]>,
  ): Promise<readonly string[] | undefined> {
    const numbers = planned.map(({ n }) => n);
    const jobs = await this.attempt(`n ${numbers.join(', ')}`, add);
    return jobs?.map(({ id, duplicate }, index) => {
      this.accepted.push({ n: numbers[index] ?? -1, id, duplicate });
      return id;
    });
  }

  /** The same for any request: undefined when it was not answered, or with a refusal. */
  async attempt<T>(what: string, request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request();
    } catch (error) {
      if (!isAway(error)) this.refusals.push(`${what}: ${error}`);
      return undefined;
    }
  }
}
