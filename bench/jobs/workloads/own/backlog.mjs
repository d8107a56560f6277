/**
 * Whether a job costs more when millions are there: SQL time a job while 10,000 are claimed and
 * ended, once beside 1,000 jobs and once beside a million waiting and a million finished ones; and
 * how long the daemon takes to be ready again.
 */

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openMeter } from '../../meter.mjs';
import { PAYLOAD } from '../../payload.mjs';

const SMALL = 1_000;
const ROUNDS = 10;
const CHUNK = 10_000;

export async function backlog({ open, directory, options }) {
  const small = await measure(open, path.join(directory, 'small'), SMALL);
  const large = await measure(open, path.join(directory, 'large'), options.backlog);
  const figures = {
    'SQL us a job, small': small.sqlUs,
    'SQL us a job, large': large.sqlUs,
    'SQL ratio': large.sqlUs / small.sqlUs,
    'reading us a job, small': small.readingUs,
    'reading us a job, large': large.readingUs,
    'reading ratio': large.readingUs / small.readingUs,
    'ready ms, small': small.readyMs,
    'ready ms, large': large.readyMs,
  };
  return { figures, versions: small.versions };
}

async function measure(open, directory, count) {
  mkdirSync(directory);
  const meter = openMeter(directory);
  const filling = await open({ directory });
  await finish(filling, count);
  await addMany(filling, count);
  await filling.daemon.stop();
  const session = await open({ directory, env: meter.env });
  const { readyMs } = session.daemon;
  const costs = await roundsOf(session, meter, count === SMALL);
  await session.daemon.stop();
  return { ...costs, readyMs, versions: session.versions };
}

async function finish(session, count) {
  await session.mark();
  await addMany(session, count);
  await session.release();
  await session.whenEnded(count);
  await session.hold();
}

/** @param refill true: as many are added before each round as it ends, so that the backlog stays small */
async function roundsOf(session, meter, refill) {
  const { client } = session.daemon;
  const total = { jobs: 0, ms: 0, readingMs: 0 };
  // The first round warms up and is not counted.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const endedBefore = (await client.status()).jobs.succeeded;
    const before = await meter.read(session.processes.core);
    await session.mark();
    await session.release();
    await session.whenEnded(SMALL);
    await session.hold();
    const after = await meter.read(session.processes.core);
    const jobs = (await client.status()).jobs.succeeded - endedBefore;
    if (round > 0) {
      total.jobs += jobs;
      total.ms += after.ms - before.ms;
      total.readingMs += after.readingMs - before.readingMs;
    }
    if (refill) await addMany(session, SMALL);
  }
  return {
    sqlUs: (total.ms * 1_000) / total.jobs,
    readingUs: (total.readingMs * 1_000) / total.jobs,
  };
}

async function addMany(session, count) {
  for (let left = count; left > 0; left -= CHUNK) {
    await session.addMany(Array.from({ length: Math.min(CHUNK, left) }, () => PAYLOAD));
  }
}
