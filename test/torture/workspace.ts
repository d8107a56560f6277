/** A run's own directory: configuration, keys, handlers, journal, data. Nothing of it is outside. */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKeyPair, issueToken } from '../../src/auth/signing.ts';
import {
  CONCURRENCY_RULES,
  KEPT_MS,
  NARROW_QUEUE,
  RATE,
  RATED_QUEUE,
  RETRIES,
  SCHEDULE_EVERY_MS,
  SCHEDULES,
} from './engine-rules.ts';

const FIXTURES = fileURLToPath(new URL('./fixtures', import.meta.url));
const ISSUER = 'torture';
const TOKEN_LIFETIME_MS = 20 * 3_600_000;

export interface Ports {
  readonly receiver: number;
  readonly gateway: number;
  readonly hooks: number;
}

export interface WorkspaceParts {
  readonly ports: Ports;
  /** What web hooks are signed with: whsec_… */
  readonly hookSecret: string;
}

export class Workspace {
  readonly directory = mkdtempSync(join(tmpdir(), 'taskbell-torture-'));
  readonly configFile = join(this.directory, 'config.ini');
  readonly controlSocket = join(this.directory, 'data', 'control.sock');
  readonly database = join(this.directory, 'data', 'taskbell.db');
  readonly logFile = join(this.directory, 'taskbell.log');
  readonly #journal = join(this.directory, 'journal.log');

  constructor({ ports, hookSecret }: WorkspaceParts) {
    cpSync(FIXTURES, this.directory, { recursive: true });
    createKeyPair(this.directory);
    writeFileSync(this.#journal, '');
    writeFileSync(join(this.directory, 'keys', 'hook-secret'), hookSecret, { mode: 0o600 });
    const text = serviceText(ports) + workText(join(this.directory, 'command.sh'), ports.hooks);
    writeFileSync(this.configFile, text, { mode: 0o600 });
  }

  async token(): Promise<string> {
    const privateKeyFile = join(this.directory, 'keys', 'private.pem');
    const request = { privateKeyFile, user: 'watcher', issuer: ISSUER };
    const issued = await issueToken({ ...request, lifetimeMs: TOKEN_LIFETIME_MS, now: Date.now() });
    return issued.token;
  }

  /** Before the process is hit, so that whatever follows from it comes later in the journal. */
  noteHit(pid: number): void {
    appendFileSync(this.#journal, `hit ${pid}\n`);
  }

  /** A reader of the log saw the end of this job. */
  noteTold(id: string): void {
    appendFileSync(this.#journal, `told ${id}\n`);
  }

  noteCancelled(id: string): void {
    appendFileSync(this.#journal, `cancel ${id}\n`);
  }

  journal(): string {
    return readFileSync(this.#journal, 'utf8');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function serviceText({ receiver, gateway }: Ports): string {
  return `[daemon]
dataDirectory = ./data
logFormat = json
logLevel = info
shutdownTimeout = 6s

[worker]
handlersDirectory = ./jobs
processes = 2
concurrency = 6

[webSocket]
url = http://127.0.0.1:${receiver}
event = task
acknowledge = required
acknowledgeTimeout = 15s
reconnectionDelay = 50
taskDelayOnError = 100
defaultUserId = somebody

[webSocketEvents]
address = 127.0.0.1
port = ${gateway}

[auth]
publicKeyFile = ./keys/public.pem
issuer = ${ISSUER}

[retention]
cancelledJobs = ${KEPT_MS.cancelledJobs}ms
events = ${KEPT_MS.events}ms
`;
}

const QUICK_RETRIES = `backoff = 50ms
backoffLimit = 200ms
`;

function workText(script: string, hooks: number): string {
  const { queue, queueGroup, type, typeGroup } = CONCURRENCY_RULES;
  return `
[job:command]
command = sh "${script}"
retries = ${RETRIES.command}
${QUICK_RETRIES}
[job:flaky]
retries = ${RETRIES.flaky}
${QUICK_RETRIES}
[job:step]
retries = ${RETRIES.step}
${QUICK_RETRIES}
[job:hook]
url = http://127.0.0.1:${hooks}/jobs
secretFile = ./keys/hook-secret
allowPrivateHosts = 127.0.0.1
retries = ${RETRIES.hook}
${QUICK_RETRIES}
[job:isolated]
isolate = process
${QUICK_RETRIES}
[job:limited]
concurrency = ${type.most}
groupConcurrency = ${typeGroup.most}

[queue:${NARROW_QUEUE}]
concurrency = ${queue.most}
groupConcurrency = ${queueGroup.most}

[queue:${RATED_QUEUE}]
rate = ${RATE.count}/${RATE.perMs}ms

[schedule:${SCHEDULES.everyRun}]
every = ${SCHEDULE_EVERY_MS}ms
job = tick
missed = all
missedLimit = 1000

[schedule:${SCHEDULES.oneAtATime}]
every = ${SCHEDULE_EVERY_MS}ms
job = solo
missed = skip
overlap = skip
`;
}
