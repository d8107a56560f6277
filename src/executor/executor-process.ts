/**
 * The executor process: takes attempts from the core, runs them, and tells how they ended.
 *
 *   start ─► connected ⇄ away ─► quiet ─► draining ─► interrupting ─► left
 *
 * It opens no database and judges no job: whether a failed one runs again is the core's decision.
 */
import { randomBytes } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import type { ChildContext, ChildService } from '../process/child-process.ts';
import type { Logger } from '../process/logger.ts';
import { identityOf } from '../process/process-identity.ts';
import { type Deadline, earlier } from '../process/service.ts';
import {
  type Assignment,
  type CoreMessage,
  EXECUTOR_MARK,
  type ExecutorMessage,
  type Fence,
  KILL_GRACE_MS,
  RUN_MARK,
} from '../protocol/execute.ts';
import { MAX_PAYLOAD_BYTES } from '../protocol/jobs.ts';
import { AttemptTable } from './attempt-table.ts';
import { type Environment, scrubEnvironment } from './command-environment.ts';
import { CoreLink } from './core-link.ts';
import { emittableTypes } from './emitted-events.ts';
import { type HandlerRegistry, loadHandlers } from './handler-registry.ts';
import { type Host, REAL_HOST } from './host.ts';
import { Outbox } from './outbox.ts';
import { ProcessGroups } from './process-group.ts';

/** EX_SOFTWARE: the supervisor starts another executor in its place. */
const EXIT_STUCK = 70;
/** How long a farewell may take to be written before the process ends all the same. */
const FAREWELL_MS = 1_000;
/** Kept back at the end of a stop: for confirmations, for the farewell, for closing. */
const CONFIRM_MS = 1_000;
const LEAVE_MS = 300;

export function createExecutorProcess(context: ChildContext): ChildService {
  return new ExecutorProcess(context, REAL_HOST);
}

export class ExecutorProcess implements ChildService {
  readonly #context: ChildContext;
  readonly #log: Logger;
  readonly #host: Host;
  readonly #name = `x-${process.pid}-${randomBytes(4).toString('hex')}`;
  readonly #groups = new ProcessGroups();
  readonly #outbox = new Outbox();
  readonly #attempts: AttemptTable;
  readonly #link: CoreLink;
  readonly #cleanUps: (() => void)[] = [];
  #registry: HandlerRegistry = { handlers: new Map(), types: [], remarks: [] };
  #welcomed = false;
  #announced = false;
  #quiet = false;
  #stopped: Promise<void> | null = null;

