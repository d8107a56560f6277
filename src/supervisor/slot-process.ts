/**
 * One process of a slot, from its fork to its end: what it was told, what it said, how it ended.
 *
 * Refuses to decide: its slot acts on what it hears.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Settings } from '../config/settings.ts';
import {
  LOOP_REPORT_DESCRIPTOR,
  type LoopReport,
  parseLoopReport,
} from '../process/loop-report.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { FromChild, ToChild } from '../protocol/supervision.ts';
import type { TroubleView } from '../protocol/troubles.ts';
import { type ChildEnd, childEnd, type ForkRequest, forkChild } from './child-fork.ts';
import { parseFromChild } from './child-message.ts';
import { type OutputReaders, readOutput } from './child-output.ts';

export type Fatal = Extract<FromChild, { kind: 'fatal' }>;
export type ReplaceRequest = Extract<FromChild, { kind: 'replace' }>;
type Init = Extract<ToChild<Settings>, { kind: 'init' }>;

export interface SlotProcessEvents {
  readonly up: (state: 'standby' | 'ready') => void;
  readonly replace: (request: ReplaceRequest) => void;
  readonly openPort: () => void;
  readonly trouble: (trouble: TroubleView) => void;
  /** A connection has left for it: there is room for another. */
  readonly taken: () => void;
  /** It was given to this process, which ended before it had it. */
  readonly givenBack: (connection: Socket) => void;
  /** It asks for the configuration to be read anew. */
  readonly reload: () => void;
  /** Its event loop stands still, or turns again. */
  readonly loop: (report: LoopReport) => void;
  readonly foreign: () => void;
  readonly output: OutputReaders;
}

/** On their way to a process that does not take them: it is blocked, or many come at once. */
const MAX_UNDER_WAY = 1_024;

/** A core may have to wait for its disk. */
const SETTINGS_WITHIN_MS = 30_000;

export class SlotProcess {
  readonly startedMono = performance.now();
  readonly since = new Date().toISOString();
  readonly pid: number | undefined;
  /** Resolves when the process is gone. */
  readonly gone: Promise<ChildEnd>;
  /** Resolves when it works or waits for another to go; false: it ended before. */
  readonly up: Promise<boolean>;
  readonly #child: ChildProcess;
  readonly #events: SlotProcessEvents;
  #isUp: (up: boolean) => void = () => {};
  #fatal: Fatal | undefined;
  #types: readonly string[] = [];
  readonly #underWay = new Set<Socket>();
  /** Of settings that it was given and has not answered yet, in their order. */
  readonly #taking: ((problem: string | null) => void)[] = [];
  #beat:
    | { readonly answer: Promise<boolean>; readonly resolve: (alive: boolean) => void }
    | undefined;

  constructor(request: ForkRequest, init: Init, events: SlotProcessEvents) {
    this.#events = events;
    this.#child = forkChild(request);
    this.pid = this.#child.pid;
    this.up = new Promise((resolve) => {
      this.#isUp = resolve;
    });
    this.#child.on('message', (value) => this.#hear(value));
    this.#hearLoop();
    readOutput(this.#child, events.output);
    this.gone = childEnd(this.#child).finally(() => {
      this.#isUp(false);
      this.#answered(false);
      for (const connection of this.#underWay) this.#events.givenBack(connection);
      this.#underWay.clear();
    });
    this.send(init);
  }

  /** Why it said that it cannot work. */
  get fatal(): Fatal | undefined {
    return this.#fatal;
  }

  /** Job types that it said that it runs. */
  get types(): readonly string[] {
    return this.#types;
  }

  send(message: ToChild<Settings>): void {
    // An error means that the process is ending; its exit is heard and acted upon anyway.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Asks whether its loop turns. Resolves with true when it answers, with false when it is gone; not at all while it hangs. */
  answers(): Promise<boolean> {
    if (this.#beat !== undefined) return this.#beat.answer;
    let resolve: (alive: boolean) => void = () => {};
    const answer = new Promise<boolean>((settle) => {
      resolve = settle;
    });
    this.#beat = { answer, resolve };
    this.send({ kind: 'beat' });
    return answer;
  }

  #answered(alive: boolean): void {
    this.#beat?.resolve(alive);
    this.#beat = undefined;
  }

  /** False: it takes no more now, and the connection was not touched. */
  take(connection: Socket): boolean {
    if (!this.#child.connected || this.#underWay.size >= MAX_UNDER_WAY) return false;
    this.#underWay.add(connection);
    const message: ToChild<Settings> = { kind: 'connection' };
    // Kept open until it has left: of one that could not be sent nothing else would be left to give back.
    this.#child.send(message, connection, { keepOpen: true }, (error) => {
      // An error means that the process is ending: what is still under way then is given back.
      if (error !== null) return;
      if (this.#underWay.delete(connection)) connection.destroy();
      this.#events.taken();
    });
    return true;
  }

  /**
   * Gives it other settings. Resolves when it acts on them, and when it is gone: whoever comes in its place has them.
   *
   * @throws TaskbellError when it cannot
   */
  async reconfigure(settings: Settings): Promise<void> {
    const taken = new Promise<string | null>((resolve) => {
      this.#taking.push(resolve);
    });
    const late = delayed(SETTINGS_WITHIN_MS, 'it did not answer');
    this.send({ kind: 'settings', settings });
    const problem = await Promise.race([taken, this.gone.then(() => null), late.result]);
    late.cancel();
    if (problem === null) return;
    throw new TaskbellError(
      'E_UNAVAILABLE',
      `Process ${this.pid} does not take the settings: ${problem}`,
      {
        hint: 'The log of the service says more; all of it goes on with the former settings.',
      },
    );
  }

  kill(): void {
    // To Node one that never was is process 0: a signal would reach the whole group of this one.
    if (this.pid !== undefined) this.#child.kill('SIGKILL');
  }

  /** Of an executor there is no such pipe. */
  #hearLoop(): void {
    // There are none of a process that the system had no descriptors left for.
    const { stdio }: Partial<Pick<ChildProcess, 'stdio'>> = this.#child;
    const pipe = stdio?.[LOOP_REPORT_DESCRIPTOR];
    if (!(pipe instanceof Readable)) return;
    // Whatever goes wrong with it, the process's end says more.
    pipe.on('error', () => {});
    createInterface({ input: pipe }).on('line', (line) => {
      const report = parseLoopReport(line);
      if (report !== undefined) this.#events.loop(report);
    });
  }

  #hear(value: unknown): void {
    const message = parseFromChild(value);
    switch (message?.kind) {
      case 'state':
        this.#types = message.types ?? this.#types;
        this.#events.up(message.state);
        this.#isUp(true);
        return;
      case 'fatal':
        this.#fatal = message;
        return;
      case 'replace':
        this.#events.replace(message);
        return;
      case 'open-port':
        this.#events.openPort();
        return;
      case 'reload':
        this.#events.reload();
        return;
      case 'settings-taken':
        this.#taking.shift()?.(message.problem);
        return;
      case 'beat':
        this.#answered(true);
        return;
      case 'trouble':
        this.#events.trouble({ ...message.trouble, pid: this.pid ?? 0 });
        return;
      case undefined:
        this.#events.foreign();
    }
  }
}

interface Delayed<T> {
  readonly result: Promise<T>;
  readonly cancel: () => void;
}

function delayed<T>(ms: number, value: T): Delayed<T> {
  let timer: NodeJS.Timeout | undefined;
  const result = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(value), ms);
  });
  return { result, cancel: () => clearTimeout(timer) };
}
