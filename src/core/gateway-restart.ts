/**
 * Has gateways replaced by fresh processes, by way of their own supervisors.
 *
 *   core ─ replace ▶ gateway ─▶ its supervisor ─▶ a successor follows the log, the former one goes
 *                                           └─▶ kept, with the reason
 *
 * Starts and ends no process itself.
 */
import type { GatewayService } from '../api/api-context.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { ReplacedGateway } from '../protocol/gateways.ts';
import type { Replacement } from '../protocol/supervision.ts';
import type { GatewayLink } from './gateway-link.ts';
import type { GatewayLinks } from './gateway-links.ts';

/** A start of 60 s, and then the drain. */
const GONE_WITHIN_MS = 600_000;
/** From the end of one to the arrival of the next. */
const ARRIVAL_MS = 60_000;

export class GatewayRestart implements GatewayService {
  readonly #links: Pick<GatewayLinks, 'all' | 'onArrived'>;
  readonly #arrivalMs: number;

  /** @param arrivalMs shorter only in tests */
  constructor(links: Pick<GatewayLinks, 'all' | 'onArrived'>, arrivalMs = ARRIVAL_MS) {
    this.#links = links;
    this.#arrivalMs = arrivalMs;
  }

  async restart(
    replacement: Replacement,
    signal: AbortSignal,
  ): Promise<readonly ReplacedGateway[]> {
    const chosen = this.#links.all();
    if (!replacement.rolling) {
      return await Promise.all(chosen.map((link) => this.#replace(link, replacement, signal)));
    }
    const replaced: ReplacedGateway[] = [];
    for (const link of chosen) {
      try {
        replaced.push(await this.#replace(link, replacement, signal));
      } catch (error) {
        throw stoppedAfter(error, replaced.length, chosen.length);
      }
    }
    return replaced;
  }

  async #replace(
    former: GatewayLink,
    replacement: Replacement,
    signal: AbortSignal,
  ): Promise<ReplacedGateway> {
    let successor: GatewayLink | undefined;
    let arrived: () => void = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const unlisten = this.#links.onArrived((link) => {
      if (link.predecessor !== former.pid) return;
      successor = link;
      arrived();
    });
    try {
      const kept = await orAborted(former.ask('replace', replacement, GONE_WITHIN_MS), signal);
      if (kept !== undefined) throw staysAs(former, kept.problem);
      await orAborted(within(arrival, this.#arrivalMs), signal);
      if (successor === undefined) throw nobodyCame(former, this.#arrivalMs);
      const { name: gateway, pid } = successor;
      return { gateway: former.name, pid: former.pid, successor: { gateway, pid } };
    } finally {
      unlisten();
    }
  }
}

async function within(event: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([event, late]);
  clearTimeout(timer);
}

/** Whoever asked may go before the answer comes. */
async function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(new TaskbellError('E_UNAVAILABLE', 'Nobody waits any more.'));
  });
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function staysAs({ name, pid }: GatewayLink, problem: string): TaskbellError {
  return new TaskbellError(
    'E_UNAVAILABLE',
    `Gateway ${name} (pid ${pid}) was not replaced: ${problem}`,
    { hint: 'It goes on as it was; the log of its service says more.' },
  );
}

function nobodyCame({ name, pid }: GatewayLink, ms: number): TaskbellError {
  return new TaskbellError(
    'E_TIMEOUT',
    `Gateway ${name} (pid ${pid}) has gone, and its successor did not come within ${ms / 1_000} s.`,
    { hint: 'The log of its service says why.' },
  );
}

function stoppedAfter(error: unknown, done: number, total: number): unknown {
  if (!(error instanceof TaskbellError)) return error;
  const left = `${done} of ${total} gateways were replaced; the others go on as they were.`;
  return new TaskbellError(error.code, error.message, { hint: left, cause: error });
}
