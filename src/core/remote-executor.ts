/**
 * One executor as the core sees it, over all its connections: who it is, what it offers, what it
 * has in hand. Decides nothing; the pool acts on it.
 *
 *   connected ⇄ away → gone
 *
 * Away means that its connection closed: it may come back with its attempts, so they stay its own
 * until its process is seen to be dead.
 */
import type { WebSocket } from 'ws';
import type {
  BlockedMessage,
  CoreMessage,
  Fence,
  HelloMessage,
  ProcessIdentity,
  TypeManifest,
} from '../protocol/execute.ts';
import type { Durability } from '../protocol/jobs.ts';
import { isElsewhere } from './executor-place.ts';

export type Verdict = 'timeout' | 'cancelled' | 'crash' | 'interrupted';

export interface InFlight extends Fence {
  readonly type: string;
  readonly queue: string;
  readonly durability: Durability;
  readonly startedMono: number;
  readonly timeoutMs: number;
  /** False while the claim was committed but the assignment never left. */
  sent: boolean;
  group: ProcessIdentity | null;
  /** Ends the executor's process if the attempt outlives its limit. */
  backstop: NodeJS.Timeout | undefined;
  /** What the attempt ends as when its process has to be ended; undefined: as its neighbours do. */
  verdict: Verdict | undefined;
}

/** @param facts what is known of this attempt beyond its job */
export function inFlightOf(
  job: Fence & Pick<InFlight, 'type' | 'queue' | 'durability'>,
  facts: Pick<InFlight, 'timeoutMs' | 'sent' | 'group'> & Partial<Pick<InFlight, 'startedMono'>>,
): InFlight {
  return {
    id: job.id,
    attempt: job.attempt,
    type: job.type,
    queue: job.queue,
    durability: job.durability,
    startedMono: facts.startedMono ?? performance.now(),
    timeoutMs: facts.timeoutMs,
    sent: facts.sent,
    group: facts.group,
    backstop: undefined,
    verdict: undefined,
  };
}

export class RemoteExecutor {
  readonly id: string;
  readonly process: ProcessIdentity;
  readonly supervisor: ProcessIdentity | null;
  readonly inFlight = new Map<string, InFlight>();
  slots = 0;
  types = new Map<string, TypeManifest>();
  queues: ReadonlySet<string> = new Set();
  connection: WebSocket | undefined;
  /** It has said hello to this core. */
  greeted = false;
  /** Its connection was cut because nothing came of it: the network or the machine is to blame, not a job. */
  silent = false;
  /** It takes no more. */
  quiet = false;
  /** It said that it goes: what is unsettled then was interrupted. */
  leaving = false;
  /** One of its attempts ignores its signal and its process must end: the others are not to blame. */
  ending = false;
  /** What it is set apart for; null: it shares in all types without processes of their own. */
  only: string | null = null;
  /** It can be asked for another in its place. */
  replaceable = false;
  /** Pid of the executor whose place it took. */
  predecessor: number | null = null;
  /** Epoch milliseconds; null: it did not say. */
  startedAt: number | null = null;
  /** Attempts that it has run to their end. */
  done = 0;
  /** Handlers that it could not load. */
  broken: readonly TypeManifest[] = [];
  /** Its event loop stands still, and this is where; undefined as soon as it says anything again. */
  blocked: BlockedMessage | undefined;
  #claiming = false;
  #owesQuieted = false;

  constructor(id: string, process: ProcessIdentity, supervisor: ProcessIdentity | null) {
    this.id = id;
    this.process = process;
    this.supervisor = supervisor;
  }

  offer(hello: HelloMessage): void {
    this.greeted = true;
    this.silent = false;
    this.blocked = undefined;
    this.slots = hello.slots;
    this.types = new Map(
      hello.types.filter((type) => type.problem === undefined).map((type) => [type.name, type]),
    );
    this.queues = new Set(hello.queues);
    this.quiet = hello.quiet ?? false;
    this.only = hello.only ?? null;
    this.predecessor = hello.predecessor ?? null;
    this.replaceable = hello.replaceable ?? false;
    this.startedAt = hello.startedAt ?? null;
    this.done = Math.max(0, (hello.attempts ?? 0) - hello.holding.length);
    this.broken = hello.types.filter((type) => type.problem !== undefined);
  }

  /** Judged by its connection alone; its process is never looked at. */
  get isElsewhere(): boolean {
    return isElsewhere(this.process);
  }

  /** A claim for it is under way. */
  get claiming(): boolean {
    return this.#claiming;
  }

  set claiming(claiming: boolean) {
    this.#claiming = claiming;
    this.#sayQuieted();
  }

  /** It takes no more, and is told as soon as nothing is on its way to it. */
  becomeQuiet(): void {
    this.quiet = true;
    this.#owesQuieted = true;
    this.#sayQuieted();
  }

  #sayQuieted(): void {
    if (!this.#owesQuieted || this.#claiming) return;
    // Without a connection it says hello again, and that it is quiet.
    this.#owesQuieted = !this.send({ kind: 'quieted' });
  }

  free(): number {
    const willing = this.connection !== undefined && !this.quiet && !this.leaving && !this.ending;
    return willing && !this.claiming ? Math.max(0, this.slots - this.inFlight.size) : 0;
  }

  serves(queue: string): boolean {
    return this.queues.size === 0 || this.queues.has(queue);
  }

  send(message: CoreMessage): boolean {
    return this.sendText(JSON.stringify(message));
  }

  /** @returns false when there is no open connection; the message is then dropped */
  sendText(text: string): boolean {
    if (this.connection?.readyState !== 1) return false;
    this.connection.send(text);
    return true;
  }

  current(fence: Fence): InFlight | undefined {
    const held = this.inFlight.get(fence.id);
    return held?.attempt === fence.attempt ? held : undefined;
  }

  drop(fence: Fence): InFlight | undefined {
    const held = this.current(fence);
    if (held === undefined) return undefined;
    clearTimeout(held.backstop);
    this.inFlight.delete(fence.id);
    this.done += 1;
    return held;
  }
}
