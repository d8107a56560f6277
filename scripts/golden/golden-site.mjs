/**
 * A service on the database of a release: started in a directory of its own, asked step by step what a
 * transcript says, stopped. make-golden.mjs writes the transcript with it, and the tests replay it.
 *
 * Masks what differs from run to run: process ids, tokens, moments of now. Judges nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const EXECUTABLE = path.resolve(import.meta.dirname, '../../bin/taskbell.js');

/** Nothing goes for its age while the fixture is in use. */
const CONFIG = `[daemon]
dataDirectory = ./data
logFormat = json
shutdownTimeout = 3s
[webSocketEvents]
address = 127.0.0.1
port = 0
[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
[retention]
succeededJobs = 36500d
failedJobs = 36500d
cancelledJobs = 36500d
events = 36500d
`;

const HANDLER = `import { existsSync } from 'node:fs';
export default {
  retries: 0,
  async run(payload, ctx) {
    ctx.log('works on ' + payload.name);
    if (payload.emit) ctx.emit({ type: 'datasetUpdate', id: 'd1', data: [{ rows: 3 }] });
    if (payload.fail) throw new RangeError('out of paper');
    while (payload.until && !existsSync(payload.until)) await new Promise((go) => setTimeout(go, 10));
    return { greeting: 'Hello, ' + payload.name + ' ✓' };
  },
};
`;

export class GoldenSite {
  #daemon;
  #sockets = new Map();

  /** @param {string} directory that is there, with or without data/taskbell.db */
  constructor(directory) {
    this.directory = directory;
    mkdirSync(path.join(directory, 'jobs'), { recursive: true, mode: 0o755 });
    writeFileSync(path.join(directory, 'config.ini'), CONFIG, { mode: 0o600 });
    writeFileSync(path.join(directory, 'jobs', 'work.mjs'), HANDLER, { mode: 0o644 });
  }

  get controlSocket() {
    return path.join(this.directory, 'data', 'control.sock');
  }

  async start() {
    await this.command('init');
    this.#daemon = this.#spawn(['up']);
    const lines = createInterface({ input: this.#daemon.stderr });
    const seen = [];
    for await (const line of lines) {
      seen.push(line);
      if (line.includes('"moment":"started"')) break;
    }
    if (!seen.at(-1)?.includes('started')) throw new Error(seen.join('\n'));
    this.#daemon.stderr.resume();
    this.token = JSON.parse(await this.command('token', 'issue', '--user', 'ada', '--json')).token;
    this.port = JSON.parse(await this.http('GET', '/v1/status')).gateway.port;
  }

  /** @param {NodeJS.Signals} signal */
  async stop(signal = 'SIGTERM') {
    for (const { socket } of this.#sockets.values()) socket.terminate();
    this.#sockets.clear();
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    daemon.kill(signal);
    await once(daemon, 'exit');
  }

  /** Runs a command; resolves with what it printed. */
  async command(...args) {
    const child = this.#spawn(args);
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        texts[name] += text;
      });
    }
    const [exitCode] = await once(child, 'close');
    if (exitCode !== 0) throw new Error(`${args.join(' ')}: ${texts.stderr}`);
    return texts.stdout;
  }

  /** Resolves with status and body as they came. */
  http(method, requestPath, body = null) {
    return new Promise((resolve, reject) => {
      const headers = body === null ? {} : { 'Content-Type': 'application/json' };
      const request = http.request(
        { socketPath: this.controlSocket, method, path: requestPath, headers },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk) => {
            text += chunk;
          });
          answer.once('end', () => resolve(text));
        },
      );
      request.once('error', reject);
      request.end(body === null ? undefined : JSON.stringify(body));
    });
  }

  /** @returns {Promise<readonly string[]>} the answers, masked */
  async take(step) {
    if (step.http !== undefined) {
      const [method, requestPath] = step.http.split(' ');
      return [mask(await this.http(method, requestPath, step.body ?? null), step.unlike)];
    }
    const connection = await this.#connected(step.connection);
    if (step.say !== null) connection.socket.send(step.say.replace('TOKEN', this.token));
    while (connection.frames.length < step.frames) await once(connection.socket, 'message');
    return connection.frames.splice(0, step.frames).map((frame) => mask(frame, step.unlike));
  }

  async #connected(name) {
    const known = this.#sockets.get(name);
    if (known !== undefined) return known;
    const protocols = name === 'v2' ? ['taskbell.events.v2'] : [];
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}/ws`, protocols);
    const connection = { socket, frames: [] };
    socket.on('message', (data) => connection.frames.push(String(data)));
    await once(socket, 'open');
    this.#sockets.set(name, connection);
    return connection;
  }

  #spawn(args) {
    const env = { ...process.env, E2E_SITE: this.directory };
    return spawn(process.execPath, [EXECUTABLE, ...args], {
      cwd: this.directory,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

/** Of an answer about now, what the step says is different each time; what is stored stays as it is. */
function mask(text, keys = []) {
  return keys.reduce(
    (masked, key) =>
      masked.replaceAll(new RegExp(`"${key}":("(?:[^"\\\\]|\\\\.)*"|null)`, 'g'), `"${key}":"…"`),
    text,
  );
}
