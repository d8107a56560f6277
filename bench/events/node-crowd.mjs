/**
 * The subscribers in this process, which makes the load as well: where no C compiler is there for the program
 * that does it in less time. What it can be asked: see crowd.mjs.
 */
import { monotonicMs } from '../harness/clock.mjs';
import { openConnections } from './connections.mjs';
import { Tally } from './tally.mjs';

export class NodeCrowd {
  #sockets;
  #tally;
  #samples = [];
  #onProgress;
  #isArmed = false;

  static async open(place, shape) {
    const crowd = new NodeCrowd(shape);
    crowd.#sockets = await openConnections(shape.size, place, (index, n) => crowd.#take(index, n));
    return crowd;
  }

  constructor({ size, copies, sampleEvery, onProgress }) {
    let seen = 0;
    this.#onProgress = onProgress;
    this.#tally = new Tally(size, copies, (number) => {
      seen += 1;
      if (seen % sampleEvery === 0) this.#samples.push([number, monotonicMs()]);
    });
  }

  count() {
    const { user, system } = process.cpuUsage();
    const { frames } = this.#tally;
    return { frames, atMono: monotonicMs(), busyMs: (user + system) / 1_000 };
  }

  everything() {
    return { bytes: [...this.#tally.bytes], samples: this.#samples };
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(index, bytes) {
    const before = this.#tally.completed;
    this.#tally.add(index, bytes);
    if (this.#tally.completed === before || this.#isArmed) return;
    // Told once a turn: what falls due in one turn is published together.
    this.#isArmed = true;
    setImmediate(() => {
      this.#isArmed = false;
      this.#onProgress(this.#tally.completed);
    });
  }
}