  constructor(context: ChildContext, host: Host) {
    this.#context = context;
    this.#log = context.log.child({ component: 'executor' });
    this.#host = host;
    this.#attempts = new AttemptTable({
      clock: { now: () => Date.now(), nowMono: () => performance.now() },
      outbox: this.#outbox,
      eventTypes: emittableTypes(context.settings.events),
      onStuck: () => this.#endStuck(),
    });
    this.#link = new CoreLink(linkSettings(context.settings), this.#listener(), this.#log);
  }

  async start(): Promise<void> {
    if (this.#stopped !== null) return;
    const { settings } = this.#context;
    this.#cleanUps.push(
      // What has ended in this very turn of the loop must not run again because of a neighbour's fault.
      this.#host.onFault(() => this.#outbox.flush()),
      this.#host.onExit(() => this.#groups.kill()),
    );
    const base = scrubEnvironment(this.#host.environment);
    this.#registry = await loadHandlers(settings, {
      base,
      marks: this.#marks(),
      groups: this.#groups,
    });
    logRegistry(this.#registry, settings.worker.handlersDirectory, this.#log);
    if (this.#stopped === null) this.#link.start();
  }

  quiet(): void {
    if (this.#quiet) return;
    this.#quiet = true;
    if (this.#welcomed) this.#say({ kind: 'quiet' });
  }

  stop(deadline: Deadline): Promise<void> {
    this.#stopped ??= this.#leave(deadline);
    return this.#stopped;
  }

  async #leave(deadline: Deadline): Promise<void> {
    this.quiet();
    await within(this.#attempts.whenIdle(), earlier(deadline, KILL_GRACE_MS + CONFIRM_MS));
    const graceMs = Math.min(KILL_GRACE_MS, earlier(deadline, CONFIRM_MS).remainingMs());
    this.#attempts.interruptAll(graceMs);
    await within(this.#attempts.whenIdle(), earlier(deadline, CONFIRM_MS / 2));
    this.#attempts.abandon();
    await within(this.#outbox.whenConfirmed(), earlier(deadline, LEAVE_MS));
    this.#outbox.flush();
    this.#say({ kind: 'leaving' });
    await this.#link.close(deadline);
    this.#groups.kill();
    for (const cleanUp of this.#cleanUps.splice(0)) cleanUp();
  }

  #listener() {
    return {
      onOpen: () => this.#say(this.#hello()),
      onMessage: (message: CoreMessage) => this.#receive(message),
      onClose: () => this.#lose(),
    };
  }

  #hello(): ExecutorMessage {
    const { settings, supervisorPid } = this.#context;
    return {
      kind: 'hello',
      executor: this.#name,
      process: identityOf(process.pid),
      supervisorPid,
      slots: settings.worker.concurrency,
      queues: settings.worker.queues,
      types: this.#registry.types,
      holding: [...this.#attempts.running(), ...this.#outbox.unconfirmed()],
    };
  }

  #receive(message: CoreMessage): void {
    switch (message.kind) {
      case 'welcome':
        this.#settle(message.forget);
        break;
      case 'run':
        for (const assignment of message.attempts) this.#take(assignment);
        break;
      case 'confirmed':
        this.#outbox.confirmed(message.fences);
        break;
      case 'cancel':
        this.#attempts.cancel(message);
        break;
      case 'validate':
        void this.#validate(message);
        break;
      default:
        // A newer core may know more; what it needs done it must not ask of an older executor.
        this.#log.warn(unknownKind(message), 'unknown message of the core');
    }
  }

  #settle(forget: readonly Fence[]): void {
    for (const fence of forget) this.#attempts.forget(fence);
    this.#link.settle();
    this.#welcomed = true;
    this.#log.info(
      { executor: this.#name, types: this.#registry.handlers.size },
      'connected to the core',
    );
    if (this.#quiet) this.#say({ kind: 'quiet' });
    this.#outbox.open((text) => this.#link.send(text));
    const dropped = this.#outbox.takeDroppedLines();
    if (dropped > 0) this.#log.warn({ dropped }, 'job log lines were lost while the core was away');
    if (!this.#announced) this.#context.announce('ready');
    this.#announced = true;
  }

  #lose(): void {
    if (this.#welcomed && this.#stopped === null) this.#log.warn('lost the core: connecting again');
    this.#welcomed = false;
    this.#outbox.shut();
  }

  #take(assignment: Assignment): void {
    if (this.#quiet) this.#attempts.refuse(assignment);
    else this.#attempts.start(assignment, this.#registry.handlers.get(assignment.type));
  }

  async #validate(question: CoreMessage & { readonly kind: 'validate' }): Promise<void> {
    const { rid, type, payload } = question;
    const handler = this.#registry.handlers.get(type);
    const problem =
      handler === undefined
        ? `this executor has no handler for the type ${type}`
        : await handler.validate(payload);
    this.#outbox.validated(rid, problem);
  }

  /** A handler that does not end cannot be ended alone: the process goes, and the core knows why. */
  #endStuck(): void {
    const fences = this.#attempts.stopping();
    this.#log.error({ fences }, 'handlers ignore their abort signal: this executor ends');
    this.#outbox.flush();
    const end = () => {
      this.#groups.kill();
      this.#host.exit(EXIT_STUCK);
    };
    setTimeout(end, this.#welcomed ? FAREWELL_MS : 0);
    this.#link.send(JSON.stringify({ kind: 'stuck', fences } satisfies ExecutorMessage), end);
  }

  #say(message: ExecutorMessage): void {
    this.#link.send(JSON.stringify(message));
  }

  #marks(): Environment {
    return { [EXECUTOR_MARK]: this.#name, [RUN_MARK]: this.#context.run };
  }
}

function unknownKind(message: never): { readonly kind: unknown } {
  return { kind: (message as { readonly kind?: unknown }).kind };
}

function linkSettings({ daemon, worker }: Settings) {
  // Every slot's payload may come in one message; twice, because JSON can be written longer than it was counted.
  const maxMessageBytes = (worker.concurrency + 1) * 2 * MAX_PAYLOAD_BYTES;
  return { controlSocket: daemon.controlSocket, maxMessageBytes };
}

function logRegistry(registry: HandlerRegistry, directory: string, log: Logger): void {
  for (const remark of registry.remarks) log.warn({ directory }, remark);
  for (const { name, problem } of registry.types) {
    if (problem !== undefined) log.error({ type: name, problem }, 'handler cannot be offered');
  }
}

/** Resolves when `done` does, or at the deadline. */
async function within(done: Promise<void>, deadline: Deadline): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadline.remainingMs());
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}
