/**
 * The subscribers in a process of their own that is written in C: connections are opened here, then handed over.
 * What it can be asked: see crowd.mjs; what is said on which descriptor: crowd.c.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { openConnections } from './connections.mjs';
import { FRAME_BYTES } from './message.mjs';

const PROGRESS = 3;

export class NativeCrowd {
  #child;
  #gone;
  #isClosing = false;
  #failure;
  /** Answers come in the order of the questions. */
  #waiting = [];

  /** @param how program: the built crowd.c; wait: `look`, `spin` or `sleep` */
  static async open(place, shape, { program, wait }) {
    const sockets = await openConnections(shape.size, place, failOnBytes);
    try {
      return new NativeCrowd(sockets, shape, { program, wait });
    } finally {
      // The other process has the connections now: this closes this one's descriptors, and says nothing on the wire.
      for (const socket of sockets) socket.destroy();
    }
  }

  constructor(sockets, { size, copies, sampleEvery, onProgress, onFailure }, { program, wait }) {
    for (const socket of sockets) socket.pause();
    const args = [size, FRAME_BYTES, copies, sampleEvery, wait].map(String);
    this.#child = spawn(program, args, {
      // Node has no public way to the descriptor of a socket.
      stdio: ['pipe', 'pipe', 'inherit', 'pipe', ...sockets.map(({ _handle }) => _handle.fd)],
    });
    this.#gone = once(this.#child, 'close');
    this.#child.stdin.on('error', () => {});
    this.#child.stdio[PROGRESS].on('data', lastNumber(onProgress));
    createInterface({ input: this.#child.stdout }).on('line', (line) =>
      this.#waiting.shift().resolve(JSON.parse(line)),
    );
    void this.#watch(onFailure);
  }

  count() {
    return this.#ask('c');
  }

  everything() {
    return this.#ask('e');
  }

  async close() {
    this.#isClosing = true;
    this.#child.stdin.end();
    // Why it could not be started was said to whoever wanted to know what it had counted.
    await this.#gone.catch(() => {});
  }

  #ask(command) {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(command);
    });
  }

  async #watch(onFailure) {
    let reason = 'it ended';
    try {
      await this.#gone;
    } catch (error) {
      reason = error.message;
    }
    this.#failure = new Error(`The process that has the subscribers is gone: ${reason}.`);
    for (const { reject } of this.#waiting) reject(this.#failure);
    if (!this.#isClosing) onFailure(this.#failure);
  }
}

function failOnBytes(index, n) {
  throw new Error(`Subscriber ${index} was sent ${n} bytes before anything was published.`);
}

/** Of the lines that came by now the last is enough: each says more than the ones before. */
function lastNumber(take) {
  let rest = '';
  return (chunk) => {
    const text = rest + chunk.toString('latin1');
    const end = text.lastIndexOf('\n');
    rest = text.slice(end + 1);
    if (end !== -1) take(Number(text.slice(text.lastIndexOf('\n', end - 1) + 1, end)));
  };
}
