/**
 * Carries out a plan of faults on the running service, says each hit to the journal first, and
 * measures how long the service needs to be ready again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KEPT_MS } from './engine-rules.ts';
import type { Fault, FaultKind } from './fault-plan.ts';
import { isReadyAgain, type Monitor } from './monitor.ts';
import type { Operator } from './operator.ts';
import {
  describeProcess,
  killExactly,
  type TreeProcess,
  type TreeRole,
  treeBelow,
} from './processes.ts';
import type { Service } from './service.ts';
import type { Workspace } from './workspace.ts';

export interface FaultInjectorParts {
  readonly workspace: Workspace;
  readonly service: Service;
  readonly monitor: Monitor;
  readonly operator: Operator;
  /** What a machine may be late by that is busy with other things. */
  readonly slackMs: number;
}

/** From a fault, or the last of several, until the service was ready again. */
export interface Recovery {
  readonly kind: FaultKind;
  readonly tookMs: number;
}

const READY_WITHIN_MS = 15_000;
/** How long what a supervisor left behind may live. */
const SURVIVAL_MS = 5_000;
const LOOK_AGAIN_MS = 200;
/** `shutdownTimeout` of the workspace, and the 5 s that a stop may take beyond it. */
const STOP_WITHIN_MS = 6_000 + 5_000;
/** Most stops are over by then. */
const LATEST_CUT_MS = 1_500;
/** Before this a new process has no signal handler yet. */
const LATEST_START_MS = 1_000;
/** As many as retention needs a moment for. */
const CHAFF = 80;
const REMOVAL_MS = 300;
/** After that a rolling restart goes on by itself, among other faults. */
const ROLLING_WITHIN_MS = 10_000;

export class FaultInjector {
  readonly survivors: string[] = [];
  readonly troubles: string[] = [];
  readonly recoveries: Recovery[] = [];
  readonly counts = new Map<string, number>();
  readonly #parts: FaultInjectorParts;
  readonly #killed = new Set<number>();
  readonly #watching: Promise<void>[] = [];
  #kind: FaultKind = 'core';
  /** What the service has not recovered from yet. */
  #latest: { readonly kind: FaultKind; readonly atMono: number } | undefined;

  constructor(parts: FaultInjectorParts) {
    this.#parts = parts;
  }

  async run(plan: readonly Fault[]): Promise<void> {
    for (const fault of plan) {
      if (fault.awaitsReady) await this.recover();
      await delay(fault.afterMs);
      this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
      this.#kind = fault.kind;
      await this.#inject(fault);
    }
    await this.recover();
    await Promise.all(this.#watching);
  }

  /** Waits until the service is ready, and remembers how long that took since the last fault. */
  async recover(): Promise<void> {
    const { monitor, service, slackMs } = this.#parts;
    const { pid } = service.identity;
    const withinMs = READY_WITHIN_MS + slackMs;
    const fits = (status: Parameters<typeof isReadyAgain>[0]) =>
      isReadyAgain(status, pid, this.#killed);
    if ((await monitor.until(fits, withinMs)) === undefined) {
      const seen = JSON.stringify(monitor.latest?.processes);
      this.troubles.push(`not ready again within ${withinMs} ms; last seen: ${seen}`);
    }
    if (this.#latest !== undefined) {
      const { kind, atMono } = this.#latest;
      this.recoveries.push({ kind, tookMs: performance.now() - atMono });
    }
    this.#latest = undefined;
  }

  async #inject(fault: Fault): Promise<void> {
    switch (fault.kind) {
      case 'core':
      case 'executor':
      case 'gateway':
      case 'guardian':
      case 'handler':
        this.#killOne(fault.kind, fault.pick);
        return;
      case 'core and executor':
        this.#killOne('core', fault.pick);
        this.#killOne('executor', fault.pick);
        return;
      case 'rolling restart':
        await this.#restartRolling(fault.withHandlers);
        return;
      case 'core while removing':
        await this.#parts.operator.addChaff(CHAFF);
        await delay(KEPT_MS.cancelledJobs + fault.pick * REMOVAL_MS);
        this.#killOne('core', fault.pick);
        return;
      case 'supervisor':
        await this.#killSupervisor(() => []);
        return;
      case 'everything':
        await this.#killSupervisor((tree) =>
          tree.filter(({ role }) => role !== 'handler' || fault.withHandlers),
        );
        return;
      case 'SIGTERM':
        await this.#terminate();
        return;
      case 'SIGTERM at start':
        await this.#killSupervisor(() => []);
        await delay(fault.pick * LATEST_START_MS);
        await this.#terminate();
        return;
      case 'killed while stopping':
        await this.#cutOff(fault);
    }
  }

