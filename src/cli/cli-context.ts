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
import { Interruption } from './interruption.ts';
import { applyOutputModes, type OutputModes } from './output-modes.ts';
import { createPainter, type Painter } from './painter.ts';
import { tameText } from './terminal-text.ts';

export class CliContext {
  readonly #world: CliWorld;
  readonly #flags: () => Flags | Promise<Flags>;
  readonly #interrupts = new AbortController();
  readonly #signal: AbortSignal;
  #exitCode = 0;
  /** What --quiet, --verbose, --no-input and --no-color say. */
  readonly modes: OutputModes;
  /** Colours states where that is wanted; else leaves text as it is. */
  readonly paint: Painter;

  /** @param flags what the global options say; asked only after the arguments were parsed */
  constructor(world: CliWorld, modes: OutputModes, flags: () => Flags | Promise<Flags>) {
    this.#world = applyOutputModes(world, modes);
    this.#flags = flags;
    this.#signal = AbortSignal.any([world.signal, this.#interrupts.signal]);
    this.modes = modes;
    this.paint = createPainter(this.#world);
  }

  /** The process's own world, for what is no command's daily bread. */
  get world(): CliWorld {
    return this.#world;
  }

  /** Aborted when nobody reads the output any more, and by Ctrl-C in what is interruptible. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** What ended an interruptible work, if anything did. */
  get interruption(): Interruption | undefined {
    const { reason } = this.#interrupts.signal;
    return reason instanceof Interruption ? reason : undefined;
  }

  /**
   * While `work` is under way, Ctrl-C aborts `signal` instead of ending the process; the command then ends
   * with exit code 130 and says what `goesOn` returns. A second Ctrl-C ends it at once.
   */
  async interruptible<T>(goesOn: () => string, work: () => Promise<T>): Promise<T> {
    const forget = this.#world.onInterrupt((signal) => {
      this.#interrupts.abort(new Interruption(signal, goesOn()));
    });
    try {
      return await work();
    } finally {
      forget();
    }
  }

  get exitCode(): number {
    return this.#exitCode;
  }

  /** For an end that is no error, such as a job that failed. */
  exitWith(code: number): void {
    this.#exitCode = code;
  }

  /** A line of the result, to standard output: as it is, but for what would act upon a terminal. */
  print(line: string): void {
    const { stdout, stdoutIsTerminal } = this.#world;
    stdout.write(`${stdoutIsTerminal ? tameText(line) : line}\n`);
  }

  /** The result as JSON: readable on a terminal, one line elsewhere. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value, null, this.#world.stdoutIsTerminal ? 2 : 0));
  }

  /** A line beside the result, to standard error; not with --quiet. */
  note(line: string): void {
    if (!this.modes.quiet) this.warn(line);
  }

  /** A line about something that went wrong or is missing in the result, to standard error. */
  warn(line: string): void {
    const { stderr, stderrIsTerminal } = this.#world;
    stderr.write(`${stderrIsTerminal ? tameText(line) : line}\n`);
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
    const given = await this.#flags();
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
