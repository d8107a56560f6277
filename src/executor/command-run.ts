/**
 * One run of a command, from its start to the moment when nobody of its process group is left.
 *
 *   spawn ─► running ─► leader gone ─► group reaped ─► output closed
 *              └ stop: SIGTERM to the group, SIGKILL after the grace
 *
 * It does not judge: what the end means is decided in `command-handler.ts`.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { JobTypeSettings } from '../config/settings.ts';
import { type FramedLine, LineFramer } from '../process/line-framer.ts';
import { identityOf, signalGroup } from '../process/process-identity.ts';
import { MAX_PAYLOAD_BYTES } from '../protocol/jobs.ts';
import { type Environment, jobEnvironment } from './command-environment.ts';
import { readOutputLine } from './command-output.ts';
import { type DependencyFacts, handDown } from './dependency-facts.ts';
import type { Run, StopReason, Usage } from './handler.ts';
import { cut, describeError } from './job-error.ts';
import { type ProcessGroups, reapGroup, SURVIVOR_GRACE_MS } from './process-group.ts';
import { UsageSampler } from './process-usage.ts';

export interface CommandSurroundings {
  /** Passed to every command, see `scrubEnvironment`. */
  readonly base: Environment;
  /** The variables by which survivors are found. */
  readonly marks: Environment;
  readonly groups: ProcessGroups;
}

export type CommandEnd =
  | { readonly kind: 'not-started'; readonly problem: string; readonly retryable: boolean }
  | {
      readonly kind: 'ended';
      readonly exitCode: number | null;
      readonly signal: NodeJS.Signals | null;
      /** The last line of standard output that says something other than progress or an event. */
      readonly lastLine: FramedLine | null;
      /** The last lines of standard error. */
      readonly errorTail: readonly string[];
      readonly usage: Usage | undefined;
      /** It was told to end before it did. A stop that comes while its leftovers are reaped is none. */
      readonly stopped: boolean;
    };

interface Exit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

const MAX_STDERR_LINE_BYTES = 8 * 1024;
const ERROR_TAIL_LINES = 10;
const ERROR_TAIL_LINE_LENGTH = 400;
/** A process that left the group may hold the pipes open; what it still writes is not waited for longer. */
const OUTPUT_CLOSE_MS = 250;
/** Out of processes, files, memory or disk: these pass. */
const PASSING_ERRORS = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'ENOSPC', 'ETXTBSY']);

export class CommandRun {
  readonly #job: JobTypeSettings;
  readonly #around: CommandSurroundings;
  readonly #run: Run;
  readonly #errorTail: string[] = [];
  #lastLine: FramedLine | null = null;

  constructor(job: JobTypeSettings, around: CommandSurroundings, run: Run) {
    this.#job = job;
    this.#around = around;
    this.#run = run;
  }

  async run(): Promise<CommandEnd> {
    let facts: DependencyFacts;
    try {
      facts = handDown(this.#run.assignment.dependencies);
    } catch (error) {
      return this.#notStarted(error);
    }
    try {
      return await this.#runWith(facts.environment);
    } finally {
      facts.remove();
    }
  }

  async #runWith(facts: Environment): Promise<CommandEnd> {
    let child: ChildProcessWithoutNullStreams;
    try {
      child = this.#spawn(facts);
      if (child.pid === undefined)
        throw await new Promise((resolve) => child.once('error', resolve));
    } catch (error) {
      return this.#notStarted(error);
    }
    return this.#attend(child, child.pid);
  }

  #spawn(facts: Environment): ChildProcessWithoutNullStreams {
    const [program = '', ...args] = this.#job.command ?? [];
    const { base, marks } = this.#around;
    const env = {
      ...base,
      ...this.#job.environment,
      ...jobEnvironment(this.#run.assignment),
      ...facts,
      ...marks,
    };
    return spawn(program, args, {
      cwd: this.#job.workingDirectory,
      env,
      // A session of its own makes it the leader of a group that can be signalled as one.
      detached: true,
      shell: false,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  async #attend(child: ChildProcessWithoutNullStreams, pid: number): Promise<CommandEnd> {
    const { groups } = this.#around;
    groups.add(pid);
    this.#run.sink.spawned(identityOf(pid));
    const usage = new UsageSampler(pid);
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    });
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    this.#readOutput(child, usage);
    this.#writePayload(child);
    const disarm = this.#armStop(pid);
    usage.start();
    const { exitCode, signal } = await exited;
    const used = usage.stop();
    const stopped = this.#run.signal.aborted;
    await reapGroup(pid, this.#graceMs());
    disarm();
    groups.delete(pid);
    await closeOutput(child, closed);
    const [lastLine, errorTail] = [this.#lastLine, this.#errorTail];
    return { kind: 'ended', exitCode, signal, lastLine, errorTail, usage: used, stopped };
  }

  #graceMs(): number {
    const { signal } = this.#run;
    return signal.aborted ? (signal.reason as StopReason).graceMs : SURVIVOR_GRACE_MS;
  }

  #writePayload(child: ChildProcessWithoutNullStreams): void {
    // EPIPE: the command has ended or does not read its input, which is its right.
    child.stdin.on('error', () => {});
    child.stdin.end(`${JSON.stringify(this.#run.assignment.payload)}\n`);
  }

