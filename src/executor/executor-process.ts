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
import { namesBefore } from '../process/main-stack.ts';
import { identityOf } from '../process/process-identity.ts';
import { type Deadline, deadlineIn, earlier } from '../process/service.ts';
import { within } from '../process/within.ts';
import { TaskbellError } from '../protocol/errors.ts';
import {
  type Assignment,
  type CoreMessage,
  EXECUTOR_MARK,
  type ExecutorMessage,
  type Fence,
  KILL_GRACE_MS,
  MAX_HANDED_BYTES,
  RUN_MARK,
} from '../protocol/execute.ts';
import { MAX_PAYLOAD_BYTES } from '../protocol/jobs.ts';
import type { Predecessor, Replacement } from '../protocol/supervision.ts';
import { AttemptTable } from './attempt-table.ts';
import { type Environment, scrubEnvironment } from './command-environment.ts';
import { CoreLink } from './core-link.ts';
import { emittableTypes } from './emitted-events.ts';
import { type HandlerRegistry, loadHandlers } from './handler-registry.ts';
import { type Host, REAL_HOST } from './host.ts';
import type { LoopWatch } from './loop-watch.ts';
import { Outbox } from './outbox.ts';
import { PrintedOutput } from './printed-output.ts';
import { ProcessGroups } from './process-group.ts';
import { Recycler } from './recycler.ts';
import { successionProblem } from './type-share.ts';

