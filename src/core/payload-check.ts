/**
 * Payloads are checked by the handler's own schema before a job is accepted. The schema is user
 * code, which the core never runs: an executor is asked.
 */
import type { Json } from '../protocol/json.ts';
import type { JobTypes } from './job-types.ts';
import type { RemoteExecutor } from './remote-executor.ts';

/** How long an add waits for an executor that is starting, and for its answer. */
const PATIENCE_MS = 5_000;

export interface PayloadCheckParts {
  readonly types: JobTypes;
  readonly executors: () => readonly RemoteExecutor[];
  /** False where no executor belongs to this daemon: then nobody is waited for. */
  readonly expectExecutors: boolean;
}

export class PayloadCheck {
  readonly #parts: PayloadCheckParts;
  readonly #asked = new Map<number, (problem: string | null) => void>();
  readonly #arrivals = new Set<() => void>();
  #lastRid = 0;

  constructor(parts: PayloadCheckParts) {
    this.#parts = parts;
  }

  /** False: `problemWith` would find nothing. */
  isNeeded(type: string): boolean {
    const { types } = this.#parts;
    return !types.isConfigured(type) && (types.manifestOf(type)?.schema ?? true);
  }

  /**
   * @returns what is wrong, or null. Also null when no executor can tell: the job is then checked
   *   when it runs, and ends as `failed: rejected` if it must.
   */
  async problemWith(type: string, payload: Json): Promise<string | null> {
    if (!this.isNeeded(type)) return null;
    const executor = this.#executorFor(type) ?? (await this.#nextExecutor(type));
    if (executor === undefined || !this.isNeeded(type)) return null;
    return this.#ask(executor, type, payload);
  }

  /** An executor has connected. */
  noteArrival(): void {
    for (const wake of this.#arrivals) wake();
  }

  answer(rid: number, problem: string | null): void {
    this.#asked.get(rid)?.(problem);
  }

  #executorFor(type: string): RemoteExecutor | undefined {
    return this.#parts
      .executors()
      .find((executor) => executor.connection !== undefined && executor.types.has(type));
  }

  async #nextExecutor(type: string): Promise<RemoteExecutor | undefined> {
    // Executors load the same handlers: what the one that is here does not offer, the next will not.
    const present = this.#parts.executors().some(({ connection }) => connection !== undefined);
    if (!this.#parts.expectExecutors || present) return undefined;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#arrivals.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, PATIENCE_MS);
      this.#arrivals.add(finish);
    });
    return this.#executorFor(type);
  }

  #ask(executor: RemoteExecutor, type: string, payload: Json): Promise<string | null> {
    this.#lastRid += 1;
    const rid = this.#lastRid;
    return new Promise((resolve) => {
      const finish = (problem: string | null): void => {
        clearTimeout(timer);
        this.#asked.delete(rid);
        resolve(problem);
      };
      const timer = setTimeout(() => finish(null), PATIENCE_MS);
      this.#asked.set(rid, finish);
      if (!executor.send({ kind: 'validate', rid, type, payload })) finish(null);
    });
  }
}
