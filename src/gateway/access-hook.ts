/**
 * Asks a service of the operator about users and objects, and keeps its answers for a time.
 *
 *   kept ─over▶ asked, once for all who wait ─▶ yes | no (kept) | no answer: denied (not kept)
 *
 * A bounded number of questions is under way; what had no answer in its time, waiting included, is denied.
 */
import { readFileSync } from 'node:fs';
import type { AccessSettings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { readSecrets } from '../protocol/webhook-signature.ts';
import { verdictOf } from './access-hook-answer.ts';
import { type HookAddress, hookAgent, postQuestion } from './access-hook-request.ts';
import { AccessRenewal, type LiveUse } from './access-renewal.ts';
import { Turns } from './turns.ts';

/** Without type and id: is there such a user? */
export interface HookQuestion {
  readonly user: string;
  readonly type?: string;
  readonly id?: string;
}

export interface HookCounts {
  readonly asked: number;
  /** Answered without asking. */
  readonly held: number;
  /** No answer in time, or none that makes sense: denied. */
  readonly failed: number;
}

export interface AccessHookOptions {
  readonly address: HookAddress;
  readonly timeoutMs: number;
  readonly keepMs: number;
  readonly log: Logger;
  readonly nowMono: () => number;
  readonly live: LiveUse;
}

interface Kept {
  readonly allows: boolean;
  readonly untilMono: number;
}

/** What is known of one user: replaced whole when that may be old, so that what is under way is not kept. */
interface OfUser {
  readonly kept: Map<string, Kept>;
  readonly asked: Map<string, Promise<boolean | undefined>>;
}

export const QUESTIONS_AT_ONCE = 32;
const MAX_WAITING = 10_000;
const MAX_KEPT = 100_000;
const LOG_EVERY_MS = 10_000;
/** Where no answer is kept, live subscriptions are asked about all the same. */
const RENEW_UNKEPT_MS = 30_000;

/** @throws TaskbellError E_KEY_FILE for a secret that is none */
export function createAccessHook(settings: AccessSettings, log: Logger, live: LiveUse): AccessHook {
  // The configuration was refused without one.
  const url = new URL(settings.hookUrl ?? 'http://localhost/');
  return new AccessHook({
    address: { url, secrets: secretsOf(settings), agent: hookAgent(url, QUESTIONS_AT_ONCE) },
    timeoutMs: settings.hookTimeout,
    keepMs: settings.hookCacheTime,
    ...{ log, live },
    nowMono: () => performance.now(),
  });
}

function secretsOf({ hookSecretFile }: AccessSettings): readonly Buffer[] {
  if (hookSecretFile === null) return [];
  try {
    return readSecrets(readFileSync(hookSecretFile, 'utf8'));
  } catch (error) {
    const { message } = error as Error;
    throw new TaskbellError(
      'E_KEY_FILE',
      `[access] hookSecretFile ${hookSecretFile}: ${message}.`,
      {
        hint: 'Put a secret there, whsec_ and 24 to 64 bytes as base64, readable by the daemon alone.',
        cause: error,
      },
    );
  }
}

export class AccessHook {
  readonly #options: AccessHookOptions;
  readonly #turns = new Turns(QUESTIONS_AT_ONCE);
  readonly #renewal: AccessRenewal;
  /** Those first that were asked about longest ago. */
  readonly #users = new Map<string, OfUser>();
  #keptCount = 0;
  #asked = 0;
  #held = 0;
  #failed = 0;
  #unsaid = 0;
  #saidAtMono = Number.NEGATIVE_INFINITY;

  constructor(options: AccessHookOptions) {
    this.#options = options;
    const { live, keepMs, nowMono } = options;
    this.#renewal = new AccessRenewal({
      ...{ live, nowMono, everyMs: keepMs === 0 ? RENEW_UNKEPT_MS : keepMs },
      ask: (question) => this.#askOnce(question),
    });
  }

  get counts(): HookCounts {
    return { asked: this.#asked, held: this.#held, failed: this.#failed };
  }

  /** Rejects only with the signal's reason. */
  async allows(question: HookQuestion, signal: AbortSignal): Promise<boolean> {
    const ofUser = this.#ofUser(question.user);
    const key = keyOf(question);
    const kept = ofUser.kept.get(key);
    if (kept !== undefined && this.#options.nowMono() < kept.untilMono) {
      this.#held += 1;
      return kept.allows;
    }
    const allows = await this.#askOnce(question);
    signal.throwIfAborted();
    return allows === true;
  }

  /** What is under way serves those who wait, and nobody after them. */
  forget(user: string): void {
    const ofUser = this.#users.get(user);
    if (ofUser === undefined) return;
    this.#keptCount -= ofUser.kept.size;
    this.#users.delete(user);
  }

  close(): void {
    this.#renewal.stop();
    this.#options.address.agent.destroy();
  }

  #ofUser(user: string): OfUser {
    const found = this.#users.get(user) ?? { kept: new Map(), asked: new Map() };
    this.#users.delete(user);
    this.#users.set(user, found);
    return found;
  }

  /** Undefined: no answer. Never rejects. */
  #askOnce(question: HookQuestion): Promise<boolean | undefined> {
    const ofUser = this.#ofUser(question.user);
    return ofUser.asked.get(keyOf(question)) ?? this.#ask(question, ofUser);
  }

  #ask(question: HookQuestion, ofUser: OfUser): Promise<boolean | undefined> {
    const key = keyOf(question);
    const answer = this.#verdict(question)
      .then((allows) => {
        this.#keep(question, ofUser, allows);
        if (allows) this.#renewal.note(question);
        return allows;
      })
      .catch((error: unknown) => {
        this.#noteFailure(question, error);
        return undefined;
      })
      .finally(() => {
        ofUser.asked.delete(key);
        this.#dropEmpty(question.user, ofUser);
      });
    ofUser.asked.set(key, answer);
    return answer;
  }

  async #verdict(question: HookQuestion): Promise<boolean> {
    this.#asked += 1;
    if (this.#turns.waiting >= MAX_WAITING) throw new Error('too many questions wait already');
    const { address, timeoutMs } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    const { user, type, id } = question;
    // What is undefined is left out.
    const body = JSON.stringify({ user, type, id });
    const answer = await this.#turns.take(signal, () => postQuestion(address, body, signal));
    const allows = verdictOf(answer);
    if (allows === undefined)
      throw new Error(`the answer says neither yes nor no: ${answer.status}`);
    return allows;
  }

  #keep(question: HookQuestion, ofUser: OfUser, allows: boolean): void {
    const { keepMs, nowMono } = this.#options;
    const isCurrent = this.#users.get(question.user) === ofUser;
    if (keepMs === 0 || !isCurrent) return;
    const before = ofUser.kept.size;
    ofUser.kept.set(keyOf(question), { allows, untilMono: nowMono() + keepMs });
    this.#keptCount += ofUser.kept.size - before;
    for (const oldest of this.#users.keys()) {
      if (this.#keptCount <= MAX_KEPT) return;
      this.forget(oldest);
    }
  }

  /** A user of whom nothing is known takes no room. */
  #dropEmpty(user: string, ofUser: OfUser): void {
    const isEmpty = ofUser.kept.size === 0 && ofUser.asked.size === 0;
    if (isEmpty && this.#users.get(user) === ofUser) this.#users.delete(user);
  }

  /** A service that is away is asked by everybody: one line for all of them, now and then. */
  #noteFailure({ user, type, id }: HookQuestion, err: unknown): void {
    this.#failed += 1;
    this.#unsaid += 1;
    const nowMono = this.#options.nowMono();
    if (nowMono - this.#saidAtMono < LOG_EVERY_MS) return;
    const facts = { err, user, type, id, denied: this.#unsaid };
    this.#options.log.warn(facts, 'access denied because the access hook gave no answer');
    this.#saidAtMono = nowMono;
    this.#unsaid = 0;
  }
}

function keyOf({ type, id }: HookQuestion): string {
  return type === undefined ? '' : `${type}\n${id}`;
}