/** EX_SOFTWARE: the supervisor starts another executor in its place. */
const EXIT_STUCK = 70;
/** How long a farewell may take to be written before the process ends all the same. */
const FAREWELL_MS = 1_000;
/** Kept back at the end of a stop: for confirmations, for the farewell, for closing. */
const CONFIRM_MS = 1_000;
const LEAVE_MS = 300;
/** Of a process that retires, with nothing left to run: for the confirmations of the last outcomes. */
const LAST_CONFIRM_MS = 15_000;

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
  readonly #printed: PrintedOutput;
  readonly #attempts: AttemptTable;
  readonly #link: CoreLink;
  readonly #cleanUps: (() => void)[] = [];
  readonly #recycler: Recycler;
  readonly #startedAt = Date.now() - Math.round(performance.now());
  readonly #quieted: Promise<void>;
  #onQuieted: () => void = () => {};
  #registry: HandlerRegistry = { handlers: new Map(), types: [], remarks: [] };
  #loopWatch: LoopWatch | null = null;
  #welcomed = false;
  #announced = false;
  /** Told to the core: no more work, but what is on its way is still done. */
  #quiet = false;
  /** What arrives all the same is given back: this process is about to be stopped. */
  #refusing = false;
  #stopped: Promise<void> | null = null;

  constructor(context: ChildContext, host: Host) {
    this.#context = context;
    this.#log = context.log.child({ component: 'executor' });
    this.#host = host;
    this.#printed = new PrintedOutput(this.#log, () => this.#attempts.runningHere());
    this.#attempts = new AttemptTable({
      clock: { now: () => Date.now(), nowMono: () => performance.now() },
      outbox: this.#outbox,
      printed: this.#printed,
      eventTypes: emittableTypes(context.settings.events),
      onStuck: () => this.#endStuck(),
      onCount: (running) => this.#noteCount(running),
    });
    this.#recycler = new Recycler({
      limits: context.settings.worker,
      nowMono: () => performance.now(),
      residentBytes: () => process.memoryUsage.rss(),
      ask: (reason) => context.askReplacement?.({ rolling: true, withinMs: null }, reason),
    });
    this.#quieted = new Promise((resolve) => {
      this.#onQuieted = resolve;
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
      this.#host.capturePrints?.(this.#printed) ?? (() => {}),
    );
    const base = scrubEnvironment(this.#host.environment);
    const around = { base, marks: this.#marks(), groups: this.#groups, printed: this.#printed };
    this.#registry = await loadHandlers(settings, around, this.#context.only ?? null);
    logRegistry(this.#registry, settings.worker.handlersDirectory, this.#log);
    checkSuccession(this.#context.predecessor ?? null, this.#registry);
    if (this.#stopped !== null) return;
    this.#watchLoop();
    this.#link.start();
  }

  quiet(): void {
    this.#refusing = true;
    this.#sayQuiet();
  }

  async retire(withinMs: number | null): Promise<void> {
    this.#sayQuiet();
    const limit = withinMs === null ? null : deadlineIn(withinMs);
    // What the core has sent before it heard of it is done here: nothing comes back unstarted.
    const drained = this.#quieted.then(() => this.#attempts.whenIdle());
    await (limit === null ? drained : within(drained, earlier(limit, KILL_GRACE_MS + CONFIRM_MS)));
    await this.stop(limit ?? deadlineIn(LAST_CONFIRM_MS));
  }

  receive(message: Parameters<NonNullable<ChildService['receive']>>[0]): void {
    if (message.kind === 'kept') this.#say({ kind: 'kept', problem: message.problem });
  }

  #sayQuiet(): void {
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
    this.#loopWatch?.stop();
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
    const { settings, supervisorPid, only, predecessor } = this.#context;
    return {
      kind: 'hello',
      executor: this.#name,
      process: identityOf(process.pid),
      supervisorPid,
      slots: settings.worker.concurrency,
      queues: settings.worker.queues,
      types: this.#registry.types,
      holding: [...this.#attempts.running(), ...this.#outbox.unconfirmed()],
      startedAt: this.#startedAt,
      attempts: this.#attempts.started,
      quiet: this.#quiet,
      replaceable: this.#context.askReplacement !== undefined,
      ...(only ? { only } : {}),
      ...(predecessor ? { predecessor: predecessor.pid } : {}),
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
      case 'quiet':
        this.#sayQuiet();
        break;
      case 'quieted':
        this.#onQuieted();
        break;
      case 'replace':
        this.#askReplacement(message);
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
    this.#outbox.open((text) => this.#link.send(text));
    const dropped = this.#outbox.takeDroppedLines();
    if (dropped > 0) this.#log.warn({ dropped }, 'job log lines were lost while the core was away');
    if (!this.#announced) this.#context.announce('ready', [...this.#registry.handlers.keys()]);
    this.#announced = true;
  }

  #lose(): void {
    if (this.#welcomed && this.#stopped === null) this.#log.warn('lost the core: connecting again');
    this.#welcomed = false;
    this.#outbox.shut();
  }

  #take(assignment: Assignment): void {
    if (this.#refusing) this.#attempts.refuse(assignment);
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

  #noteCount(running: number): void {
    this.#loopWatch?.count(running);
    // One that takes no more has a successor already, or is being looked at in peace.
    if (!this.#quiet) this.#recycler.note(this.#attempts.started - running);
  }

  #watchLoop(): void {
    const handlers = [...this.#registry.handlers.values()];
    // Commands and what is contained run elsewhere: nothing of theirs can hold up this loop.
    if (!handlers.some((one) => one.manifest.kind === 'module' && one.contained !== true)) return;
    const { controlSocket } = this.#context.settings.daemon;
    const facts = { executor: this.#name, controlSocket };
    // Any word of this process takes the report back; there may be none for long.
    const onOver = () => this.#say({ kind: 'progress', progress: [] });
    this.#cleanUps.push(namesBefore(() => this.#attempts.showNames()));
    this.#loopWatch = this.#host.watchLoop?.(facts, this.#log, onOver) ?? null;
  }

  #askReplacement({ rolling, withinMs }: Replacement): void {
    const { askReplacement } = this.#context;
    if (askReplacement !== undefined) askReplacement({ rolling, withinMs }, 'asked for');
    else this.#say({ kind: 'kept', problem: 'no supervisor looks after this executor' });
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

/** @throws TaskbellError when this process runs less than the one whose place it is to take */
function checkSuccession(predecessor: Predecessor | null, { types }: HandlerRegistry): void {
  const problem = successionProblem(predecessor, types);
  if (problem === null) return;
  throw new TaskbellError('E_HANDLER', `Handlers cannot be loaded: ${problem}.`, {
    hint: 'Mend them and ask again; the former processes go on with what they have loaded.',
  });
}

function unknownKind(message: never): { readonly kind: unknown } {
  return { kind: (message as { readonly kind?: unknown }).kind };
}

function linkSettings({ daemon, worker }: Settings) {
  // Every slot's payload may come in one message; twice, because JSON can be written longer than it was counted.
  const maxMessageBytes = (worker.concurrency + 1) * (2 * MAX_PAYLOAD_BYTES + MAX_HANDED_BYTES);
  return { controlSocket: daemon.controlSocket, maxMessageBytes };
}

function logRegistry(registry: HandlerRegistry, directory: string, log: Logger): void {
  for (const remark of registry.remarks) log.warn({ directory }, remark);
  for (const { name, problem } of registry.types) {
    if (problem !== undefined) log.error({ type: name, problem }, 'handler cannot be offered');
  }
}
