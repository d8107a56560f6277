/** Does what operators do: many jobs at once, new executors, and jobs that are only there to be removed. */
import {
  connect,
  type JobState,
  type TaskbellClient,
  TaskbellError,
} from '../../src/client/client.ts';
import { addressOf } from '../../src/client/control-address.ts';
import { ControlHttp } from '../../src/client/control-http.ts';
import type { BulkAnswer, BulkVerb, JobFilter } from '../../src/protocol/bulk.ts';
import { type AddBook, isAway } from './add-book.ts';
import { CHAFF_USER } from './engine-rules.ts';

const PATIENCE_MS = 3_000;
const HOUR_MS = 3_600_000;
const SCHEDULED: readonly JobState[] = ['scheduled'];

export class Operator {
  readonly #http: ControlHttp;
  readonly #client: TaskbellClient;
  readonly #book: AddBook;

  constructor(socket: string, book: AddBook) {
    this.#http = new ControlHttp(addressOf({ socket }), PATIENCE_MS);
    this.#client = connect({ socket, patienceMs: PATIENCE_MS });
    this.#book = book;
  }

  /** Undefined when there was no answer: some may have been changed. */
  bulk(verb: BulkVerb, filter: JobFilter): Promise<BulkAnswer | undefined> {
    const call = {
      method: 'POST',
      path: `/v1/jobs/${verb}`,
      body: JSON.stringify({ filter }),
    } as const;
    return this.#book.attempt(
      `${verb} ${call.body}`,
      async () => (await this.#http.call(call)) as BulkAnswer,
    );
  }

  /**
   * Replaces the executors one by one.
   * @param undisturbed nothing else is done to them meanwhile, so that it must succeed
   */
  async restartRolling(undisturbed: boolean, signal: AbortSignal): Promise<void> {
    try {
      await this.#client.restartWorkers({ rolling: true, signal });
    } catch (error) {
      // One that was killed meanwhile, or whose successor was, is not replaced.
      const mayHappen = isAway(error) || signal.aborted || isKept(error);
      if (undisturbed ? !signal.aborted : !mayHappen) {
        this.#book.refusals.push(`rolling restart: ${error}`);
      }
    }
  }

  /** Adds jobs that never run and cancels them: retention removes them together, a little later. */
  async addChaff(count: number): Promise<void> {
    const planned = Array.from({ length: count }, () =>
      this.#book.plan({
        ...{ type: 'quick', payload: {} },
        options: { delayMs: HOUR_MS, userId: CHAFF_USER },
      }),
    );
    const requests = planned.map(({ request }) => request);
    await this.#book.note(planned, () => this.#client.addMany(requests));
    await this.cancelChaff();
  }

  /** False when there was no answer. */
  async cancelChaff(): Promise<boolean> {
    return (await this.bulk('cancel', { userId: CHAFF_USER, state: SCHEDULED })) !== undefined;
  }

  async close(): Promise<void> {
    this.#http.close();
    await this.#client.close();
  }
}

function isKept(error: unknown): boolean {
  return error instanceof TaskbellError && error.code === 'E_HANDLER';
}
