/**
 * What the core knows of users and grants, as one gateway holds it: asked once for each user, kept until the core
 * tells of a change.
 *
 * Decides nothing. While it is not informed of changes it keeps nothing: each question goes to the core.
 */
import { setMaxListeners } from 'node:events';
import pRetry, { AbortError } from 'p-retry';
import type { Call, ControlHttp } from '../client/control-http.ts';
import type { UserAccess } from '../protocol/access.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { AccessAnswer, AccessQuestion } from '../protocol/status.ts';

export interface HeldAccess {
  readonly known: boolean;
  /** Ids and patterns by type. */
  readonly grants: ReadonlyMap<string, ReadonlySet<string>>;
  /** False: there are more grants than these. */
  readonly complete: boolean;
  /** What it takes of the room that there is for all. */
  readonly weight: number;
}

/** How long a core that restarts is waited for, and how long one answer may take. */
const PATIENCE_MS = 5_000;
const ANSWER_TIMEOUT_MS = 2_000;
/** Users and their grants together; about 20 MB. */
const MAX_WEIGHT = 200_000;
const MAY_PASS: readonly string[] = [
  'E_DAEMON_UNREACHABLE',
  'E_UNAVAILABLE',
  'E_OWNED',
  'E_TIMEOUT',
];

export class AccessDirectory {
  readonly #http: ControlHttp;
  readonly #patienceMs: number;
  readonly #closed = new AbortController();
  /** By user, those first that were held longest. */
  readonly #held = new Map<string, HeldAccess>();
  readonly #loading = new Map<string, Promise<HeldAccess>>();
  #weight = 0;
  #isInformed = false;

  constructor(http: ControlHttp, patienceMs = PATIENCE_MS) {
    this.#http = http;
    this.#patienceMs = patienceMs;
    // Each question that is under way listens to it, and thousands may come back together.
    setMaxListeners(0, this.#closed.signal);
  }

  /**
   * What is held of the user where that suffices, else what the core says now. Rejects when it cannot be asked.
   * @param suffices false for facts that would deny: these are never older than the question
   */
  async user(
    user: string,
    suffices: (held: HeldAccess) => boolean,
    signal: AbortSignal,
  ): Promise<HeldAccess> {
    const held = this.#held.get(user);
    if (held !== undefined && suffices(held)) return held;
    const underWay = this.#loading.get(user);
    if (underWay !== undefined) {
      const joined = await underWay;
      signal.throwIfAborted();
      if (suffices(joined)) return joined;
    }
    const fresh = await this.#load(user);
    signal.throwIfAborted();
    return fresh;
  }

  /** The core's own decision about one object. Rejects when it cannot be asked. */
  async ask(question: AccessQuestion, signal: AbortSignal): Promise<AccessAnswer['code']> {
    const body = JSON.stringify(question);
    return codeOf(await this.#call({ method: 'POST', path: '/v1/access/check', body }, signal));
  }

  forget(user: string): void {
    // What is under way may have been read before the change: it serves those who wait, and nobody after them.
    this.#loading.delete(user);
    this.#weight -= this.#held.get(user)?.weight ?? 0;
    this.#held.delete(user);
  }

  setInformed(isInformed: boolean): void {
    this.#isInformed = isInformed;
    this.#loading.clear();
    this.#held.clear();
    this.#weight = 0;
  }

  close(): void {
    this.#closed.abort();
  }

  async #load(user: string): Promise<HeldAccess> {
    const path = `/v1/users/${encodeURIComponent(user)}/access`;
    const loading = this.#call({ method: 'GET', path }, this.#closed.signal).then(heldAccess);
    if (this.#isInformed) this.#loading.set(user, loading);
    try {
      const access = await loading;
      // Another one, or none: a change was told of meanwhile, or a later question is under way.
      if (this.#loading.get(user) === loading) this.#keep(user, access);
      return access;
    } finally {
      if (this.#loading.get(user) === loading) this.#loading.delete(user);
    }
  }

  #keep(user: string, access: HeldAccess): void {
    this.#weight += access.weight - (this.#held.get(user)?.weight ?? 0);
    this.#held.delete(user);
    this.#held.set(user, access);
    for (const [oldest, { weight }] of this.#held) {
      if (this.#weight <= MAX_WEIGHT) return;
      this.#held.delete(oldest);
      this.#weight -= weight;
    }
  }

  #call(call: Call, signal: AbortSignal): Promise<unknown> {
    return pRetry(() => this.#send({ ...call, timeoutMs: ANSWER_TIMEOUT_MS, signal }), {
      retries: 1_000,
      minTimeout: 50,
      maxTimeout: 500,
      maxRetryTime: this.#patienceMs,
      signal,
    });
  }

  async #send(call: Call): Promise<unknown> {
    try {
      return await this.#http.call(call);
    } catch (error) {
      throw mayPass(error) ? error : new AbortError(error as Error);
    }
  }
}

function heldAccess(answer: unknown): HeldAccess {
  const { known, grants, complete } = (answer ?? {}) as Partial<UserAccess>;
  if (typeof known !== 'boolean' || !Array.isArray(grants) || typeof complete !== 'boolean') {
    throw nonsense('about a user', answer, '{"known","grants","complete"}');
  }
  const byType = new Map<string, Set<string>>();
  for (const { type, id } of grants as UserAccess['grants']) {
    const ids = byType.get(type) ?? new Set();
    byType.set(type, ids.add(id));
  }
  return { known, grants: byType, complete, weight: 1 + grants.length };
}

function codeOf(answer: unknown): AccessAnswer['code'] {
  const code = (answer as Partial<AccessAnswer> | null | undefined)?.code;
  if (code === 0 || code === 3 || code === 4) return code;
  throw nonsense('about access', answer, '{"code":0|3|4}');
}

function nonsense(about: string, answer: unknown, expected: string): TaskbellError {
  const got = JSON.stringify(answer)?.slice(0, 200);
  return new TaskbellError(
    'E_INTERNAL',
    `The core answered a question ${about} with ${got}; expected ${expected}.`,
  );
}

/** True for what another try in a moment may cure: a core that restarts, is on standby or is busy. */
function mayPass(error: unknown): boolean {
  return error instanceof TaskbellError && MAY_PASS.includes(error.code);
}
