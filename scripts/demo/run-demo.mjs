/**
 * Runs the demo from the first command to the last process gone. Uses the executable, the client
 * library and the documented protocols only, never Taskbell's source.
 *
 * Order: receiving service → `taskbell init` → `taskbell up` → subscriber → jobs → summary; what was
 * started is stopped in the reverse order, whatever happens.
 */
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'taskbell/client';
import { root } from '../setup.mjs';
import { command, createCommands, startDaemon } from './commands.mjs';
import { Ledger } from './ledger.mjs';
import { describeEvent, describeReport, quoteCommand } from './narration.mjs';
import { DEFAULT_USER, planJobs, QUEUES } from './plan.mjs';
import { SERVICE_PATH, startReceivingService } from './receiving-service.mjs';
import { connectSubscriber } from './subscriber.mjs';
import { findMissing, isComplete, renderTable, topicsOf } from './summary.mjs';
import { createWorkspace, writeConfig } from './workspace.mjs';

const READY_WITHIN_MS = 30_000;
const DONE_WITHIN_MS = 90_000;
const INTERRUPTED = 130;

/** @returns {Promise<number>} the exit status */
export async function runDemo({ stay }) {
  const signal = abortOnSignals();
  const demo = { signal, ledger: new Ledger(), workspace: createWorkspace(), stops: [] };
  demo.stops.push(demo.workspace.remove);
  let status = 1;
  try {
    status = await perform(demo);
    if (stay && status === 0) await stayUp(demo);
  } catch (error) {
    status = signal.aborted ? INTERRUPTED : explain(error, demo);
  }
  const clean = await stopAll(demo);
  return clean ? status : status || 1;
}

async function perform(demo) {
  await startEverything(demo);
  const planned = planJobs({ root, output: demo.workspace.output });
  await addJobs(demo, planned);
  await runJobs(demo, planned);
  return await summarise(demo, planned);
}

async function startEverything(demo) {
  const { workspace, ledger, stops } = demo;
  const say = createClock(demo);
  const service = await startReceivingService({
    onReport: (report) => {
      ledger.addReport(report);
      say(describeReport(report));
    },
  });
  stops.push(service.stop);
  say(`receiving service (Socket.IO) on ${service.url}${SERVICE_PATH}`);

  demo.taskbell = createCommands({ root, workspace });
  await demo.taskbell('init', workspace.directory);
  writeConfig(workspace, {
    root,
    serviceUrl: service.url,
    servicePath: SERVICE_PATH,
    userId: DEFAULT_USER,
  });
  demo.config = ['--config', workspace.configFile];
  const [gateway, { token }] = await Promise.all([
    startTaskbell(demo),
    demo.taskbell('token', 'issue', '--user', DEFAULT_USER, ...demo.config),
  ]);
  demo.subscriber = await connectSubscriber({
    url: `ws://${gateway.address}:${gateway.port}${gateway.path}`,
    token,
    onEvent: (event) => {
      ledger.addEvent(event);
      say(describeEvent(event));
    },
  });
  stops.push(demo.subscriber.stop);
}

async function startTaskbell(demo) {
  const daemon = startDaemon({ root, workspace: demo.workspace });
  demo.stops.push(async () => {
    const status = await daemon.stop();
    demo.say(`taskbell up stopped${status === 0 ? '' : ` with ${status}`}`);
    if (status !== 0) throw new Error(`taskbell up ended with ${status}`);
  });
  const { gateway } = await waitUntilReady(demo, daemon);
  demo.say(`taskbell up is ready (pid ${daemon.pid})`);
  return gateway;
}

async function waitUntilReady(demo, daemon) {
  const client = connect({ socket: demo.workspace.controlSocket });
  const limitMono = performance.now() + READY_WITHIN_MS;
  let ended;
  void daemon.ended.then((status) => {
    ended = status;
  });
  try {
    while (performance.now() < limitMono && ended === undefined) {
      // Until the control socket answers, the request fails: that is what is waited for.
      const status = await client.status().catch(() => undefined);
      if (status?.ready && status.gateway) return status;
      await delay(20, undefined, { signal: demo.signal });
    }
  } finally {
    await client.close();
  }
  throw new Error(
    ended === undefined
      ? `taskbell up was not ready within ${READY_WITHIN_MS / 1_000} s`
      : `taskbell up ended with ${ended} instead of becoming ready`,
  );
}

/** Adds every job to a paused queue, and attaches to everything that will be said of it. */
async function addJobs(demo, planned) {
  const { taskbell, config } = demo;
  await Promise.all(QUEUES.map((queue) => taskbell('queue', 'pause', queue, ...config)));
  await Promise.all(planned.map((job) => addJob(demo, job)));
}

