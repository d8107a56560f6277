/**
 * One run of the crash tests: a service under `kill -9`, everybody who uses it, and at the end
 * the evidence of all of them. Judges nothing: checker.ts does.
 *
 *   begin ─▶ strain (faults, adds) ─▶ drain (all ended, reported, followed) ─▶ stop ─▶ evidence
 */
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type TaskbellClient } from '../../src/client/client.ts';
import { AddBook } from './add-book.ts';
import { CATCH_UP_MS, Drain } from './drain.ts';
import { EngineAdder } from './engine-adder.ts';
import type { Evidence } from './evidence.ts';
import { FaultInjector, type Recovery } from './fault-injector.ts';
import { planFaults } from './fault-plan.ts';
import type { HookReceiver } from './hook-receiver.ts';
import { JobAdder } from './job-adder.ts';
import { parseJournal } from './journal.ts';
import { LogReader } from './log-reader.ts';
import { Monitor, unfinishedIn } from './monitor.ts';
import { Operator } from './operator.ts';
import { describeProcess, killExactly, treeBelow } from './processes.ts';
import { drawsOf } from './random.ts';
import type { Receiver } from './receiver.ts';
import { Service } from './service.ts';
import { readStored } from './stored-evidence.ts';
import { Subscriber } from './subscriber.ts';
import type { Workspace } from './workspace.ts';

export interface TortureOptions {
  readonly seed: number;
  readonly kills: number;
  readonly gatewayPort: number;
  /** What a machine may be late by that is busy with other things. */
  readonly slackMs: number;
}

/** Where the service works, and those that it calls. */
export interface TortureParts {
  readonly workspace: Workspace;
  readonly receiver: Receiver;
  readonly hooks: HookReceiver;
}

export interface TortureResult {
  readonly evidence: Evidence;
  readonly recoveries: readonly Recovery[];
  readonly faults: ReadonlyMap<string, number>;
  /** How often the v1 subscriber came back. */
  readonly attachments: number;
  readonly tookMs: number;
  /** Of that: after the last fault, until everything was at rest. */
  readonly drainMs: number;
}

const READY_WITHIN_MS = 45_000;
const STOP_WITHIN_MS = 11_000;
const TOPIC = { type: 'datasetUpdate', id: 'torture' };

export class TortureRun {
  readonly #options: TortureOptions;
  readonly #workspace: Workspace;
  readonly #receiver: Receiver;
  readonly #hooks: HookReceiver;
  readonly #service: Service;
  readonly #monitor: Monitor;
  readonly #injector: FaultInjector;
  readonly #client: TaskbellClient;
  readonly #book = new AddBook();
  readonly #operator: Operator;
  readonly #beganMono = performance.now();
  readonly #troubles: string[] = [];
  readonly #running: Promise<void>[] = [];
  #readers: readonly LogReader[] = [];
  #adders: readonly { run(): Promise<void>; stop(): void }[] = [];
  #engineAdder: EngineAdder | undefined;
  #adding: Promise<unknown> = Promise.resolve();
  #subscriber: Subscriber | undefined;

  constructor(options: TortureOptions, { workspace, receiver, hooks }: TortureParts) {
    this.#options = options;
    this.#workspace = workspace;
    this.#receiver = receiver;
    this.#hooks = hooks;
    this.#service = new Service(workspace);
    this.#monitor = new Monitor(workspace.controlSocket);
    this.#client = connect({ socket: workspace.controlSocket });
    this.#operator = new Operator(workspace.controlSocket, this.#book);
    const operator = this.#operator;
    this.#injector = new FaultInjector({
      ...{ workspace, service: this.#service, monitor: this.#monitor, operator },
      slackMs: options.slackMs,
    });
    receiver.compareWith(() => this.#monitor.knownCursor);
  }

