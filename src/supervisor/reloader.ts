/**
 * Reads the configuration of a service that runs anew: checks the whole, decides what of it can hold now, and has the
 * processes act on it. With one problem everything stays as it was.
 *
 * One at a time; what asks meanwhile gets a reload of its own, since the file may have changed again.
 */
import { planReload, type Reading, type ReloadPlan } from '../config/reload.ts';
import type { Settings } from '../config/settings.ts';
import { setLogLevel } from '../process/log-level.ts';
import type { Logger } from '../process/logger.ts';
import type { ReloadView } from '../protocol/reload.ts';
import type { Role } from '../protocol/supervision.ts';
import type { ManagerLink } from './systemd-link.ts';

/** Where settings come from. */
export interface ConfigSource {
  /** What the service was started with. */
  readonly reading: Reading;
  /** Reads and checks all of it anew. Rejects with a TaskbellError that names every problem. */
  readonly read: () => Promise<Reading>;
}

export interface ReloaderParts {
  readonly source: ConfigSource;
  readonly apply: (settings: Settings, roles: ReadonlySet<Role>) => Promise<ReloadView['replaced']>;
  /** Told when a reload begins and, whatever came of it, ends. */
  readonly manager?: Pick<ManagerLink, 'reloading' | 'reloaded'>;
  readonly log: Logger;
}

export class Reloader {
  readonly #parts: ReloaderParts;
  #current: Reading;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
    this.#current = parts.source.reading;
  }

  /**
   * @param reason who asks, for the log
   * @throws TaskbellError with what is wrong; it is logged as well
   */
  reload(reason: string): Promise<ReloadView> {
    const reloaded = this.#last.then(() => this.#reload(reason));
    this.#last = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reload(reason: string): Promise<ReloadView> {
    const { source, apply, log, manager } = this.#parts;
    manager?.reloading();
    try {
      const plan = planReload(this.#current, await source.read());
      const { settings } = plan.effective.loaded;
      const isSame = plan.applied.length === 0;
      const replaced = isSame ? NOBODY : await apply(settings, plan.roles);
      this.#current = plan.effective;
      setLogLevel(log, settings.daemon.logLevel);
      return this.#tell(plan, { reason, replaced });
    } catch (err) {
      log.error({ reason, err }, 'configuration not reloaded: everything stays as it was');
      throw err;
    } finally {
      manager?.reloaded();
    }
  }

  #tell(plan: ReloadPlan, { reason, replaced }: Pick<ReloadView, 'replaced'> & { reason: string }) {
    const { applied, needRestart } = plan;
    const { file } = plan.effective.loaded.settings;
    const view: ReloadView = { file, applied, needRestart, replaced };
    this.#parts.log.info({ reason, ...view }, 'configuration reloaded');
    if (needRestart.length > 0) {
      const keys = needRestart.map(
        ({ section, key }) => `[${section}]${key === null ? '' : ` ${key}`}`,
      );
      this.#parts.log.warn({ keys }, 'some changes hold from the next start on only');
    }
    return view;
  }
}

const NOBODY: ReloadView['replaced'] = { executors: 0, gateways: 0 };
