/**
 * An executor that does what a test tells it: a real process (`sleep`), so that it can die, and a real
 * WebSocket that speaks the execute protocol.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { WebSocket } from 'ws';
import { identityOf } from '../../src/process/process-identity.ts';
import type {
  Assignment,
  CoreMessage,
  Fence,
  HelloMessage,
  Outcome,
  ProcessIdentity,
  TypeManifest,
} from '../../src/protocol/execute.ts';

const WAIT_MS = 5_000;
let names = 0;

export interface Offer {
  readonly slots?: number;
  readonly queues?: readonly string[];
  readonly types?: readonly (string | TypeManifest)[];
  /** It comes by TCP instead of the unix socket. */
  readonly tcp?: { readonly port: number; readonly token: string };
  /** Null: it says nothing of its process. */
  readonly process?: null;
}

export class ScriptedExecutor {
  readonly name = `x-test-${++names}`;
  readonly process: ChildProcess;
  readonly received: CoreMessage[] = [];
  supervisorPid = process.pid;
  readonly #socketPath: string;
  readonly #offer: Offer;
  readonly #changed = new Set<() => void>();
  #socket: WebSocket | undefined;

  constructor(socketPath: string, offer: Offer = {}) {
    this.#socketPath = socketPath;
    this.#offer = offer;
    this.process = spawn('sleep', ['1000'], { stdio: 'ignore' });
  }

  /** Connects and is welcomed. */
  static async start(socketPath: string, offer: Offer = {}): Promise<ScriptedExecutor> {
    const executor = new ScriptedExecutor(socketPath, offer);
    await executor.connect();
    return executor;
  }

  get identity(): ProcessIdentity {
    return identityOf(this.process.pid ?? -1);
  }

  /** @param holding what it says that it has in hand */
  async connect(holding: readonly Fence[] = []): Promise<void> {
    const welcomes = this.all('welcome').length;
    await this.open();
    this.say(this.hello(holding));
    await this.until(() => this.all('welcome').length > welcomes, 'welcome');
  }

  async open(): Promise<WebSocket> {
    const { tcp } = this.#offer;
    const socket =
      tcp === undefined
        ? new WebSocket(`ws+unix:${this.#socketPath}:/v1/execute`)
        : new WebSocket(`ws://127.0.0.1:${tcp.port}/v1/execute`, {
            headers: { authorization: `Bearer ${tcp.token}` },
          });
    this.#socket = socket;
    socket.on('message', (data) => {
      this.received.push(JSON.parse(String(data)) as CoreMessage);
      this.#wake();
    });
    socket.on('close', () => this.#wake());
    socket.on('error', () => this.#wake());
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    return socket;
  }

  hello(holding: readonly Fence[] = []): HelloMessage {
    const { slots = 10, queues = [], types = ['mail'], process = this.identity } = this.#offer;
    return {
      kind: 'hello',
      executor: this.name,
      process,
      supervisorPid: this.supervisorPid,
      ...{ slots, queues, holding, replaceable: true },
      types: types.map((type) => (typeof type === 'string' ? manifest(type) : type)),
    };
  }

  say(message: unknown): void {
    this.#socket?.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  end(...outcomes: readonly (Fence & Partial<Outcome>)[]): void {
    this.say({ kind: 'ended', outcomes: outcomes.map(outcomeOf) });
  }

  /** Cuts the connection; the process lives on. */
  async cut(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.terminate();
    await closed;
  }

  /** As a lost network: what comes is not read any more, and nobody says so. */
  freeze(): void {
    this.#socket?.pause();
  }

  /** Tells of each ping of the core; it is answered all the same. */
  onPing(listener: () => void): void {
    this.#socket?.on('ping', listener);
  }

  /** As a crash: process and connection go together. */
  async die(): Promise<void> {
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await gone;
    await this.cut();
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Everything that it was told to run, in order. */
  get assigned(): readonly Assignment[] {
    return this.all('run').flatMap(({ attempts }) => attempts);
  }

  get confirmed(): readonly Fence[] {
    return this.all('confirmed').flatMap(({ fences }) => fences);
  }

  all<K extends CoreMessage['kind']>(kind: K): readonly Extract<CoreMessage, { kind: K }>[] {
    return this.received.filter(
      (message): message is Extract<CoreMessage, { kind: K }> => message.kind === kind,
    );
  }

  /** Resolves with the first `count` assignments. */
  async runs(count: number): Promise<readonly Assignment[]> {
    await this.until(() => this.assigned.length >= count, `${count} attempts`);
    return this.assigned;
  }

  async confirms(fence: Fence): Promise<void> {
    const fits = ({ id, attempt }: Fence) => id === fence.id && attempt === fence.attempt;
    await this.until(() => this.confirmed.some(fits), `the confirmation of ${fence.id}`);
  }

  /** Waits, without polling, for what the core says. */
  async until(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#changed.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#changed.delete(look);
        reject(new Error(`waited in vain for ${what}; got ${JSON.stringify(this.received)}`));
      }, WAIT_MS);
      this.#changed.add(look);
    });
  }

  async dispose(): Promise<void> {
    await this.cut();
    this.process.kill('SIGKILL');
  }

  #wake(): void {
    for (const look of [...this.#changed]) look();
  }
}

export function manifest(name: string, more: Partial<TypeManifest> = {}): TypeManifest {
  return { name, kind: 'module', schema: false, settings: {}, ...more };
}

export function fenceOf({ id, attempt }: Fence): Fence {
  return { id, attempt };
}

function outcomeOf(given: Fence & Partial<Outcome>): Outcome {
  return {
    outcome: 'succeeded',
    result: 'done',
    startedAt: Date.now(),
    durationMs: 1.5,
    ...given,
    ...fenceOf(given),
  };
}
