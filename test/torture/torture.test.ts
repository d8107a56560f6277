/**
 * The crash tests: `npm test` runs 30 kills, `npm run torture` 300. TORTURE_KILLS and TORTURE_SEED
 * choose; the seed repeats the schedule of actions, though not the timing of the processes.
 */
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkEvidence } from './checker.ts';
import type { Finding } from './finding.ts';
import { HookReceiver } from './hook-receiver.ts';
import { drawsOf } from './random.ts';
import { Receiver } from './receiver.ts';
import { freePort, type TortureResult, TortureRun } from './torture-run.ts';
import { Workspace } from './workspace.ts';

// Set by scripts/torture.mjs.
const { TORTURE_KILLS, TORTURE_SEED, TORTURE_FIGURES } = process.env;
const KILLS = Number(TORTURE_KILLS ?? 30);
const SEED = Number(TORTURE_SEED ?? Math.floor(Math.random() * 1_000_000));
const MS_PER_KILL = 20_000;
/** The long run holds the bounds on time closely; the short one stands beside other tests on a busy machine. */
const SLACK_MS = TORTURE_KILLS === undefined ? 20_000 : 500;
const MAX_SHOWN = 8;

// Who is killed and who survives is read from /proc.
it.runIf(process.platform === 'linux')(
  'a service that is killed again and again loses nothing, runs nothing twice at once, and tells of every end (needs Linux: /proc tells who lives)',
  async () => {
    process.stdout.write(`torture: seed ${SEED}, ${KILLS} kills\n`);
    const receiver = new Receiver(drawsOf(SEED, 'receiver'));
    const gatewayPort = await freePort();
    const hooks = new HookReceiver(drawsOf(SEED, 'hooks'));
    const ports = {
      ...{ receiver: await receiver.start(), hooks: await hooks.start() },
      gateway: gatewayPort,
    };
    const workspace = new Workspace({ ports, hookSecret: hooks.secret });
    const options = { seed: SEED, kills: KILLS, gatewayPort, slackMs: SLACK_MS };
    const run = new TortureRun(options, { workspace, receiver, hooks });
    let broken = true;
    try {
      const result = await run.run();
      const findings = checkEvidence(result.evidence);
      const brokenNames = findings.flatMap(({ name, violations }) =>
        violations.length > 0 ? [name] : [],
      );
      broken = brokenNames.length > 0;
      const line = figures(result);
      process.stdout.write(`${findings.map(describeFinding).join('\n')}\n${line}\n`);
      if (TORTURE_FIGURES !== undefined) writeFileSync(TORTURE_FIGURES, line);
      expect(brokenNames).toEqual([]);
    } finally {
      await run.dispose();
      await receiver.stop();
      await hooks.stop();
      if (broken) process.stdout.write(`torture: what is left is in ${workspace.directory}\n`);
      else workspace.remove();
    }
  },
  60_000 + KILLS * MS_PER_KILL,
);

function describeFinding({ name, facts, violations }: Finding): string {
  const mark = violations.length === 0 ? 'ok    ' : 'BROKEN';
  const shown = violations.slice(0, MAX_SHOWN).map((violation) => `\n         ${violation}`);
  return `${mark} ${name}: ${violations.length} (${facts})${shown.join('')}`;
}

function figures(result: TortureResult): string {
  const { evidence, recoveries, faults, attachments, tookMs, drainMs } = result;
  const kinds = [...faults].map(([kind, count]) => `${kind} ${count}`).join(', ');
  const starts = evidence.journal.filter(({ kind }) => kind === 'start').length;
  return [
    `torture: seed ${SEED}, ${KILLS} kills (${kinds})`,
    `${evidence.accepted.length} accepted of ${evidence.attempted.length}`,
    `${starts} attempts`,
    `${evidence.receipts.length} reports`,
    `${evidence.hookCalls.length} web hooks`,
    `${evidence.log.length} log rows`,
    `subscriber back ${attachments} times`,
    `ready again ${describeRecoveries(recoveries)}`,
    `${inSeconds(tookMs)}, ${inSeconds(drainMs)} of it the drain`,
  ].join('; ');
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(0)} s`;
}

function describeRecoveries(recoveries: TortureResult['recoveries']): string {
  const sorted = [...recoveries].sort((a, b) => a.tookMs - b.tookMs);
  const percentile = (share: number): string => {
    const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
    return `${((sorted[at]?.tookMs ?? 0) / 1_000).toFixed(2)} s`;
  };
  const slowest = `${percentile(1)} after ${sorted.at(-1)?.kind}`;
  return `p50 ${percentile(0.5)}, p99 ${percentile(0.99)}, slowest ${slowest}, of ${sorted.length}`;
}
