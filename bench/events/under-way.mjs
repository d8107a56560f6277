/**
 * Keeps so many messages under way: as soon as all subscribers of as many as a batch has have got them, the next are
 * published. Batches of one size, and not of what happened to be due, tell all contenders alike: telling a server
 * costs it time as well.
 */

export class UnderWay {
  #crowd;
  #publish;
  #limit;
  #batch;
  #topicOf;
  /** Messages that the crowd had got before. */
  #first;
  #published = 0;
  #isOver = false;
  #failure;

  /**
   * @param publish takes the topics of the messages that are due, one message each
   * @param limit messages under way at most; batch: messages that are published together at least
   * @param topicOf topic of the how manieth message
   */
  constructor({ crowd, publish, limit, batch = 1, topicOf }) {
    this.#crowd = crowd;
    this.#publish = publish;
    this.#limit = limit;
    this.#batch = batch;
    this.#topicOf = topicOf;
    this.#first = crowd.completed;
  }

  get published() {
    return this.#published;
  }

  start() {
    this.#crowd.watch(() => this.#refill());
    this.#refill();
  }

  /** Publishes no more; resolves when everything has come to everybody. */
  async finish() {
    this.#isOver = true;
    if (this.#failure === undefined) await this.#crowd.whenCompleted(this.#first + this.#published);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #refill() {
    if (this.#isOver) return;
    const most = this.#crowd.completed - this.#first + this.#limit;
    if (most - this.#published < this.#batch) return;
    const topics = [];
    while (this.#published < most) {
      topics.push(this.#topicOf(this.#published));
      this.#published += 1;
    }
    Promise.resolve(this.#publish(topics)).catch((error) => {
      this.#failure ??= error;
      this.#crowd.fail(error);
    });
  }
}
