/** What the error of an attempt says whose executor died or had to be ended. Pure. */
import { isElsewhere } from './executor-place.ts';
import type { InFlight, RemoteExecutor } from './remote-executor.ts';

interface Circumstances {
  readonly executor: Pick<RemoteExecutor, 'id' | 'process' | 'blocked'>;
  /** The attempt that held up its event loop. */
  readonly blocker: InFlight | undefined;
  /** Why the supervisor has ended it. */
  readonly reason: string | undefined;
}

interface Words {
  readonly message: string;
  readonly stack?: string;
}

export function wordsFor(attempt: InFlight, outcome: string, around: Circumstances): Words {
  const { executor, blocker, reason } = around;
  const elsewhere = isElsewhere(executor.process);
  const who = `executor ${executor.id} (${elsewhere ? 'elsewhere' : `pid ${executor.process.pid}`})`;
  const stack = executor.blocked?.stack ?? '';
  if (blocker === attempt && outcome !== 'interrupted') {
    const message = `${endOf(outcome, who)}: it blocked the event loop${placeOf(stack)}`;
    return stack === '' ? { message } : { message, stack };
  }
  if (elsewhere && (outcome === 'crash' || outcome === 'interrupted')) {
    return { message: `${who} lost its connection and did not come back in time` };
  }
  if (reason !== undefined) return { message: `${who} ${reason} and was ended` };
  if (blocker !== undefined && outcome === 'interrupted') {
    return { message: `${who} was ended because job ${blocker.id} blocked its event loop` };
  }
  return { message: endOf(outcome, who) };
}

function endOf(outcome: string, who: string): string {
  switch (outcome) {
    case 'crash':
      return `${who} died while the attempt ran`;
    case 'timeout':
      return `the attempt passed its time limit and did not end when asked; ${who} was ended`;
    case 'cancelled':
      return `cancelled; the attempt did not end when asked, so ${who} was ended`;
    default:
      return `${who} stopped before the attempt ended`;
  }
}

function placeOf(stack: string): string {
  const first = stack.split('\n')[0]?.trim() ?? '';
  return first === '' ? '' : ` ${first}`;
}
