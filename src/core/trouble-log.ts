/** The last warnings and errors of all processes of this core's service, as its supervisor tells them. */
import { MAX_TROUBLES, type TroubleLevel, type TroubleView } from '../protocol/troubles.ts';

export class TroubleLog {
  #troubles: readonly TroubleView[] = [];
  readonly #counts: Record<TroubleLevel, number> = { warn: 0, error: 0 };

  /** @param all these are all that are known: what is here already is among them */
  hear(troubles: readonly TroubleView[], all: boolean): void {
    const known = new Set(all ? this.#troubles.map(keyOf) : []);
    const fresh = troubles.filter((trouble) => !known.has(keyOf(trouble)));
    for (const { level } of fresh) this.#counts[level] += 1;
    this.#troubles = [...this.#troubles, ...fresh].slice(-MAX_TROUBLES);
  }

  /** Oldest first. */
  last(): readonly TroubleView[] {
    return this.#troubles;
  }

  /** All that were told, since this core woke. */
  counts(): Readonly<Record<TroubleLevel, number>> {
    return { ...this.#counts };
  }
}

function keyOf({ at, pid, message, problem }: TroubleView): string {
  return [at, pid, message, problem].join('\n');
}
