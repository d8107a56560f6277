/** The real core of one data directory in this process, its control socket, and requests to it. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { loadSettings } from '../../src/config/load-settings.ts';
import type { Settings } from '../../src/config/settings.ts';
import { composeCore } from '../../src/core/compose.ts';
import type { Patience } from '../../src/core/executor-pool.ts';
import { runDatabaseTask } from '../../src/process/database-process.ts';
import { deadlineIn, type Service, startAll, stopAll } from '../../src/process/service.ts';
import type { AddedJob, JobView } from '../../src/protocol/jobs.ts';
import type { ProcessView } from '../../src/protocol/supervision.ts';

/** As it was built: it runs outside of the tests' own loader. */
const DATABASE_PROCESS = path.resolve(import.meta.dirname, '../../dist/sqlite/database-process.js');

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of the shape.
  readonly body: any;
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [fact: string]: unknown;
}

export class AwakeCore {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'taskbell-core-'));
  readonly lines: LogLine[] = [];
  readonly fatal: unknown[] = [];
  processes: readonly ProcessView[] = [];
  /** Whether this daemon has executors of its own, which are waited for. */
  expectExecutors = false;
  /** With executors elsewhere. */
  patience: Patience | undefined;
  #ini: string;
  #settings: Settings | undefined;
  #services: readonly Service[] = [];

  /** @param ini config.ini; the socket and the data are in the directory of the test */
  constructor(ini = '') {
    this.#ini = ini;
    mkdirSync(path.join(this.directory, 'jobs'));
  }

  static async start(ini = ''): Promise<AwakeCore> {
    const core = new AwakeCore(ini);
    await core.wake();
    return core;
  }

  get socketPath(): string {
    return path.join(this.directory, 'control.sock');
  }

  get settings(): Settings {
    this.#settings ??= this.#load();
    return this.#settings;
  }

  /** A file whose name makes its type known; nobody runs it. */
  knowType(name: string): void {
    writeFileSync(path.join(this.directory, 'jobs', `${name}.mjs`), '');
  }

  /** What the next start reads instead. */
  configure(ini: string): void {
    this.#ini = ini;
    this.#settings = undefined;
  }

  /** Starts, or starts again on the same data. */
  async wake(): Promise<void> {
    const services = composeCore({
      settings: this.settings,
      log: pino(
        { level: 'debug', base: {} },
        { write: (line) => void this.lines.push(JSON.parse(line)) },
      ),
      expectExecutors: this.expectExecutors,
      patience: this.patience,
      processes: () => this.processes,
      runDatabaseTask: (task, options) =>
        runDatabaseTask(task, { ...options, entry: DATABASE_PROCESS }),
      onFatal: (error) => void this.fatal.push(error),
    });
    await startAll(services, 1_000);
    this.#services = services;
  }

  async sleep(): Promise<void> {
    const services = this.#services;
    this.#services = [];
    await stopAll(services, deadlineIn(2_000));
  }

  async dispose(): Promise<void> {
    await this.sleep();
    rmSync(this.directory, { recursive: true, force: true });
  }

  get(target: string): Promise<Answer> {
    return this.ask('GET', target);
  }

  /** The body of an answer that is no JSON. */
  async text(target: string): Promise<string> {
    const asking = request({ socketPath: this.socketPath, path: target }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    return await text(response);
  }

  post(target: string, body?: unknown): Promise<Answer> {
    return this.ask('POST', target, body === undefined ? undefined : JSON.stringify(body));
  }

  ask(method: string, target: string, body?: string, more: object = {}): Promise<Answer> {
    const own = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const length = { ...own, ...more };
    const asking = request({ socketPath: this.socketPath, method, path: target, headers: length });
    asking.end(body);
    return answerOf(asking);
  }

  async add(type: string, more: object = {}): Promise<AddedJob> {
    const { status, body } = await this.post('/v1/jobs', { type, ...more });
    if (status !== 201) throw new Error(`${type} was not added: ${JSON.stringify(body)}`);
    return body;
  }

  async job(id: string): Promise<JobView> {
    return (await this.get(`/v1/jobs/${id}`)).body;
  }

  /** Resolves when the job has ended. */
  async ended(id: string): Promise<JobView> {
    return (await this.get(`/v1/jobs/${id}/wait?timeout=10`)).body;
  }

  #load(): Settings {
    const file = path.join(this.directory, 'config.ini');
    writeFileSync(file, `[daemon]\ndataDirectory = .\n${this.#ini}`, { mode: 0o600 });
    const flags = { config: file, overrides: [] };
    return loadSettings({ flags, environment: {}, cwd: this.directory }).settings;
  }
}

export function answerOf(asking: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    asking.once('error', reject);
    asking.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, body: text === '' ? undefined : JSON.parse(text) });
      });
    });
  });
}
