/**
 * The settings of a process that takes new ones while it runs: what holds now, and who acts on a change.
 *
 * Judges no change: which keys may change, planReload has decided.
 */
import type { Settings } from './settings.ts';

type Listener = (settings: Settings) => Promise<void> | void;

export class LiveSettings {
  #current: Settings;
  readonly #listeners: Listener[] = [];

  constructor(settings: Settings) {
    this.#current = settings;
  }

  get current(): Settings {
    return this.#current;
  }

  onChange(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Resolves when everybody acts on them; rejects with the first failure. */
  async take(settings: Settings): Promise<void> {
    this.#current = settings;
    for (const listener of this.#listeners) await listener(settings);
  }
}
