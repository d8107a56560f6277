/** A run's own directory: configuration, keys, handlers, journal, data. Nothing of it is outside. */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKeyPair, issueToken } from '../../src/auth/signing.ts';

const FIXTURES = fileURLToPath(new URL('./fixtures', import.meta.url));
const ISSUER = 'torture';
const TOKEN_LIFETIME_MS = 20 * 3_600_000;

export interface Ports {
  readonly receiver: number;
  readonly gateway: number;
}

export class Workspace {
  readonly directory = mkdtempSync(join(tmpdir(), 'taskbell-torture-'));
  readonly configFile = join(this.directory, 'config.ini');
  readonly controlSocket = join(this.directory, 'data', 'control.sock');
  readonly database = join(this.directory, 'data', 'taskbell.db');
  readonly logFile = join(this.directory, 'taskbell.log');
  readonly #journal = join(this.directory, 'journal.log');

  constructor({ receiver, gateway }: Ports) {
    cpSync(FIXTURES, this.directory, { recursive: true });
    createKeyPair(this.directory);
    writeFileSync(this.#journal, '');
    writeFileSync(
      this.configFile,
      configText(receiver, gateway, join(this.directory, 'command.sh')),
      { mode: 0o600 },
    );
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

function configText(receiver: number, gateway: number, script: string): string {
  return `[daemon]
dataDirectory = ./data
logFormat = json
logLevel = info
shutdownTimeout = 6s

[worker]
handlersDirectory = ./jobs
processes = 2
concurrency = 6

[job:command]
command = sh "${script}"
retries = 4
backoff = 50ms
backoffLimit = 200ms

[job:flaky]
retries = 3
backoff = 50ms
backoffLimit = 200ms

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
`;
}
