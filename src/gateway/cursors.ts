/**
 * Takes acknowledgements to the core: at most one request a second, with the newest position of each cursor.
 *
 * What was not taken there when the gateway ends comes again to its client, which is what the protocol promises.
 */
import type { ControlHttp } from '../client/control-http.ts';
import { isAfter } from '../client/follow-position.ts';
import type { Logger } from '../process/logger.ts';
import { type ClientCursor, type CursorMove, MAX_CURSOR_MOVES } from '../protocol/history.ts';
import { settledWithin } from './drain.ts';

const EVERY_MS = 1_000;
const ANSWER_TIMEOUT_MS = 5_000;

export class CursorMoves {
  readonly #http: Pick<ControlHttp, 'call'>;
  readonly #log: Logger;
  readonly #everyMs: number;
  readonly #moves = new Map<string, CursorMove>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #isStopped = false;

  /** @param everyMs shorter only in tests */
  constructor(http: Pick<ControlHttp, 'call'>, log: Logger, everyMs = EVERY_MS) {
    this.#http = http;
    this.#log = log;
    this.#everyMs = everyMs;
  }

  note({ user, name }: ClientCursor, seq: string): void {
    const key = `${name}:${user}`;
    const known = this.#moves.get(key);
    if (known !== undefined && isAfter(seq, known.seq) === false) return;
    this.#moves.set(key, { user, name, seq });
    this.#arm();
  }

  /** A client comes back: what it acknowledged counts before its position is asked for. */
  async settle(cursor: ClientCursor): Promise<void> {
    await this.#sending;
    if (this.#moves.has(`${cursor.name}:${cursor.user}`)) await this.#send();
  }

  /** Sends what is left, once. A core that does not answer is waited for no longer. */
  async stop(withinMs: number): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await settledWithin(this.#sendRest(), withinMs);
  }

  async #sendRest(): Promise<void> {
    await this.#sending;
    await this.#send();
  }

  #arm(): void {
    if (this.#isStopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#send();
    }, this.#everyMs);
  }

  #send(): Promise<void> {
    this.#sending ??= this.#sendNow().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #sendNow(): Promise<void> {
    const entries = [...this.#moves].slice(0, MAX_CURSOR_MOVES);
    if (entries.length === 0) return;
    for (const [key] of entries) this.#moves.delete(key);
    const body = JSON.stringify({ moves: entries.map(([, move]) => move) });
    try {
      const path = '/v1/events/cursors';
      await this.#http.call({ method: 'POST', path, body, timeoutMs: ANSWER_TIMEOUT_MS });
    } catch (err) {
      this.#log.debug({ err }, 'acknowledgements could not be kept yet');
      // A newer one may have come meanwhile.
      for (const [, move] of entries) this.note(move, move.seq);
    }
    if (this.#moves.size > 0) this.#arm();
  }
}
