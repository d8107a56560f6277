/**
 * Keeps a gateway's list of revoked tokens up to date, and closes the connections that such a token opened.
 *
 *   new ─load▶ loaded ─a row of the log▶ loaded, swept ─a gap in the log▶ loading again, the old list in force
 *
 * All of them are fetched once; after that the log tells of each, so that none is missed while the core is away.
 */
import pRetry from 'p-retry';
import { RevocationList } from '../auth/revocation-list.ts';
import type { ControlHttp } from '../client/control-http.ts';
import type { Logger } from '../process/logger.ts';
import type { PublishedEvent } from '../protocol/events.ts';
import {
  MAX_REVOCATION_PAGE,
  REVOCATION_TOPIC_ID,
  type RevocationNews,
  type RevocationPage,
  type RevocationView,
} from '../protocol/tokens.ts';
import { CLOSE, closing } from './close-codes.ts';
import type { Clock, Hub } from './hub.ts';

export interface RevocationsParts {
  readonly http: Pick<ControlHttp, 'call'>;
  readonly hub: Pick<Hub, 'closeWhere'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when no connection is let in any more. */
  readonly signal: AbortSignal;
}

const ANSWER_TIMEOUT_MS = 5_000;
const FORGET_EVERY_MS = 3_600_000;

export class Revocations {
  readonly list = new RevocationList();
  readonly #parts: RevocationsParts;
  /** What the log told while pages were being fetched: it may be newer than they are. */
  #meanwhile: RevocationNews[] | undefined;
  /** One after the other: of two at once, the one that asked first could end last and put its older list in force. */
  #loading: Promise<void> = Promise.resolve();
  #sweeping: NodeJS.Immediate | undefined;
  #forgetAtMono: number;

  constructor(parts: RevocationsParts) {
    this.#parts = parts;
    this.#forgetAtMono = parts.clock.nowMono() + FORGET_EVERY_MS;
  }

  /**
   * Fetches all of them, however long the core is away; call it while the log is followed. Resolves when they
   * count, or when the gateway stops.
   */
  load(): Promise<void> {
    this.#loading = this.#loading.then(() => this.#load());
    return this.#loading;
  }

  async #load(): Promise<void> {
    const { signal, log, clock } = this.#parts;
    try {
      await pRetry(() => this.#loadOnce(), {
        ...{ retries: Number.POSITIVE_INFINITY, minTimeout: 50, maxTimeout: 1_000, signal },
        onFailedAttempt: ({ error }) =>
          log.debug({ err: error }, 'revocations are asked for again'),
      });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.list.forgetExpired(clock.now());
    this.#sweepSoon();
  }

  /** @param event a row of the type `access`; those of other parts are left alone */
  take({ id, data }: PublishedEvent): void {
    if (id !== REVOCATION_TOPIC_ID) return;
    for (const news of data as unknown as readonly RevocationNews[]) {
      this.#meanwhile?.push(news);
      this.list.note(news);
    }
    this.#sweepSoon();
  }

  async #loadOnce(): Promise<void> {
    const meanwhile: RevocationNews[] = [];
    this.#meanwhile = meanwhile;
    const views = await this.#fetchAll();
    this.list.replace(views);
    for (const news of meanwhile) this.list.note(news);
    if (this.#meanwhile === meanwhile) this.#meanwhile = undefined;
  }

  async #fetchAll(): Promise<readonly RevocationView[]> {
    const views: RevocationView[] = [];
    let after: string | null = '0';
    while (after !== null) {
      const page = await this.#fetchPage(after);
      views.push(...page.revocations);
      after = page.next;
    }
    return views;
  }

  async #fetchPage(after: string): Promise<RevocationPage> {
    const { http, signal } = this.#parts;
    const path = `/v1/tokens/revocations?limit=${MAX_REVOCATION_PAGE}&after=${encodeURIComponent(after)}`;
    const call = { method: 'GET', path, timeoutMs: ANSWER_TIMEOUT_MS, signal } as const;
    return (await http.call(call)) as RevocationPage;
  }

  /** Once for all that one turn brought: a hundred revocations are one walk over the connections. */
  #sweepSoon(): void {
    this.#sweeping ??= setImmediate(() => {
      this.#sweeping = undefined;
      this.#sweep();
    });
  }

  #sweep(): void {
    const { hub, clock, log } = this.#parts;
    const now = clock.now();
    const closed = hub.closeWhere(
      ({ token }) => token !== undefined && this.list.refuses(token, now),
      closing(CLOSE.forbidden, 'token revoked'),
    );
    if (closed > 0) log.info({ closed }, 'connections closed because their tokens were revoked');
    if (clock.nowMono() < this.#forgetAtMono) return;
    this.#forgetAtMono = clock.nowMono() + FORGET_EVERY_MS;
    this.list.forgetExpired(now);
  }
}
