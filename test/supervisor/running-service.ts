/** Runs fixtures/service.mjs as a process of its own and lets a test wait for its log lines. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { identityOf, isAlive, signal } from '../../src/process/process-identity.ts';
import { type ProcessIdentity, RUN_MARK } from '../../src/protocol/execute.ts';

const FIXTURE = fileURLToPath(new URL('./fixtures/service.mjs', import.meta.url));

export interface LogLine {
  readonly msg: string;
  readonly role: string;
  readonly pid: number;
  readonly [fact: string]: unknown;
}

export interface ServicePlan {
  readonly mode?: 'up' | 'worker' | 'web_socket';
  readonly daemon?: Readonly<Record<string, unknown>>;
  readonly worker?: Readonly<Record<string, unknown>>;
  readonly webSocketEvents?: Readonly<Record<string, unknown>>;
  readonly plan?: Readonly<Record<string, { readonly start?: string; readonly stop?: string }>>;
}

export class RunningService {
  readonly lines: LogLine[] = [];
  readonly process: ChildProcess;
  readonly exitCode: Promise<number | null>;
  readonly #directory = mkdtempSync(join(tmpdir(), 'taskbell-supervisor-'));
  readonly #waiting = new Set<() => void>();
  readonly #seen = new Map<number, ProcessIdentity>();

  constructor({
    mode = 'up',
    daemon = {},
    worker = {},
    webSocketEvents = {},
    plan = {},
  }: ServicePlan) {
    this.process = spawn(
      process.execPath,
      [FIXTURE, mode, JSON.stringify({ daemon, worker, webSocketEvents })],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        // A group of its own, so that a test can do to it what Ctrl-C in a terminal does.
        detached: true,
        env: { ...process.env, PLAN: JSON.stringify(plan), STATE_DIRECTORY: this.#directory },
      },
    );
    this.exitCode = new Promise((resolve) => this.process.once('exit', (code) => resolve(code)));
    if (this.process.stderr === null) throw new Error('no stderr');
    createInterface(this.process.stderr).on('line', (text) => this.#read(text));
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the service did not start');
    return this.process.pid;
  }

  /** The first line that fits, past or to come. */
  async line(fits: (line: LogLine) => boolean, withinMs = 60_000): Promise<LogLine> {
    return (await this.count(1, fits, withinMs))[0] as LogLine;
  }

  async count(
    wanted: number,
    fits: (line: LogLine) => boolean,
    withinMs = 60_000,
  ): Promise<readonly LogLine[]> {
    const found = (): readonly LogLine[] => this.lines.filter(fits);
    await new Promise<void>((resolve, reject) => {
      const late = (): void => reject(new Error(`no such line in ${this.#transcript()}`));
      const timer = setTimeout(late, withinMs);
      const look = (): void => {
        if (found().length < wanted) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
    return found();
  }

  async started(): Promise<LogLine> {
    const line = await this.line((one) => one.moment === 'started');
    // What the processes say comes by pipes of their own, and may be later.
    await until(
      () => this.#silent().length === 0,
      () => `silent: ${this.#silent()}`,
      30_000,
    );
    return line;
  }

  /** Processes that have not said yet that they start. */
  #silent(): readonly number[] {
    const said = new Set(this.lines.filter(({ msg }) => msg === 'starting').map(({ pid }) => pid));
    const marked = childrenOf(this.pid).filter((pid) => runMarkOf(pid) !== undefined);
    return marked.filter((pid) => !said.has(pid));
  }

  /** The pid of the latest process of a role. */
  pidOf(role: string): number {
    const line = this.lines.findLast((each) => each.role === role && each.msg === 'starting');
    if (line === undefined) throw new Error(`no ${role} in ${this.#transcript()}`);
    return line.pid;
  }

  /** Every process of this service that still lives, the supervisor's and the guardian's included. */
  survivors(): readonly number[] {
    for (const pid of [...this.#seen.keys()])
      for (const child of childrenOf(pid)) this.#note(child);
    return [...this.#seen].filter(([, identity]) => isAlive(identity)).map(([pid]) => pid);
  }

  /** Lines of a file that its processes have written. */
  state(name: string): readonly string[] {
    return readFileSync(join(this.#directory, name), 'utf8').trim().split('\n');
  }

  /** Ends what the test left. */
  async dispose(): Promise<void> {
    this.process.kill('SIGKILL');
    for (const pid of this.survivors()) signal(pid, 'SIGKILL');
    await this.exitCode;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #read(text: string): void {
    const line = JSON.parse(text) as LogLine;
    this.lines.push(line);
    this.#note(line.pid);
    const { descendant } = line;
    if (typeof descendant === 'number') this.#note(descendant);
    for (const child of childrenOf(this.pid)) this.#note(child);
    for (const look of this.#waiting) look();
  }

  #note(pid: number): void {
    if (!this.#seen.has(pid)) this.#seen.set(pid, identityOf(pid));
  }

  #transcript(): string {
    return this.lines.map((line) => JSON.stringify(line)).join('\n');
  }
}

export function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((each) => Number.isInteger(each) && parentOf(each) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    // Gone between the listing and the look.
    return undefined;
  }
}

export function commandLineOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
}

export function runMarkOf(pid: number): string | undefined {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    return environment.find((entry) => entry.startsWith(`${RUN_MARK}=`));
  } catch {
    // It has gone meanwhile.
    return undefined;
  }
}

/** Resolves once the condition holds; an error that shows `what` after the deadline. */
export async function until(
  holds: () => boolean,
  what: () => string,
  withinMs: number,
): Promise<void> {
  const endMono = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > endMono) throw new Error(what());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
