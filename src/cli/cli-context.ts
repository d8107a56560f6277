/**
 * A command's whole world: what it may read, where it may write, and how it reaches the daemon.
 *
 * Commands use nothing else; no command reads the environment, opens a socket or ends the process.
 */
import { once } from 'node:events';
import type { TaskbellClient } from '../client/client.ts';
import type { FlagOverride, Flags } from '../config/flags.ts';
import type { Loaded } from '../config/load-settings.ts';
import type { Settings } from '../config/settings.ts';
import { loadCode } from '../process/code-loading.ts';
import type { CliWorld } from './cli-world.ts';
import { createPainter, type Painter } from './painter.ts';

export class CliContext {
  readonly #world: CliWorld;
  readonly #flags: () => Flags;
  #exitCode = 0;
  /** Colours states where that is wanted; else leaves text as it is. */
  readonly paint: Painter;

  /** @param flags what the global options say; asked only after the arguments were parsed */
  constructor(world: CliWorld, flags: () => Flags) {
    this.#world = world;
    this.#flags = flags;
    this.paint = createPainter(world);
  }

  /** The process's own world, for what is no command's daily bread. */
  get world(): CliWorld {
    return this.#world;
  }

  /** Aborted when nobody reads the output any more. */
  get signal(): AbortSignal {
    return this.#world.signal;
  }

  get exitCode(): number {
    return this.#exitCode;
  }

  /** For an end that is no error, such as a job that failed. */
  exitWith(code: number): void {
    this.#exitCode = code;
  }

  /** A line of the result, to standard output. */
  print(line: string): void {
    this.#world.stdout.write(`${line}\n`);
  }

  /** The result as JSON: readable on a terminal, one line elsewhere. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value, null, this.#world.stdoutIsTerminal ? 2 : 0));
  }

  /** A line beside the result, to standard error. */
  note(line: string): void {
    this.#world.stderr.write(`${line}\n`);
  }

  /** Resolves when standard output takes more: a long stream must not gather in memory. */
  async drained(): Promise<void> {
    const { stdout, signal } = this.#world;
    if (!stdout.writableNeedDrain) return;
    // Aborted: nobody reads any more, so there is nothing left to wait for.
    await once(stdout, 'drain', { signal }).catch(() => undefined);
  }

  /** @param overrides what the command's own options say */
  async load(overrides: readonly FlagOverride[] = []): Promise<Loaded> {
    const { loadSettings } = await loadCode(() => import('../config/load-settings.ts'));
    const { environment, cwd } = this.#world;
    const given = this.#flags();
    const flags = { ...given, overrides: [...(given.overrides ?? []), ...overrides] };
    return loadSettings({ flags, environment, cwd });
  }

  async settings(overrides: readonly FlagOverride[] = []): Promise<Settings> {
    return (await this.load(overrides)).settings;
  }

  /** Calls `use` with a client of the configured daemon and closes it afterwards. */
  async withDaemon<T>(use: (client: TaskbellClient) => Promise<T>): Promise<T> {
    const { controlSocket } = (await this.settings()).daemon;
    const { connect } = await import('../client/client.ts');
    const client = connect({ socket: controlSocket, patienceMs: 2_000 });
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  }
}
