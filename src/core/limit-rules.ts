/** What limits hold for a queue and a type: configuration, and what the handlers themselves say. */
import type { QueueSettings } from '../config/settings.ts';
import { type LimitRules, NO_LIMITS } from '../queue/limits.ts';
import type { Limits } from '../queue/type-policy.ts';
import type { JobTypes } from './job-types.ts';

export class CoreLimitRules implements LimitRules {
  #configured: ReadonlyMap<string, Limits> = new Map();
  readonly #types: JobTypes;

  constructor(configured: readonly QueueSettings[], types: JobTypes) {
    this.#types = types;
    this.configure(configured);
  }

  configure(configured: readonly QueueSettings[]): void {
    this.#configured = new Map(configured.map((queue) => [queue.name, queue]));
  }

  queue(name: string): Limits {
    return this.#configured.get(name) ?? NO_LIMITS;
  }

  type(name: string): Limits {
    return this.#types.policyOf(name);
  }
}
