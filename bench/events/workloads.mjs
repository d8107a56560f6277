/** The workloads by name, in the order in which they run. */
import { idleMemory } from './workloads/memory.mjs';
import { paced } from './workloads/pacing.mjs';
import { broadcast, ownTopics } from './workloads/saturating.mjs';
import { stalled } from './workloads/stalling.mjs';

export const WORKLOADS = [
  { name: 'broadcast', title: 'broadcast, 16 under way', unit: 'rate', run: broadcast(16) },
  { name: 'broadcast64', title: 'broadcast, 64 under way', unit: 'rate', run: broadcast(64) },
  { name: 'one', title: 'broadcast, one at a time', unit: 'rate', run: broadcast(1) },
  { name: 'own', title: 'own topics', unit: 'rate', run: ownTopics },
  { name: 'paced', title: 'broadcast, 20 a second', unit: 'latency', run: paced },
  { name: 'memory', title: 'idle connection', unit: 'memory', run: idleMemory },
  { name: 'stalled', title: 'one does not read', unit: 'facts', own: true, run: stalled },
];

export function chosenWorkloads(names) {
  const unknown = names?.find((name) => !WORKLOADS.some((each) => each.name === name));
  if (unknown !== undefined) {
    const known = WORKLOADS.map(({ name }) => name).join(', ');
    throw new Error(`There is no workload "${unknown}": expected ${known}.`);
  }
  return WORKLOADS.filter(({ name }) => names === undefined || names.includes(name));
}
