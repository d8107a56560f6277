/**
 * A service that is started as systemd starts it: by a connection to one of its sockets, which are open before it
 * is there, and again whenever its main process was killed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Site } from './daemon.ts';
import { until } from './daemon.ts';
import { freePort } from './free-port.ts';

const EXECUTABLE = path.resolve(import.meta.dirname, '../../bin/taskbell.js');
const LISTENING = /^Listening on /;
const SOCKETS = 3;

export function hasActivation(): boolean {
  const programs = ['systemd-socket-activate', 'systemd-notify'];
  return programs.every((program) => spawnSync(program, ['--version']).status === 0);
}

export interface ActivatedOptions {
  readonly notifySocket: string;
  readonly watchdogMs: number;
}

export class ActivatedService {
  readonly #site: Site;
  readonly #options: ActivatedOptions;
  #ports: { readonly http: number; readonly ws: number } | undefined;
  #main: ChildProcess | undefined;
  #ended: Promise<number | null> = Promise.resolve(null);
  #output = '';

  constructor(site: Site, options: ActivatedOptions) {
    this.#site = site;
    this.#options = options;
  }

  /** The main process: systemd-socket-activate becomes it. */
  get pid(): number {
    if (this.#main?.pid === undefined) throw new Error('it was not started');
    return this.#main.pid;
  }

  get ended(): Promise<number | null> {
    return this.#ended;
  }

  get output(): string {
    return this.#output;
  }

  httpUrl(pathname: string): string {
    return `http://127.0.0.1:${this.#ports?.http}${pathname}`;
  }

  wsUrl(): string {
    return `ws://127.0.0.1:${this.#ports?.ws}/ws`;
  }

  /** Resolves when the sockets are open; the process starts with the first connection. */
  async open(): Promise<void> {
    // Somebody else may have taken a port that was free a moment ago.
    await until(
      async () => {
        this.#ports = { http: await freePort(), ws: await freePort() };
        return await this.#spawn();
      },
      'sockets that can be opened',
      20_000,
    );
  }

  /** As a manager does it: again and again, until what the former one left has let go of the sockets. */
  async reopen(): Promise<void> {
    await this.#ended;
    await until(() => this.#spawn(), 'sockets that can be opened again', 30_000);
  }

  kill(signal: NodeJS.Signals): void {
    this.#main?.kill(signal);
  }

  /** Gone afterwards, whatever state it is in; what is below it, the site ends. */
  async end(): Promise<void> {
    this.kill('SIGKILL');
    await this.#ended;
  }

  /** @returns false where the sockets could not be opened */
  async #spawn(): Promise<boolean> {
    const { notifySocket, watchdogMs } = this.#options;
    const places = [
      `127.0.0.1:${this.#ports?.http}`,
      `127.0.0.1:${this.#ports?.ws}`,
      this.#site.socket,
    ];
    const main = spawn(
      'systemd-socket-activate',
      [
        ...places.flatMap((place) => ['--listen', place]),
        '--fdname=http:ws:ctl',
        ...['--setenv', `NOTIFY_SOCKET=${notifySocket}`],
        ...['--setenv', `WATCHDOG_USEC=${watchdogMs * 1_000}`],
        // It passes on little by itself: the mark, by which the site finds what is left, and the path.
        ...['--setenv', 'E2E_SITE', '--setenv', 'PATH'],
        ...[process.execPath, EXECUTABLE, '--config', this.#site.path('config.ini'), 'up'],
      ],
      {
        cwd: this.#site.directory,
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, E2E_SITE: this.#site.directory },
      },
    );
    this.#main = main;
    this.#ended = new Promise((resolve) => main.once('exit', resolve));
    return await this.#opened(main);
  }

  #opened(main: ChildProcess): Promise<boolean> {
    let open = 0;
    return new Promise((resolve) => {
      main.once('exit', () => resolve(false));
      if (main.stderr === null) return;
      createInterface(main.stderr).on('line', (line) => {
        this.#output += `${line}\n`;
        if (LISTENING.test(line)) open += 1;
        if (open === SOCKETS) resolve(true);
      });
    });
  }
}

/** Names of variables of a process. */
export function variablesOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .map((entry) => entry.slice(0, entry.indexOf('=')));
}
