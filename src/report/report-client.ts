/**
 * Tells the receiving service about every ended job: `Task Finish` or `Task Failed`.
 *
 *   off           no url
 *   disconnected ──▶ connecting ──▶ connected ──disconnect──▶ disconnected   (after a delay, again)
 *                        └──failure──▶ disconnected │ failed ──retry()──▶ connecting
 *
 * Reads the log through its port and keeps nothing that the log has. Writes nothing but the
 * cursor, and only behind what was delivered: at least once, in order (docs/protocol.md, Reports).
 */
import { readFile } from 'node:fs/promises';
import type { WebSocketSettings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import type { Deadline, Service } from '../process/service.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { ReportState, ReportStatus } from '../protocol/status.ts';
import { type AcknowledgeMode, initialMode, shownMode } from './acknowledge-mode.ts';
import { CursorKeeper } from './cursor-keeper.ts';
import { Delivery, type DeliveryParts } from './delivery.ts';
import { checkEventName, parseReceiver, type ReceiverAddress } from './receiver-address.ts';
import type { ConnectionOptions, ReceiverConnection } from './receiver-connection.ts';
import { decideReconnect } from './reconnect-policy.ts';
import { ReportJournal } from './report-journal.ts';
import type { ReportSource } from './report-source.ts';
import { SendWindow } from './send-window.ts';
import { Wake } from './wake.ts';

export interface ReportClientParts {
  readonly settings: WebSocketSettings;
  readonly source: ReportSource;
  readonly log: Logger;
  /** Monotonic milliseconds, `performance.now()`. */
  readonly now: () => number;
  /** A draw from [0, 1), `Math.random()`. */
  readonly random: () => number;
}

/** A connection that lasted so long was of use, although nothing ended meanwhile. */
const LASTING_MS = 30_000;
/** How long a stop waits for what is emitted to be acknowledged, and then for the goodbye. */
const DRAIN_MS = 1_000;
const GOODBYE_MS = 500;

export class ReportClient implements Service {
  readonly #parts: ReportClientParts;
  readonly #journal: ReportJournal;
  readonly #stopping = new AbortController();
  readonly #retry = new Wake();
  readonly #memory: { mode: AcknowledgeMode };
  #state: ReportState;
  #cursor: CursorKeeper | null = null;
  #connection: ReceiverConnection | null = null;
  #delivery: Delivery | null = null;
  #running: Promise<void> | null = null;

  constructor(parts: ReportClientParts) {
    this.#parts = parts;
    this.#journal = new ReportJournal(parts.log.child({ component: 'report' }));
    this.#memory = { mode: initialMode(parts.settings.acknowledge) };
    this.#state = parts.settings.url === null ? 'off' : 'disconnected';
  }

  /** Resolves when the cursor is read; the receiver may be away. */
  async start(): Promise<void> {
    const { url, query, event } = this.#parts.settings;
    if (url === null || this.#running !== null || this.#stopping.signal.aborted) return;
    const address = parseReceiver(url, query);
    checkEventName(event);
    const position = await this.#parts.source.cursor();
    if (this.#running !== null) return;
    const cursor = this.#keepCursor(position);
    this.#cursor = cursor;
    this.#running = this.#run(address, {
      settings: this.#parts.settings,
      source: this.#parts.source,
      window: new SendWindow(position),
      cursor,
      memory: this.#memory,
      observer: this.#journal,
      now: this.#parts.now,
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    // What is on its way gets a moment to be acknowledged: each would be repeated after the next start.
    this.#delivery?.quiet();
    await this.#delivery?.drained(Math.min(DRAIN_MS, deadline.remainingMs() / 2));
    this.#stopping.abort();
    await this.#connection?.close(Math.min(GOODBYE_MS, deadline.remainingMs() / 2));
    await this.#running;
    await this.#cursor?.close(deadline.remainingMs());
  }

  /** An operator's `report retry`: connect now, with fresh attempts and nothing presumed. */
  retry(): void {
    this.#memory.mode = initialMode(this.#parts.settings.acknowledge);
    this.#retry.ring();
  }

  async status(): Promise<ReportStatus> {
    const { source, settings } = this.#parts;
    const off = this.#state === 'off';
    const [pending, cursor] = await Promise.all([off ? 0 : source.pending(), source.cursor()]);
    return {
      state: this.#state,
      url: shownUrl(settings.url),
      pending,
      cursor,
      acknowledge: shownMode(this.#memory.mode),
      ...this.#journal.figures(),
    };
  }

  async #run(address: ReceiverAddress, parts: DeliveryParts): Promise<void> {
    const { signal } = this.#stopping;
    let attempt = 0;
    // A receiver that accepts and hangs up at once, over a bad token say, is not asked without pause.
    let fruitless = 0;
    while (!signal.aborted) {
      const connection = await this.#connect(address, attempt);
      if (connection !== null) {
        attempt = 0;
        fruitless = (await this.#deliver(connection, parts)) ? 0 : fruitless + 1;
      }
      if (!signal.aborted) attempt = await this.#beforeAttempt(attempt + 1, fruitless);
      if (attempt === 0) fruitless = 0;
    }
    this.#state = 'disconnected';
  }

  /** Null when it failed, which is then counted and logged. */
  async #connect(address: ReceiverAddress, attempt: number): Promise<ReceiverConnection | null> {
    this.#state = 'connecting';
    const { signal } = this.#stopping;
    try {
      const options = this.#options(address, await this.#auth());
      // socket.io-client takes 6 MiB, and most services report to nobody.
      const { openConnection } = await import('./receiver-connection.ts');
      const connection = await openConnection(options, signal);
      this.#state = 'connected';
      this.#journal.connected(address, attempt);
      return connection;
    } catch (error) {
      if (!signal.aborted) this.#journal.connectFailed(attempt, messageOf(error));
      return null;
    }
  }

  /** @returns whether the connection was of use: something was delivered, or it lasted */
  async #deliver(connection: ReceiverConnection, parts: DeliveryParts): Promise<boolean> {
    const { now } = this.#parts;
    const before = { mono: now(), reported: this.#journal.figures().reported };
    this.#connection = connection;
    // Told to stop while the connection opened: nobody else will close it.
    if (this.#stopping.signal.aborted) await connection.close(0);
    this.#delivery = new Delivery(connection, parts);
    await this.#delivery.run();
    this.#delivery = null;
    this.#state = 'disconnected';
    const { aborted } = this.#stopping.signal;
    this.#journal.disconnected(connection.reason, aborted);
    // A stop says its own goodbye; what is over already needs none.
    if (!aborted) await connection.close(0);
    this.#connection = null;
    return now() - before.mono >= LASTING_MS || this.#journal.figures().reported > before.reported;
  }

  /**
   * Waits as the policy says.
   *
   * @param fruitless connections in a row that were of no use
   * @returns the number of the attempt to make: 0 after an operator's retry
   */
  async #beforeAttempt(attempt: number, fruitless: number): Promise<number> {
    const { settings, random } = this.#parts;
    const decision = decideReconnect(settings, { attempt, fruitless }, random());
    if (decision.kind === 'retry') {
      this.#state = 'disconnected';
      const how = await this.#retry.wait(this.#stopping.signal, decision.delayMs);
      return how === 'rung' ? 0 : attempt;
    }
    this.#state = 'failed';
    if (decision.reason === 'exhausted') this.#journal.gaveUp(attempt - 1);
    else this.#journal.staysDown();
    await this.#retry.wait(this.#stopping.signal);
    return 0;
  }

  #options(address: ReceiverAddress, auth: ConnectionOptions['auth']): ConnectionOptions {
    const { path, event, timeout } = this.#parts.settings;
    const onError = (reason: string) => this.#journal.failed({ reason });
    return { address, path, event, auth, timeoutMs: timeout, onError };
  }

  /** Read at each attempt, so that a renewed token needs no restart. */
  async #auth(): Promise<Readonly<Record<string, string>>> {
    const { auth, tokenFile } = this.#parts.settings;
    if (tokenFile === null) return auth;
    const token = await readFile(tokenFile, 'utf8').catch((cause: unknown) => {
      throw new TaskbellError('E_KEY_FILE', `[webSocket] tokenFile: ${messageOf(cause)}`, {
        cause,
      });
    });
    return { ...auth, token: token.trim() };
  }

  #keepCursor(position: string): CursorKeeper {
    return new CursorKeeper(position, {
      source: this.#parts.source,
      now: this.#parts.now,
      delayOnErrorMs: this.#parts.settings.taskDelayOnError,
      onError: (err) =>
        this.#journal.failed({ reason: 'the report cursor could not be moved', err }),
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Without credentials and query: the status is shown to everyone who may look. */
function shownUrl(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