async function addJob({ taskbell, config, subscriber, say }, job) {
  const user = job.userId === undefined ? [] : ['--user', job.userId];
  const options = ['--queue', job.queue, ...user, ...config];
  const { id } = await taskbell('job', 'add', job.type, JSON.stringify(job.payload), ...options);
  job.id = id;
  say(`added job ${id}: ${job.type}`);
  for (const topic of topicsOf(job)) await subscriber.attach(topic);
}

async function runJobs(demo, planned) {
  const { taskbell, config, ledger } = demo;
  const jobOf = (key) => planned.find((job) => job.key === key);
  await taskbell('queue', 'resume', 'default', ...config);
  await Promise.all([
    when(
      demo,
      () => ledger.reportOf(jobOf('import').id),
      async () => {
        await taskbell('queue', 'resume', 'reports', ...config);
      },
    ),
    when(
      demo,
      () => ledger.statesOf(jobOf('count').id).includes('running'),
      async () => {
        demo.say(`cancelling job ${jobOf('count').id}: ${jobOf('count').type}`);
        await taskbell('job', 'cancel', jobOf('count').id, ...config);
      },
    ),
  ]);
  await ledger.waitUntil(() => isComplete(planned, ledger), {
    withinMs: DONE_WITHIN_MS,
    signal: demo.signal,
  });
}

/** Acts even if the time ran out: what is missing then is said in the summary. */
async function when({ ledger, signal }, condition, act) {
  await ledger.waitUntil(condition, { withinMs: DONE_WITHIN_MS, signal });
  await act();
}

async function summarise(demo, planned) {
  const { ledger, taskbell, config } = demo;
  const views = new Map();
  for (const { id } of planned) views.set(id, await taskbell('job', 'show', id, ...config));
  const fileSizes = new Map(planned.map((job) => [job.id, sizeOf(job.file)]));
  const missing = findMissing({ planned, views, ledger, fileSizes });

  console.log(`\n${renderTable({ planned, views, ledger })}\n`);
  console.log(describeFirstFinish(demo));
  console.log(
    missing.length === 0
      ? `Everything arrived: ${ledger.reports.length} reports at the service, ${ledger.events.length} events at the subscriber.`
      : `Missing:\n${missing.map((sentence) => `  ${sentence}`).join('\n')}`,
  );
  return missing.length === 0 ? 0 : 1;
}

function describeFirstFinish({ ledger, startedMono }) {
  const first = ledger.reports.find(({ message }) => message.message === 'Task Finish');
  if (first === undefined) return 'No Task Finish was received.';
  const seconds = (first.atMono - startedMono) / 1_000;
  return `From the first command to the first Task Finish: ${seconds.toFixed(2)} s.`;
}

function sizeOf(file) {
  return (file && statSync(file, { throwIfNoEntry: false })?.size) ?? 0;
}

async function stayUp({ workspace, signal }) {
  const words = [...command(root), 'job', 'add', 'slow-count', '{"to":20}', '--wait'];
  const line = quoteCommand([...words, '--config', workspace.configFile]);
  console.log(`\nTaskbell stays up. Add a job from a second terminal:\n\n  ${line}\n`);
  console.log('Ctrl-C stops everything and removes the demo’s files.');
  await waitForAbort(signal);
}

function waitForAbort(signal) {
  if (signal.aborted) return undefined;
  // A pending promise alone does not keep the process up, but the service's listener does.
  return new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** Prints lines with the time since the demo's first command. */
function createClock(demo) {
  demo.startedMono = performance.now();
  demo.say = (line) => {
    const seconds = (performance.now() - demo.startedMono) / 1_000;
    console.log(`${seconds.toFixed(2).padStart(7)} s  ${line}`);
  };
  return demo.say;
}

/** Last in, first out; every part is stopped even if one fails. */
async function stopAll({ stops }) {
  let clean = true;
  for (const stop of stops.toReversed()) {
    try {
      await stop();
    } catch (error) {
      console.error(`demo: ${error.message}`);
      clean = false;
    }
  }
  return clean;
}

function explain(error, { workspace }) {
  console.error(`demo: ${error.stack}`);
  const log = readLog(workspace.logFile);
  if (log !== '') console.error(`The last lines of taskbell up:\n${log}`);
  return 1;
}

function readLog(file) {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-40).join('\n');
  } catch {
    // It was not started yet.
    return '';
  }
}

function abortOnSignals() {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  return controller.signal;
}