  #readOutput(child: ChildProcessWithoutNullStreams, usage: UsageSampler): void {
    // The kernel closes a process's files before its parent may wait for it, and libuv looks at pipes
    // before signals: at the end of the output the process is still there with its final CPU time.
    const atEnd = () => usage.sample();
    readLines(child.stdout, MAX_PAYLOAD_BYTES, (line) => this.#outputLine(line), atEnd);
    readLines(child.stderr, MAX_STDERR_LINE_BYTES, (line) => this.#errorLine(line), atEnd);
  }

  #outputLine(line: FramedLine): void {
    const { sink } = this.#run;
    const meaning = readOutputLine(line.text);
    switch (meaning.kind) {
      case 'progress':
        sink.progress(meaning.value);
        break;
      case 'event':
        this.#emit(meaning.event);
        break;
      case 'unusable':
        sink.log('warn', `${cut(line.text, 200)}: ${meaning.problem}`);
        break;
      case 'text':
        if (line.text.trim() !== '') this.#lastLine = line;
        sink.log('info', line.text);
    }
  }

  #emit(event: unknown): void {
    try {
      this.#run.sink.emit(event);
    } catch (error) {
      // A command cannot be told: its job's log is where its author looks.
      this.#run.sink.log('error', `::event refused: ${describeError(error).message}`);
    }
  }

  #errorLine(line: FramedLine): void {
    this.#run.sink.log('stderr', line.text);
    this.#errorTail.push(cut(line.text, ERROR_TAIL_LINE_LENGTH));
    if (this.#errorTail.length > ERROR_TAIL_LINES) this.#errorTail.shift();
  }

  /** @returns takes the stop's listener and timer away */
  #armStop(pid: number): () => void {
    const { signal } = this.#run;
    let timer: NodeJS.Timeout | undefined;
    const stop = () => {
      signalGroup(pid, 'SIGTERM');
      const { graceMs } = signal.reason as StopReason;
      timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
    };
    signal.addEventListener('abort', stop, { once: true });
    return () => {
      signal.removeEventListener('abort', stop);
      clearTimeout(timer);
    };
  }

  #notStarted(error: unknown): CommandEnd {
    const { code } = error as NodeJS.ErrnoException;
    const program = this.#job.command?.[0] ?? '';
    const place = this.#job.workingDirectory;
    const problem = isDirectory(place)
      ? `command ${program} could not be started in ${place}: ${describeError(error).message}. Check command in [job:${this.#job.name}]: it needs the path of an executable file or a name on the PATH`
      : `command ${program} could not be started: its working directory ${place} does not exist. Create it or change workingDirectory in [job:${this.#job.name}]`;
    return { kind: 'not-started', problem, retryable: PASSING_ERRORS.has(code ?? '') };
  }
}

function readLines(
  stream: Readable,
  maxBytes: number,
  onLine: (line: FramedLine) => void,
  onEnd: () => void,
): void {
  const framer = new LineFramer(maxBytes);
  stream.on('data', (chunk: Buffer) => framer.push(chunk).forEach(onLine));
  stream.on('end', () => {
    onEnd();
    framer.end().forEach(onLine);
  });
  // A pipe that breaks has said what it could; the exit code tells the rest.
  stream.on('error', () => {});
}

async function closeOutput(
  child: ChildProcessWithoutNullStreams,
  closed: Promise<void>,
): Promise<void> {
  const timer = setTimeout(() => {
    child.stdout.destroy();
    child.stderr.destroy();
    child.stdin.destroy();
  }, OUTPUT_CLOSE_MS);
  await closed;
  clearTimeout(timer);
}

function isDirectory(file: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch {
    // Missing: that is the answer.
    return false;
  }
}
