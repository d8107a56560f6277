/**
 * One contender, started and ready to be subscribed to:
 *
 *   place      url, and steps(topic): what a subscriber says and hears before it counts
 *   measured   the process that serves the subscribers; processes: all of the contender, by name
 *   publish    takes the numbers of topics, one message each; resolved or not, the messages come
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { onClose } from '../harness/closing.mjs';
import { pin } from '../harness/pinning.mjs';
import { AUTH_SECTION, makeToken } from '../harness/token.mjs';
import { layOut, startDaemon } from '../jobs/servers/daemon.mjs';
import { LIMIT, OURS } from './contenders.mjs';
import { fillingFor, MESSAGE_BYTES, topicName } from './message.mjs';

const TYPE = 'datasetUpdate';
/** One user has all subscribers, and they answer no pings: none fall due while the bench measures. */
const LIMITS = `maxConnectionsPerUser = 1000000
pingInterval = 10m
${AUTH_SECTION}`;

export async function openSession(contender, directory, given) {
  const session =
    contender.id === OURS.id
      ? await openDaemon(directory, given)
      : await openPeer(contender, given.programs);
  const others = Object.values(session.processes).filter((pid) => pid !== session.measured);
  pin(session.measured, [...others, process.pid]);
  return session;
}

async function openDaemon(directory, given) {
  mkdirSync(directory, { recursive: true });
  const token = makeToken(directory);
  layOut(directory, { extra: LIMITS });
  const daemon = await startDaemon(directory, given);
  const { address, port, path: at } = (await daemon.client.status()).gateway;
  const render = (filling, id = topicName(0)) =>
    JSON.stringify({ type: TYPE, id, data: [filling] });
  const data = [fillingFor(render)];
  return {
    processes: daemon.pids,
    measured: daemon.pids.gateway,
    versions: { taskbell: versionOf(path.join(given.tree, 'package.json')) },
    place: {
      url: `ws://${address}:${port}${at}`,
      steps: (id) => [
        {
          say: JSON.stringify({ auth: token, action: 'attach', event: { type: TYPE, id } }),
          hear: 1,
        },
      ],
    },
    publish: (topics) =>
      daemon.client.publish(topics.map((topic) => ({ type: TYPE, id: topicName(topic), data }))),
  };
}

async function openPeer(contender, programs) {
  const { id, package: name, steps, path: at } = contender;
  const { pid, port, publish } =
    id === LIMIT ? await startNative(programs.limit) : await startNode(contender.program);
  return {
    processes: { [id]: pid },
    measured: pid,
    versions: name === undefined ? {} : { [name]: packageVersion(name) },
    place: { url: `ws://127.0.0.1:${port}${at}`, steps },
    publish,
  };
}

async function startNode(program) {
  const server = fork(path.join(import.meta.dirname, 'servers', program), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  endOnClose(server, () => server.connected && server.disconnect());
  const [{ port }] = await once(server, 'message');
  return { pid: server.pid, port, publish: (topics) => server.send(topics) };
}

async function startNative(program) {
  const server = spawn(program, [String(MESSAGE_BYTES)], { stdio: ['pipe', 'pipe', 'inherit'] });
  server.stdin.on('error', () => {});
  endOnClose(server, () => server.stdin.end());
  const [port] = await once(createInterface({ input: server.stdout }), 'line');
  const publish = (topics) => server.stdin.write(`${topics.join(' ')}\n`);
  return { pid: server.pid, port, publish };
}

function endOnClose(server, end) {
  onClose(async () => {
    const gone = once(server, 'exit');
    end();
    if (server.exitCode === null) await gone;
  });
}

function packageVersion(name) {
  const entry = createRequire(import.meta.url).resolve(name);
  const folder = entry.slice(0, entry.lastIndexOf(`node_modules/${name}/`));
  return versionOf(path.join(folder, 'node_modules', name, 'package.json'));
}

function versionOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
