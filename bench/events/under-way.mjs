/** Keeps so many messages under way: as soon as all subscribers of one have got it, the next is published. */

export class UnderWay {
  #crowd;
  #publish;
  #limit;
  #topicOf;
  /** Messages that the crowd had got before. */
  #first;
  #published = 0;
  #isOver = false;
  #failure;

  /**
   * @param publish takes the topics of the messages that are due, one message each
   * @param topicOf topic of the how manieth message
   */
  constructor({ crowd, publish, limit, topicOf }) {
    this.#crowd = crowd;
    this.#publish = publish;
    this.#limit = limit;
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
    const topics = [];
    const most = this.#crowd.completed - this.#first + this.#limit;
    while (this.#published < most) {
      topics.push(this.#topicOf(this.#published));
      this.#published += 1;
    }
    if (topics.length === 0) return;
    Promise.resolve(this.#publish(topics)).catch((error) => {
      this.#failure ??= error;
      this.#crowd.fail(error);
    });
  }
}
