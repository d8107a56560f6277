/**
 * The jobs suite: every workload, of every contender that can run here, in turn, several times. Each
 * single measurement is a process of its own (one-run.mjs), one after the other.
 */
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onClose, throwIfStopped } from '../harness/closing.mjs';
import { describeDisturbance, describeMachine } from '../harness/machine.mjs';
import { medianOfRuns } from '../harness/statistics.mjs';
import { putBetweenMarkers } from '../harness/table.mjs';
import { chosen, OURS } from './contenders.mjs';
import { asMarkdown, asText } from './report.mjs';
import { add64 } from './workloads/adding.mjs';
import { chosenWorkloads } from './workloads.mjs';

const ONE_RUN = path.join(import.meta.dirname, 'one-run.mjs');

export async function run(options) {
  const contenders = chosen(options.peers).filter(isThere);
  const workloads = chosenWorkloads(options.only).filter(isThere);
  const about = { machine: describeMachine(), disturbance: describeDisturbance() };
  if (about.disturbance !== undefined) console.log(about.disturbance);
  about.harnessRate = await measureHarness();
  const results = [];
  for (let round = 1; round <= options.runs; round += 1) {
    for (const workload of workloads) {
      if (workload.once && round > 1) continue;
      for (const contender of contenders.filter((each) => takesPart(each, workload))) {
        results.push(await measure({ contender, workload, round, options }));
      }
    }
  }
  throwIfStopped();
  const measured = summarise({ contenders, workloads, results });
  publish({ ...about, ...measured, contenders, workloads, options }, results);
}

/** Names in one line what is missing, and what to install. */
function isThere({ title, missing }) {
  const reason = missing?.();
  if (reason !== undefined) console.log(`left out  ${title}: ${reason}`);
  return reason === undefined;
}

function takesPart({ id }, workload) {
  if (workload.own) return id === OURS.id;
  return workload.contenders === undefined || workload.contenders.includes(id);
}

async function measure({ contender, workload, round, options }) {
  throwIfStopped();
  const label = `${workload.title} · ${contender.title} · ${round}`;
  try {
    const answer = await inProcess({ contender: contender.id, workload: workload.name, options });
    console.log(`${label}: ${inShort(answer.figures)}`);
    for (const line of answer.lines ?? []) console.log(line);
    return { contender: contender.id, workload: workload.name, round, ...answer };
  } catch (error) {
    throwIfStopped();
    // One that fails must not cost the figures of all others.
    console.error(`${label}: failed. ${error.message}`);
    return { contender: contender.id, workload: workload.name, round, error: error.message };
  }
}

/** What the loops of the load could do if adding cost nothing: far above every contender, or nothing here counts. */
async function measureHarness() {
  const { rate } = await add64({ processes: {}, add: async () => {} }, { seconds: 0.5 });
  return rate;
}

/** Resolves after the process has ended everything that it had started. */
function inProcess(spec) {
  const child = fork(ONE_RUN, [JSON.stringify(spec)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  onClose(async () => {
    if (child.connected) child.disconnect();
    await gone;
  });
  return new Promise((resolve, reject) => {
    let answer = { error: 'The process that measures ended without a word.' };
    child.on('message', (message) => {
      answer = message;
    });
    void gone.then(() =>
      answer.error === undefined ? resolve(answer.measured) : reject(new Error(answer.error)),
    );
  });
}

function inShort(figures) {
  const known = Object.entries(figures).filter(([name]) => !name.startsWith('cpu.'));
  return known
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4)).toLocaleString('en')}`)
    .join(', ');
}

function summarise({ contenders, workloads, results }) {
  const versions = Object.assign({}, ...results.map((result) => result.versions ?? {}));
  const medians = {};
  for (const { name } of workloads) {
    medians[name] = {};
    for (const { id } of contenders) {
      const runs = results.filter(
        (each) => each.workload === name && each.contender === id && each.figures,
      );
      if (runs.length > 0) medians[name][id] = medianOfRuns(runs.map(({ figures }) => figures));
    }
  }
  return { versions, medians };
}

function publish(summary, results) {
  const { contenders: _, workloads: __, ...figures } = summary;
  const { json, markdown } = summary.options;
  console.log(`\n${asText(summary)}`);
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ ...figures, results }, null, 2)}\n`);
  }
  if (markdown !== undefined) {
    const document = readFileSync(markdown, 'utf8');
    writeFileSync(markdown, putBetweenMarkers(document, asMarkdown(summary), markdown));
  }
}