  async run(): Promise<TortureResult> {
    await this.#begin();
    await this.#injector.run(planFaults(this.#options.seed, this.#options.kills));
    const drainMono = performance.now();
    for (const adder of this.#adders) adder.stop();
    // An add that is still being answered is accepted too.
    await this.#adding;
    await this.#drain();
    const drainMs = performance.now() - drainMono;
    await this.#probeSubscriber();
    await this.#catchUp();
    await this.#stop();
    return {
      evidence: this.#evidence(),
      recoveries: this.#injector.recoveries,
      faults: this.#injector.counts,
      attachments: this.#subscriber?.attachments ?? 0,
      tookMs: performance.now() - this.#beganMono,
      drainMs,
    };
  }

  /** Ends whatever is left, also of a run that failed half-way. */
  async dispose(): Promise<void> {
    for (const adder of this.#adders) adder.stop();
    this.#subscriber?.stop();
    this.#monitor.stop();
    await Promise.all(this.#readers.map((reader) => reader.stop()));
    await Promise.all([this.#client.close(), this.#operator.close()]);
    const { pid } = this.#service.identity;
    const left = pid === 0 ? [] : treeBelow(pid);
    this.#service.signal('SIGKILL');
    for (const { identity } of left) killExactly(identity);
    await this.#service.exited;
    await Promise.allSettled([...this.#running, this.#adding]);
  }

  async #begin(): Promise<void> {
    this.#service.start();
    this.#running.push(this.#monitor.run());
    const status = await this.#monitor.until(({ ready }) => ready, READY_WITHIN_MS);
    if (status === undefined) throw new Error(`not ready within ${READY_WITHIN_MS} ms`);
    this.#readers = this.#createReaders(status.log.epoch);
    for (const reader of this.#readers) this.#running.push(this.#watch(reader.run()));
    await this.#createSubscriber();
    this.#adders = this.#createAdders();
    this.#adding = Promise.all(this.#adders.map((adder) => this.#watch(adder.run())));
  }

  #createAdders() {
    const common = {
      ...{ client: this.#client, book: this.#book },
      unfinished: () => unfinishedIn(this.#monitor.latest),
      onCancelled: (id: string) => this.#workspace.noteCancelled(id),
    };
    const draws = (stream: string) => drawsOf(this.#options.seed, stream);
    const operator = this.#operator;
    const engine = new EngineAdder({ ...common, operator, draws: draws('engine') });
    this.#engineAdder = engine;
    return [new JobAdder({ ...common, draws: draws('adds') }), engine];
  }

  #createReaders(epoch: string): readonly LogReader[] {
    const draws = drawsOf(this.#options.seed, 'readers');
    const { controlSocket } = this.#workspace;
    return [
      {
        name: 'steady',
        stay: () => Number.POSITIVE_INFINITY,
        onEnd: (id: string) => this.#workspace.noteTold(id),
      },
      { name: 'fickle', stay: () => draws.between(1, 400) },
    ].map((each) => new LogReader({ ...each, epoch, client: connect({ socket: controlSocket }) }));
  }

  async #createSubscriber(): Promise<void> {
    const url = `ws://127.0.0.1:${this.#options.gatewayPort}/ws`;
    this.#subscriber = new Subscriber(url, await this.#workspace.token(), TOPIC);
    this.#running.push(this.#subscriber.run());
  }

  /** Nobody of the users may give up by himself. */
  async #watch(running: Promise<void>): Promise<void> {
    await running.catch((error: unknown) => {
      this.#troubles.push(`a user of the service gave up: ${error}`);
    });
  }

  async #drain(): Promise<void> {
    const drain = new Drain({
      ...{ client: this.#client, operator: this.#operator, monitor: this.#monitor },
      endedCount: () => this.#readers[0]?.ended.length ?? 0,
    });
    await drain.run();
    this.#troubles.push(...drain.troubles);
  }

  /** Back after all that, and still served. */
  async #probeSubscriber(): Promise<void> {
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return;
    this.#troubles.push(...subscriber.troubles);
    if (!(await subscriber.until(({ attached }) => attached, CATCH_UP_MS))) {
      this.#troubles.push('the subscriber of events v1 could not come back');
      return;
    }
    await this.#client.publish({ ...TOPIC, data: [] });
    if (!(await subscriber.until(({ pushes }) => pushes > 0, CATCH_UP_MS))) {
      this.#troubles.push('the subscriber of events v1 is attached and hears nothing');
    }
  }

  /** What the readers then still lack is missed. */
  async #catchUp(): Promise<void> {
    const top = Number((await this.#client.status()).log.top);
    const giveUpMono = performance.now() + CATCH_UP_MS;
    while (this.#readers.some((reader) => reader.top < top) && performance.now() < giveUpMono) {
      await delay(10);
    }
  }

  async #stop(): Promise<void> {
    const { pid } = this.#service.identity;
    this.#service.signal('SIGTERM');
    const withinMs = STOP_WITHIN_MS + this.#options.slackMs;
    const exit = await Promise.race([
      this.#service.exited,
      delay(withinMs, undefined, { ref: false }),
    ]);
    if (exit?.code !== 0) {
      const how = exit === undefined ? 'none' : `${exit.code} ${exit.signal}`;
      this.#troubles.push(`the last SIGTERM: expected exit code 0, got ${how}`);
    }
    const left = treeBelow(pid).map(describeProcess);
    if (left.length > 0) this.#troubles.push(`left after the last stop: ${left.join(', ')}`);
  }

  #evidence(): Evidence {
    const { attempted, accepted, refusals } = this.#book;
    const { receipts, unacknowledged } = this.#receiver;
    return {
      ...{ attempted, accepted, refusals, receipts, unacknowledged },
      flows: this.#engineAdder?.flows ?? [],
      hookCalls: this.#hooks.calls,
      ...readStored(this.#workspace.database, this.#readers[0]?.rows ?? []),
      told: this.#readers.flatMap(({ ended }) => ended),
      journal: parseJournal(this.#workspace.journal()),
      followers: this.#readers.map((reader) => reader.evidence()),
      survivors: this.#injector.survivors,
      troubles: [...this.#troubles, ...this.#injector.troubles],
    };
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
