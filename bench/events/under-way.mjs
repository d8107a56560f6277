/**
 * Keeps so many messages under way: as soon as all subscribers of one have got it, the next is published.
 * What falls due in one turn is published together.
 */

/** More than are ever under way, a power of two. */
const RING = 4_096;

export class UnderWay {
  #session;
  #crowd;
  #limit;
  #topicOf;
  #copies;
  /** Of each message under way: how many copies have not come yet. */
  #left = new Int32Array(RING);
  #published = 0;
  #completed = 0;
  #isArmed = false;
  #isOver = false;
  #failed;
  #resolve = () => {};

  /**
   * @param topicOf topic of the how manieth message; copies: subscribers of each topic;
   *   first: frames that each of the crowd has got before
   * @param onFrame called for each copy: subscriber, and number of the message of a broadcast
   */
  constructor({ session, crowd, limit, topicOf, copies, first = 0, onFrame = () => {} }) {
    this.#session = session;
    this.#crowd = crowd;
    this.#limit = limit;
    this.#topicOf = topicOf;
    this.#copies = copies;
    crowd.watch((subscriber, frame) => {
      const number = frame - first;
      onFrame(subscriber, number);
      // Where a message has one copy, which of them came does not matter.
      this.#take(copies === 1 ? this.#completed : number);
    });
  }

  get published() {
    return this.#published;
  }

  start() {
    this.#refill();
  }

  /** Publishes no more; resolves when everything has come to everybody. */
  async finish() {
    this.#isOver = true;
    if (this.#completed < this.#published) {
      await new Promise((resolve, reject) => {
        this.#resolve = resolve;
        const late = new Error('Not every message had come to everybody after 30 s.');
        setTimeout(reject, 30_000, late).unref();
      });
    }
    if (this.#failed !== undefined) throw this.#failed;
    this.#crowd.watch(() => {});
  }

  #take(number) {
    const slot = number & (RING - 1);
    this.#left[slot] -= 1;
    if (this.#left[slot] > 0) return;
    this.#completed += 1;
    if (this.#isOver && this.#completed === this.#published) this.#resolve();
    if (this.#isArmed || this.#isOver) return;
    this.#isArmed = true;
    setImmediate(() => this.#refill());
  }

  #refill() {
    this.#isArmed = false;
    if (this.#isOver) return;
    const topics = [];
    while (this.#published - this.#completed < this.#limit) {
      this.#left[this.#published & (RING - 1)] = this.#copies;
      topics.push(this.#topicOf(this.#published));
      this.#published += 1;
    }
    Promise.resolve(this.#session.publish(topics)).catch((error) => {
      this.#failed ??= error;
      this.#resolve();
    });
  }
}
