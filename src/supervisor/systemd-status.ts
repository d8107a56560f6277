/** One line on how the service stands, for `systemctl status`. Pure. */
import type { ProcessView, Role } from '../protocol/supervision.ts';

type Child = ProcessView & { readonly role: Role };

const PLURAL: Readonly<Record<Role, string>> = {
  core: 'core',
  executor: 'executors',
  gateway: 'gateways',
};

export function startingStatus(views: readonly ProcessView[]): string {
  const children = childrenOf(views);
  const up = children.filter(isUp).length;
  return `Starting: ${up} of ${children.length} processes are up${troubleOf(children)}`;
}

/** Of a service that was ready once. */
export function workingStatus(views: readonly ProcessView[]): string {
  const children = childrenOf(views);
  const trouble = troubleOf(children);
  if (trouble !== '') return `Degraded${trouble}`;
  const core = children.find(({ role }) => role === 'core');
  const word =
    core?.state === 'standby' ? 'Standing by: another daemon owns the data; ' : 'Ready: ';
  const counts = (['executor', 'gateway'] as const).flatMap((role) => {
    const count = children.filter((one) => one.role === role && one.state !== 'retiring').length;
    return count === 0 ? [] : [`${count} ${count === 1 ? role : PLURAL[role]}`];
  });
  return `${word}${counts.join(', ') || 'core'}`;
}

/** @param leftMs until what still runs is ended */
export function stoppingStatus(views: readonly ProcessView[], leftMs: number): string {
  const left = childrenOf(views).filter(({ pid }) => pid !== null);
  const executors = left.filter(({ role }) => role === 'executor').length;
  if (executors === 0) return 'Stopping';
  const name =
    executors === 1 ? '1 executor ends its jobs' : `${executors} executors end their jobs`;
  return `Draining: ${name}, at most ${Math.ceil(leftMs / 1_000)} s more`;
}

/** ` (executor restarting …)`; empty where all is well. */
function troubleOf(children: readonly Child[]): string {
  const down = children.filter(
    (one) => one.state === 'backoff' || (one.state === 'starting' && one.restarts > 0),
  );
  if (down.length === 0) return '';
  const words = down.map(({ role, restarts }) => {
    const times = restarts === 1 ? 'once' : `${restarts} times`;
    return `${role} ended ${times} and is restarted`;
  });
  return `: ${[...new Set(words)].join('; ')}`;
}

function childrenOf(views: readonly ProcessView[]): readonly Child[] {
  return views.filter((view): view is Child => view.role !== 'supervisor');
}

function isUp({ state }: ProcessView): boolean {
  return state === 'ready' || state === 'standby';
}
