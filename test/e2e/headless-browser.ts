/**
 * A headless Chromium, spoken to by the DevTools protocol over a pipe: one page, its network on and off.
 *
 * Everything that it writes is in one directory, which is gone with it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chromium-headless-shell'];

/** The first that answers; undefined where there is none. */
export function findBrowser(): string | undefined {
  return NAMES.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
}

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export class HeadlessBrowser {
  readonly #directory = mkdtempSync(path.join(tmpdir(), 'taskbell-browser-'));
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #page: string | undefined;
  #text = '';
  #lastId = 0;

  constructor(program: string) {
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    const own = ['--remote-debugging-pipe', `--user-data-dir=${this.#directory}`, 'about:blank'];
    this.#child = spawn(program, [...flags, ...own], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: this.#directory },
      detached: true,
    });
    const output = this.#child.stdio[4] as Readable;
    output.setEncoding('utf8').on('data', (chunk: string) => this.#hear(chunk));
    (this.#child.stdio[3] as Writable).on('error', () => undefined);
  }

  /** Opens the one page. */
  async open(url: string): Promise<void> {
    const { targetId } = await this.#call('Target.createTarget', { url });
    const attached = await this.#call('Target.attachToTarget', { targetId, flatten: true });
    this.#page = attached.sessionId as string;
    await this.#call('Network.enable');
  }

  /** The value of an expression in the page, through JSON. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#call('Runtime.evaluate', {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  }

  async setOffline(offline: boolean): Promise<void> {
    const speed = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await this.#call('Network.emulateNetworkConditions', { offline, ...speed });
  }

  async close(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) {
      const gone = once(this.#child, 'exit');
      // Its group: a browser is many processes.
      process.kill(-pid, 'SIGKILL');
      await gone;
    }
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }

  async #call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const page = this.#page === undefined ? {} : { sessionId: this.#page };
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    const input = this.#child.stdio[3] as Writable;
    input.write(`${JSON.stringify({ id, method, params, ...page })}\0`);
    const { result, error } = await answered;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  #hear(chunk: string): void {
    const messages = `${this.#text}${chunk}`.split('\0');
    this.#text = messages.pop() ?? '';
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    }
  }
}
