/**
 * The last warnings and errors of all processes of this service. The supervisor keeps them, because it outlives the
 * core that may be their cause, and hands all of them to each core that comes.
 */
import { MAX_TROUBLES, type TroubleView } from '../protocol/troubles.ts';

/** Brings what the supervisor itself logs to its book; what comes before somebody listens is in the log alone. */
export class TroubleInlet {
  #hear: (trouble: TroubleView) => void = () => {};

  readonly tell = (trouble: TroubleView): void => this.#hear(trouble);

  listen(hear: (trouble: TroubleView) => void): void {
    this.#hear = hear;
  }
}

export class TroubleBook {
  #troubles: TroubleView[] = [];

  note(trouble: TroubleView): void {
    this.#troubles.push(trouble);
    if (this.#troubles.length > MAX_TROUBLES) this.#troubles.shift();
  }

  /** Oldest first. */
  all(): readonly TroubleView[] {
    return [...this.#troubles];
  }
}