  /** Nobody is hit: a job that runs again after this alone was interrupted by it, which must not be. */
  async #restartRolling(undisturbed: boolean): Promise<void> {
    const { operator } = this.#parts;
    if (!undisturbed) {
      this.#watching.push(operator.restartRolling(false, AbortSignal.timeout(ROLLING_WITHIN_MS)));
      return;
    }
    await this.recover();
    await operator.restartRolling(true, AbortSignal.timeout(ROLLING_WITHIN_MS));
  }

  #tree(): readonly TreeProcess[] {
    return treeBelow(this.#parts.service.identity.pid);
  }

  #killOne(role: TreeRole, pick: number): void {
    const candidates = this.#tree().filter((process) => process.role === role);
    const victim = candidates[Math.floor(pick * candidates.length)];
    if (victim === undefined) return;
    this.#hit(victim);
    killExactly(victim.identity);
    // What else there is does not show in the status.
    if (role === 'guardian' || role === 'handler') return;
    this.#killed.add(victim.identity.pid);
    this.#latest = { kind: this.#kind, atMono: performance.now() };
  }

  /** Kills the supervisor and whoever is chosen below it, and starts the service again. */
  async #killSupervisor(
    choose: (tree: readonly TreeProcess[]) => readonly TreeProcess[],
  ): Promise<void> {
    const { service } = this.#parts;
    const { identity } = service;
    const tree = this.#tree();
    for (const process of tree) this.#hit(process);
    killExactly(identity);
    for (const process of choose(tree)) killExactly(process.identity);
    await service.exited;
    this.#latest = { kind: this.#kind, atMono: performance.now() };
    this.#watching.push(this.#watchOrphans(identity.pid));
    await service.startAgain();
  }

  async #watchOrphans(supervisor: number): Promise<void> {
    // Forked in the moment of the kill, or not seen by the first look.
    for (const process of treeBelow(supervisor)) this.#hit(process);
    await delay(SURVIVAL_MS);
    const left = await this.#leftOf(supervisor);
    if (left.length > 0) this.survivors.push(`of supervisor ${supervisor}: ${left.join(', ')}`);
  }

  /** Who is there still, after the slack at the latest. */
  async #leftOf(supervisor: number): Promise<readonly string[]> {
    const giveUpMono = performance.now() + this.#parts.slackMs;
    for (;;) {
      const left = treeBelow(supervisor);
      if (left.length === 0 || performance.now() >= giveUpMono) return left.map(describeProcess);
      await delay(LOOK_AGAIN_MS);
    }
  }

  /** Kills the supervisor of a service that stops, or anybody below it. */
  async #cutOff({ pick, withHandlers }: Fault): Promise<void> {
    const cutMs = pick * LATEST_CUT_MS;
    if (withHandlers) {
      for (const process of this.#tree()) this.#hit(process);
      this.#parts.service.signal('SIGTERM');
      await delay(cutMs);
      await this.#killSupervisor(() => []);
      return;
    }
    await this.#terminate(async () => {
      await delay(cutMs);
      const tree = this.#tree();
      // The first digits of `pick` were used for the delay.
      const victim = tree[Math.floor(((pick * 1_000) % 1) * tree.length)];
      if (victim === undefined) return;
      this.#hit(victim);
      killExactly(victim.identity);
    });
  }

  /** @param meanwhile what happens while it stops */
  async #terminate(meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
    const { service } = this.#parts;
    const { pid } = service.identity;
    const beganMono = performance.now();
    const tree = this.#tree();
    for (const process of tree) this.#hit(process);
    service.signal('SIGTERM');
    await meanwhile();
    const withinMs = STOP_WITHIN_MS + this.#parts.slackMs;
    const given = await Promise.race([service.exited, delay(withinMs, undefined, { ref: false })]);
    const facts = { started: tree.length > 0, tookMs: Math.round(performance.now() - beganMono) };
    this.#judgeStop(given, facts);
    if (given === undefined) service.signal('SIGKILL');
    await service.exited;
    const left = treeBelow(pid).map(describeProcess);
    if (left.length > 0) this.survivors.push(`of a stopped service: ${left.join(', ')}`);
    this.#latest = { kind: this.#kind, atMono: performance.now() };
    await service.startAgain();
  }

  #judgeStop(
    exit: { readonly code: number | null; readonly signal: string | null } | undefined,
    { started, tookMs }: { readonly started: boolean; readonly tookMs: number },
  ): void {
    if (exit === undefined) this.troubles.push(`SIGTERM: still there after ${tookMs} ms`);
    // Killed by the signal before there was code of ours to hear it: fine while nothing was started.
    else if (exit.code !== 0 && (started || exit.signal !== 'SIGTERM')) {
      const how = `code ${exit.code}, signal ${exit.signal}, after ${tookMs} ms`;
      this.troubles.push(`SIGTERM: expected exit code 0, got ${how}`);
    }
  }

  #hit({ identity }: TreeProcess): void {
    this.#parts.workspace.noteHit(identity.pid);
  }
}
