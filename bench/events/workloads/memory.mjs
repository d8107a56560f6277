/** Resident memory of the server for a connection that is subscribed and does nothing. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { onClose } from '../../harness/closing.mjs';
import { residentMiB } from '../../harness/processes.mjs';
import { openConnections } from '../connections.mjs';
import { topicName } from '../message.mjs';

const SETTLE_MS = 3_000;
/** Descriptors that a process has open for other things. */
const RESERVED = 200;

export async function idleMemory(session, { connections }) {
  const count = Math.min(connections, descriptorLimit() - RESERVED);
  await delay(SETTLE_MS);
  const before = residentMiB(session.measured);
  const { url, steps } = session.place;
  const place = { url, steps: () => steps(topicName(0)) };
  const sockets = await openConnections(count, place, () => {});
  onClose(() => {
    for (const socket of sockets) socket.destroy();
  });
  await delay(SETTLE_MS);
  const after = residentMiB(session.measured);
  return { 'KiB a connection': ((after - before) * 1_024) / count, connections: count };
}

/** The soft limit of this process; its children have the same. */
function descriptorLimit() {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
}
