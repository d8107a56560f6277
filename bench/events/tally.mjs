/** Which messages all of their subscribers have got, from the bytes of each: the rule of crowd.c, for a crowd in Node. Pure. */
import { FRAME_BYTES } from './message.mjs';

/** More than are ever under way, a power of two. */
const RING = 65_536;

export class Tally {
  #copies;
  #onCopy;
  /** Of each message under way: copies that came. */
  #came;
  bytes;
  #frames;
  /** Copies that came, in all. */
  frames = 0;
  /** Messages that all of their subscribers have got. */
  completed = 0;

  /**
   * @param copies subscribers that each message goes to: all, or 1
   * @param onCopy called with the number of the message for each copy of one that goes to all
   */
  constructor(size, copies, onCopy = () => {}) {
    this.#copies = copies;
    this.#onCopy = onCopy;
    this.#came = new Uint32Array(RING);
    this.bytes = new Float64Array(size);
    this.#frames = new Float64Array(size);
  }

  add(index, bytes) {
    this.bytes[index] += bytes;
    const whole = Math.floor(this.bytes[index] / FRAME_BYTES);
    const first = this.#frames[index];
    this.#frames[index] = whole;
    this.frames += whole - first;
    // Where a message has one copy, which of them came does not matter.
    if (this.#copies === 1) this.completed += whole - first;
    else for (let number = first; number < whole; number += 1) this.#take(number);
  }

  #take(number) {
    this.#onCopy(number);
    const slot = number & (RING - 1);
    this.#came[slot] += 1;
    if (this.#came[slot] < this.#copies) return;
    this.#came[slot] = 0;
    this.completed += 1;
  }
}
