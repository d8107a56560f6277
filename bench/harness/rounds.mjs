/**
 * The rounds of a suite: every workload of every contender that can run here, in turn, several times. Each
 * single measurement is a process of its own, one after the other, and answers over IPC.
 */
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { onClose, throwIfStopped } from './closing.mjs';
import { medianOfRuns } from './statistics.mjs';
import { putBetweenMarkers } from './table.mjs';

/**
 * @param suite oneRun: the program that measures once; contenders, workloads: what is to be tried;
 *   takesPart(contender, workload); options: of the command line
 * @returns {{ results: object[], versions: object, medians: object }} medians by workload, then by contender
 */
export async function runRounds(suite) {
  const results = [];
  for (let round = 1; round <= suite.options.runs; round += 1) {
    for (const workload of suite.workloads) {
      if (workload.once && round > 1) continue;
      for (const contender of suite.contenders) {
        if (suite.takesPart(contender, workload))
          results.push(await measure(suite, { contender, workload, round }));
      }
    }
  }
  throwIfStopped();
  return { results, ...summarise(suite, results) };
}

/** False for what cannot run here; names in one line what is missing, and what to install. */
export function isThere({ title, missing }) {
  const reason = missing?.();
  if (reason !== undefined) console.log(`left out  ${title}: ${reason}`);
  return reason === undefined;
}

/** Prints the summary, and writes it where the options say. @param report asText, asMarkdown, and the markers' suite */
export function publish(summary, results, { asText, asMarkdown, suite }) {
  const { contenders: _, workloads: __, ...figures } = summary;
  const { json, markdown } = summary.options;
  console.log(`\n${asText(summary)}`);
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ ...figures, results }, null, 2)}\n`);
  }
  if (markdown !== undefined) {
    const document = readFileSync(markdown, 'utf8');
    writeFileSync(markdown, putBetweenMarkers(document, asMarkdown(summary), markdown, suite));
  }
}

async function measure({ oneRun, options }, { contender, workload, round }) {
  throwIfStopped();
  const label = `${workload.title} · ${contender.title} · ${round}`;
  const spec = { contender: contender.id, workload: workload.name, options };
  try {
    const answer = await inProcess(oneRun, spec);
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

/** Resolves after the process has ended everything that it had started. */
function inProcess(oneRun, spec) {
  const child = fork(oneRun, [JSON.stringify(spec)], {
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

function summarise({ contenders, workloads }, results) {
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
