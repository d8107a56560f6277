/** Who takes part, in which setting, and what its acknowledgement of an add promises. */
import { findPostgres } from './servers/postgres.mjs';
import { findRedis } from './servers/redis.mjs';

const NO_REDIS =
  'redis-server is not on the PATH: install it (Debian: redis-server) or set REDIS_SERVER';
const NO_POSTGRES = 'postgres and initdb were not found: install PostgreSQL (Debian: postgresql)';

const redis = { missing: () => (findRedis() === undefined ? NO_REDIS : undefined) };
const postgres = { missing: () => (findPostgres() === undefined ? NO_POSTGRES : undefined) };
const nothing = { missing: () => undefined };

export const OURS = {
  ...{ id: 'taskbell', peer: 'taskbell', module: 'taskbell', title: 'Taskbell', variant: {} },
  durable: 'yes',
  ...nothing,
};

export const CONTENDERS = [
  OURS,
  ...[
    {
      id: 'bullmq-always',
      title: 'BullMQ, AOF always',
      variant: { appending: 'always' },
      durable: 'yes',
    },
    {
      id: 'bullmq-everysec',
      title: 'BullMQ, AOF every second',
      variant: { appending: 'everysec' },
      durable: 'within a second',
    },
    { id: 'bullmq-none', title: 'BullMQ, no AOF', variant: { appending: 'none' }, durable: 'no' },
  ].map((each) => ({ ...each, peer: 'bullmq', module: 'bullmq', ...redis })),
  {
    ...{ id: 'graphile-worker', peer: 'graphile-worker', module: 'graphile-worker' },
    ...{ title: 'graphile-worker, batched', variant: {}, durable: 'yes', ...postgres },
  },
  ...[
    { id: 'plainjob', title: 'plainjob, its default', variant: {}, durable: 'no' },
    {
      id: 'plainjob-full',
      title: 'plainjob, synchronous=FULL',
      variant: { synchronous: 'FULL' },
      // An fsync for each step of each job: 50,000 of them would take most of the whole run.
      drainShare: 0.2,
      durable: 'yes',
    },
  ].map((each) => ({ ...each, peer: 'plainjob', module: 'plainjob', ...nothing })),
];

/** A name matches the peer with all its settings, or one setting. */
export function chosen(names) {
  if (names === undefined) return CONTENDERS;
  const unknown = names.filter(
    (name) => !CONTENDERS.some(({ id, peer }) => name === id || name === peer),
  );
  if (unknown.length > 0) {
    const known = [...new Set(CONTENDERS.flatMap(({ id, peer }) => [peer, id]))].join(', ');
    throw new Error(`There is no peer "${unknown[0]}": expected ${known} or none.`);
  }
  return CONTENDERS.filter(
    ({ id, peer }) => peer === OURS.peer || names.includes(id) || names.includes(peer),
  );
}
