/**
 * May this user see this object? Asks whom the configuration names: nobody, the core, which owns users and grants,
 * or a service elsewhere.
 *
 * Fails closed: who cannot be asked has said no. Answers are held, so that an attach costs no round trip; a yes until
 * news of a change come (`forget`), and while no news can come, nothing that is held counts. Of the core's
 * answers only a yes is held: a no is asked anew, so that a grant counts at once.
 */
import { coveringIds, decideAccess, isOwnTopic, isPattern } from '../access/decide-access.ts';
import type { ControlHttp } from '../client/control-http.ts';
import type { AccessSettings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import type { AccessAnswer, AccessQuestion } from '../protocol/status.ts';
import { AccessDirectory, type HeldAccess } from './access-directory.ts';
import { type AccessHook, createAccessHook, type HookCounts } from './access-hook.ts';
import type { LiveUse } from './access-renewal.ts';

export interface AccessCounts {
  /** Denied because the core gave no answer. */
  readonly coreAway: number;
  readonly hook: HookCounts;
}

export interface AccessCheck {
  readonly counts: AccessCounts;
  /** Never rejects, except with the signal's reason. */
  check(question: AccessQuestion, signal: AbortSignal): Promise<AccessAnswer['code']>;
  /** What was known of this user may be old. */
  forget(user: string): void;
  /** Whether news of changes come in. What was held before they began to counts no more. */
  setInformed(isInformed: boolean): void;
  close(): void;
}

export interface AccessOptions {
  readonly settings: AccessSettings;
  /** To the core. */
  readonly http: ControlHttp;
  readonly log: Logger;
  readonly live: LiveUse;
  /** How long a core that restarts is waited for; 5 s when omitted. */
  readonly patienceMs?: number;
}

const LOG_EVERY_MS = 10_000;

export function createAccessCheck(options: AccessOptions): AccessCheck {
  const { users, datasets } = options.settings;
  return users === 'any' && datasets === 'any' ? openAccess : new Access(options);
}

const openAccess: AccessCheck = {
  counts: { coreAway: 0, hook: { asked: 0, held: 0, failed: 0 } },
  check: () => Promise.resolve(0),
  forget: () => {},
  setInformed: () => {},
  close: () => {},
};

class Access implements AccessCheck {
  readonly #settings: AccessSettings;
  readonly #log: Logger;
  readonly #directory: AccessDirectory;
  /** Undefined where no hook is asked. */
  readonly #hook: AccessHook | undefined;
  #coreAway = 0;
  #unsaid = 0;
  #saidAtMono = Number.NEGATIVE_INFINITY;

  constructor({ settings, http, log, live, patienceMs }: AccessOptions) {
    const asksHook = settings.users === 'hook' || settings.datasets === 'hook';
    this.#settings = settings;
    this.#log = log;
    this.#directory = new AccessDirectory(http, patienceMs);
    this.#hook = asksHook ? createAccessHook(settings, log, live) : undefined;
  }

  get counts(): AccessCounts {
    const hook = this.#hook?.counts ?? { asked: 0, held: 0, failed: 0 };
    return { coreAway: this.#coreAway, hook };
  }

  async check(question: AccessQuestion, signal: AbortSignal): Promise<AccessAnswer['code']> {
    try {
      return await this.#decide(question, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#noteAway(question, error);
      return 4;
    }
  }

  forget(user: string): void {
    this.#directory.forget(user);
    this.#hook?.forget(user);
  }

  setInformed(isInformed: boolean): void {
    this.#directory.setInformed(isInformed);
    // What a hook said holds for its time, whether the core is there or not.
  }

  close(): void {
    this.#directory.close();
    this.#hook?.close();
  }

  /** A core that is away is asked by everybody: one line for all of them, now and then. */
  #noteAway({ user, type, id }: AccessQuestion, err: unknown): void {
    this.#coreAway += 1;
    this.#unsaid += 1;
    const nowMono = performance.now();
    if (nowMono - this.#saidAtMono < LOG_EVERY_MS) return;
    const facts = { err, user, type, id, denied: this.#unsaid };
    this.#log.warn(facts, 'access denied because the core gave no answer');
    this.#saidAtMono = nowMono;
    this.#unsaid = 0;
  }

  async #decide(question: AccessQuestion, signal: AbortSignal): Promise<AccessAnswer['code']> {
    const held = await this.#heldAccess(question, signal);
    const known = await this.#isKnown(question, held, signal);
    const own = isOwnTopic(question.user, question);
    // Who is unknown, or sees what is its own, is not asked about further.
    const granted = known && !own && (await this.#isGranted(question, held, signal));
    return decideAccess(this.#settings, { known, own, granted }).code;
  }

  async #heldAccess(
    question: AccessQuestion,
    signal: AbortSignal,
  ): Promise<HeldAccess | undefined> {
    const { users, datasets } = this.#settings;
    if (users !== 'directory' && datasets !== 'directory') return undefined;
    const suffices = (held: HeldAccess): boolean =>
      (users !== 'directory' || held.known) &&
      (datasets !== 'directory' || isOwnTopic(question.user, question) || settles(held, question));
    return this.#directory.user(question.user, suffices, signal);
  }

  async #isKnown(
    { user }: AccessQuestion,
    held: HeldAccess | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    switch (this.#settings.users) {
      case 'any':
        return true;
      case 'directory':
        return held?.known === true;
      case 'hook':
        return (await this.#hook?.allows({ user }, signal)) === true;
    }
  }

  async #isGranted(
    question: AccessQuestion,
    held: HeldAccess | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { datasets } = this.#settings;
    if (datasets === 'any') return true;
    const byDirectory = datasets === 'directory' && held !== undefined;
    if (byDirectory && isCovered(held, question)) return true;
    const mayOwn = question.type === 'job' && !isPattern(question.id);
    const mayHoldMore = byDirectory && !held.complete;
    if ((mayOwn || mayHoldMore) && (await this.#directory.ask(question, signal)) === 0) return true;
    return datasets === 'hook' && (await this.#hook?.allows(question, signal)) === true;
  }
}

/** True where no newer facts of the user are needed: they let it in, or the core is asked about the object. */
function settles(held: HeldAccess, question: AccessQuestion): boolean {
  return question.type === 'job' || !held.complete || isCovered(held, question);
}

function isCovered({ grants }: HeldAccess, { type, id }: AccessQuestion): boolean {
  const granted = grants.get(type);
  return granted !== undefined && coveringIds(id).some((covering) => granted.has(covering));
}
