/**
 * Passes the question for a reload on to this core's supervisor, and says who else there is to be asked: each
 * supervisor has a configuration of its own.
 */
import type { ConfigService } from '../api/api-context.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { ReloadAnswer, ReloadView } from '../protocol/reload.ts';
import type { Peers } from './peers.ts';
import type { RemoteExecutor } from './remote-executor.ts';

export interface ConfigReloadParts {
  readonly ask: (() => Promise<ReloadView>) | undefined;
  /** Of this core. */
  readonly supervisorPid: number;
  readonly executors: () => readonly RemoteExecutor[];
  readonly peers: Pick<Peers, 'gateways'>;
}

export class ConfigReload implements ConfigService {
  readonly #parts: ConfigReloadParts;

  constructor(parts: ConfigReloadParts) {
    this.#parts = parts;
  }

  async reload(): Promise<ReloadAnswer> {
    const { ask } = this.#parts;
    if (ask === undefined) {
      throw new TaskbellError('E_UNAVAILABLE', 'This core has no supervisor that could reload.', {
        hint: 'Start the service with `taskbell up`.',
      });
    }
    // Before the reload puts others in their places.
    const others = this.#others();
    return { ...(await ask()), others };
  }

  #others(): readonly number[] {
    const { executors, peers, supervisorPid } = this.#parts;
    const connected = executors().filter(({ connection }) => connection !== undefined);
    const pids = [
      ...connected.map(({ supervisor }) => supervisor?.pid ?? null),
      ...peers
        .gateways()
        .filter(({ isElsewhere }) => !isElsewhere)
        .map((peer) => peer.supervisorPid),
    ];
    const known = pids.filter((pid) => pid !== null && pid > 0 && pid !== supervisorPid);
    return [...new Set(known.flatMap((pid) => pid ?? []))];
  }
}
