/**
 * The real executable in a fresh directory: commands that are run, daemons that are started and
 * stopped, and nothing of it left afterwards.
 *
 * Every process below a site carries `E2E_SITE` in its environment (commands of jobs do not: theirs
 * is scrubbed, so tests that start some look for them by themselves).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type TaskbellClient } from '../../src/client/client.ts';
import { findMarked, signal } from '../../src/process/process-identity.ts';
import type { JobView } from '../../src/protocol/jobs.ts';
import type { StatusView } from '../../src/protocol/status.ts';
import type { Role } from '../../src/protocol/supervision.ts';
import { HANDLERS } from './handlers.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const EXECUTABLE = path.join(ROOT, 'bin', 'taskbell.js');
const SITE_MARK = 'E2E_SITE';
const READY_WITHIN_MS = 25_000;

export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export class Site {
  readonly directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskbell-e2e-')));
  readonly #daemons: Daemon[] = [];
  #api: TaskbellClient | undefined;

  /** @param sections more lines of config.ini; `[daemon]` and the gateway's port are there already */
  constructor(sections = '') {
    mkdirSync(this.path('jobs'), { mode: 0o755 });
    for (const [name, source] of Object.entries(HANDLERS)) this.write(`jobs/${name}.mjs`, source);
    this.configure(sections);
  }

  get dataDirectory(): string {
    return this.path('data');
  }

  get socket(): string {
    return path.join(this.dataDirectory, 'control.sock');
  }

  path(name: string): string {
    return path.join(this.directory, name);
  }

  write(name: string, content: string | Buffer): string {
    writeFileSync(this.path(name), content, { mode: 0o600 });
    return this.path(name);
  }

  configure(sections: string): void {
    // Short, so that a test that leaves a deaf job behind is soon over.
    const daemon = `[daemon]\ndataDirectory = ./data\nlogFormat = json\nshutdownTimeout = 3s\n`;
    const gateway = `[webSocketEvents]\naddress = 127.0.0.1\n`;
    const port = sections.includes('[webSocketEvents]') ? '' : `${gateway}port = 0\n`;
    this.write('config.ini', `${daemon}${port}${sections}`);
  }

  /** Runs one command to its end. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const child = this.#spawn(args, options);
    const ran = gather(child);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.stdin ?? '');
    return ran;
  }

  /** Runs a command that must succeed, and reads the JSON that it prints. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of the shape.
  async json(...args: readonly string[]): Promise<any> {
    const ran = await this.run([...args, '--json']);
    if (ran.exitCode !== 0)
      throw new Error(`${args.join(' ')} exited with ${ran.exitCode}: ${ran.stderr}`);
    return JSON.parse(ran.stdout);
  }

  /** The error that a command with --json printed. */
  async refusal(args: readonly string[], options: RunOptions = {}) {
    const { exitCode, stdout, stderr } = await this.run([...args, '--json'], options);
    const { error } = JSON.parse(stderr) as {
      error: { code: string; message: string; hint: string | null };
    };
    return { exitCode, stdout, ...error };
  }

  /** Starts a daemon and returns at once; `ready` waits for it. */
  start(args: readonly string[] = ['up'], options: RunOptions = {}): Daemon {
    const daemon = new Daemon(this, this.#spawn(args, options));
    this.#daemons.push(daemon);
    return daemon;
  }

  async up(args: readonly string[] = ['up'], options: RunOptions = {}): Promise<Daemon> {
    const daemon = this.start(args, options);
    await daemon.ready();
    return daemon;
  }

  /** The library, as other programs use it. */
  get api(): TaskbellClient {
    this.#api ??= connect({ socket: this.socket, patienceMs: 10_000 });
    return this.#api;
  }

  /** Lines of a file that handlers write; empty while there is none. */
  lines(name: string): readonly string[] {
    try {
      return readFileSync(this.path(name), 'utf8')
        .split('\n')
        .filter((line) => line !== '');
    } catch {
      // Not written yet.
      return [];
    }
  }

  /** Pids of everything that lives below this site, handlers' leftovers included. */
  processes(): readonly number[] {
    return findMarked(SITE_MARK, this.directory);
  }

  /** Stops in order what still runs, ends what is left, and removes the directory. */
  async dispose(): Promise<void> {
    await this.#api?.close();
    await Promise.all(this.#daemons.map((daemon) => daemon.end()));
    for (const pid of this.processes()) signal(pid, 'SIGKILL');
    await until(() => this.processes().length === 0, 'the processes of the site are gone');
    rmSync(this.directory, { recursive: true, force: true });
  }

  #spawn(args: readonly string[], { env = {}, cwd }: RunOptions): ChildProcess {
    return spawn(process.execPath, [EXECUTABLE, ...args], {
      cwd: cwd ?? this.directory,
      env: { ...cleanEnvironment(), ...env, [SITE_MARK]: this.directory },
      stdio: 'pipe',
    });
  }
}

export class Daemon {
  readonly #site: Site;
  readonly #process: ChildProcess;
  readonly ended: Promise<Ran>;
  #output = '';
  #hasEnded = false;

  constructor(site: Site, child: ChildProcess) {
    this.#site = site;
    this.#process = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    this.ended = gather(child).finally(() => {
      this.#hasEnded = true;
    });
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error('the daemon did not start');
    return this.#process.pid;
  }

  /** What it has logged, a line each. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of a line.
  get log(): readonly any[] {
    return this.#output
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  }

  get output(): string {
    return this.#output;
  }

  /** Its first line of this message. Lines of its processes come by way of the supervisor: a moment after what they tell of. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of a line.
  async line(message: RegExp): Promise<any> {
    const find = () => this.log.find(({ msg }) => message.test(msg));
    await until(() => find() !== undefined, `a line ${message}`);
    return find();
  }

  /** Resolves when every process of this daemon works or stands by. */
  async ready(): Promise<void> {
    await until(
      () => {
        if (this.#hasEnded) throw new Error(`the daemon ended: ${this.#output}`);
        return this.log.some((line) => line.moment === 'started');
      },
      `a daemon that starts; it logged ${this.#output}`,
      READY_WITHIN_MS,
    );
  }

  status(): Promise<StatusView> {
    return this.#site.api.status();
  }

  async pidOf(role: Role | 'supervisor', index = 0): Promise<number> {
    const pids = (await this.status()).processes.filter((one) => one.role === role);
    const pid = pids[index]?.pid;
    if (!pid) throw new Error(`no ${role} among ${JSON.stringify(pids)}`);
    return pid;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return (await this.ended).exitCode;
  }

  /** Whatever state it is in: gone afterwards. */
  async end(): Promise<void> {
    if (this.#hasEnded) return;
    this.signal('SIGTERM');
    const killer = setTimeout(() => this.signal('SIGKILL'), 10_000);
    await this.ended;
    clearTimeout(killer);
  }
}

/** Polls a condition with a deadline, for what no event tells. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 10_000,
): Promise<void> {
  const endMono = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > endMono) throw new Error(`not so within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What matters of each attempt, in order. */
export function outcomes(job: JobView): readonly string[] {
  return job.attempts.map(({ outcome }) => outcome);
}

function gather(child: ChildProcess): Promise<Ran> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, ...texts }));
  });
}

/** Without the caller's own TASKBELL_… settings and colours, which would change what is tested. */
function cleanEnvironment(): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(TASKBELL_|FORCE_COLOR|NODE_OPTIONS|VITEST)/.test(name),
  );
  return Object.fromEntries(own);
}
