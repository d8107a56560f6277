/**
 * What an operator sees of the reports: the log lines, and the figures of `report status`.
 * Decides nothing; payloads, tokens and queries never come here.
 */
import type { Logger } from '../process/logger.ts';
import type { ReportStatus } from '../protocol/status.ts';
import type { AcknowledgeMode } from './acknowledge-mode.ts';
import { ConnectionEvents } from './connection-events.ts';
import type { DeliveryObserver } from './delivery.ts';
import type { ReceiverAddress } from './receiver-address.ts';
import type { EndedJob } from './report-source.ts';

export interface Problem {
  readonly reason: string;
  readonly err?: unknown;
}

const HINT = 'taskbell report retry starts it again';

export class ReportJournal implements DeliveryObserver {
  readonly #log: Logger;
  readonly #events: ConnectionEvents;
  #reported = 0;
  #lastError: string | null = null;

  constructor(log: Logger) {
    this.#log = log;
    this.#events = new ConnectionEvents(log);
  }

  figures(): Pick<ReportStatus, 'reported' | 'lastError' | 'counts'> {
    return {
      reported: this.#reported,
      lastError: this.#lastError,
      counts: this.#events.counts(),
    };
  }

  /** @param attempt 0 for a first connection, else the number of the reconnection */
  connected(address: ReceiverAddress, attempt: number): void {
    const facts = { url: address.origin, namespace: address.namespace };
    this.#lastError = null;
    this.#events.note('connect', facts);
    if (attempt > 0) this.#events.note('reconnect', { ...facts, attempt, moment: 'reconnection' });
    this.#events.recovered('connect_error', 'reconnect_error', 'disconnect', 'error');
  }

  connectFailed(attempt: number, reason: string): void {
    this.#lastError = reason;
    this.#events.warn('connect_error', { reason, attempt });
    if (attempt > 0) this.#events.warn('reconnect_error', { reason, attempt });
  }

  disconnected(reason: string, wanted: boolean): void {
    if (wanted) {
      this.#events.note('disconnect', { reason });
      return;
    }
    this.#lastError = `disconnected: ${reason}`;
    this.#events.warn('disconnect', { reason });
  }

  /** After all attempts that `reconnectionAttempts` allows. */
  gaveUp(attempts: number): void {
    this.#events.alarm('reconnect_failed', { attempts, hint: HINT });
  }

  /** `autoReconnect` is off. */
  staysDown(): void {
    this.#log.error({ hint: HINT }, 'reports stay down: autoReconnect is off');
  }

  reported({ jobId, eventId, type, success }: EndedJob): void {
    this.#reported += 1;
    this.#lastError = null;
    this.#events.recovered('error');
    this.#log.info({ moment: 'notified', jobId, eventId, type, success }, 'report delivered');
  }

  failed(problem: Problem): void {
    this.#lastError = problem.reason;
    this.#events.warn('error', { ...problem });
  }

  modeChanged(mode: AcknowledgeMode): void {
    if (mode === 'fallen-back') {
      this.#log.warn(
        'the receiver acknowledges nothing: reports count as delivered once its transport has them',
      );
    } else {
      this.#log.info('the receiver acknowledges: every report waits for it');
    }
  }
}
