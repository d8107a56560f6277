/**
 * Many subscribers that do as little as can be, wherever they are read: in a process in C where it could be built,
 * otherwise in this one. Either can be asked for
 *
 *   count()       frames that came in all, when that was, and the CPU time that it took until then
 *   everything()  bytes of each subscriber; number of the message and time of arrival of each sampled copy
 *   close()
 *
 * and tells which messages all of their subscribers have got, by how many they are: from the first on, as all
 * messages take the same way.
 */
import { onClose } from '../harness/closing.mjs';
import { FRAME_BYTES, topicName } from './message.mjs';
import { NativeCrowd } from './native-crowd.mjs';
import { NodeCrowd } from './node-crowd.mjs';

const PATIENCE_MS = 30_000;

/**
 * @param place see session.mjs
 * @param shape size: subscribers; topicOf(index): what each is subscribed to; copies: subscribers of each message,
 *   all unless it is said; sampleEvery: of one copy in so many the time of arrival is kept (0: of none)
 * @param how programs: what could be built, wait: `look`, `spin` or `sleep`; see programs.mjs and crowd.c
 */
export async function openCrowd(place, shape, { programs, wait }) {
  const { size, topicOf, copies = size, sampleEvery = 0 } = shape;
  const crowd = new Crowd(size);
  const steps = (index) => place.steps(topicName(topicOf(index)));
  const given = {
    ...{ size, copies, sampleEvery },
    onProgress: (completed) => crowd.take(completed),
    onFailure: (error) => crowd.fail(error),
  };
  const where = { url: place.url, steps };
  const program = programs?.crowd;
  crowd.reader =
    program === undefined
      ? await NodeCrowd.open(where, given)
      : await NativeCrowd.open(where, given, { program, wait });
  onClose(() => crowd.reader.close());
  return crowd;
}

class Crowd {
  reader;
  size;
  /** Messages that all of their subscribers have got. */
  completed = 0;
  #onProgress = () => {};
  #waiting;
  #failure;

  constructor(size) {
    this.size = size;
  }

  /** @param onProgress called when more messages are completed than before */
  watch(onProgress) {
    this.#onProgress = onProgress;
  }

  take(completed) {
    this.completed = completed;
    if (completed >= this.#waiting?.count) this.#waiting.resolve();
    this.#onProgress();
  }

  fail(error) {
    this.#failure = error;
    this.#waiting?.reject(error);
  }

  /** Resolves when so many messages have come to all of their subscribers. */
  async whenCompleted(count) {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.completed >= count) return;
    const patience = setTimeout(() => {
      const late = `${this.completed} of ${count} messages had come to everybody after ${PATIENCE_MS / 1_000} s.`;
      this.fail(new Error(late));
    }, PATIENCE_MS);
    try {
      await new Promise((resolve, reject) => {
        this.#waiting = { count, resolve, reject };
      });
    } finally {
      clearTimeout(patience);
      this.#waiting = undefined;
    }
  }

  /** Whether the subscribers have a process of their own. */
  get isNative() {
    return this.reader instanceof NativeCrowd;
  }

  count() {
    return this.reader.count();
  }

  /** The sampled copies: number of the message, and when it came. */
  async samples() {
    return (await this.reader.everything()).samples;
  }

  /** Throws unless each has got exactly so many frames, and no byte more. */
  async expectEach(countOf) {
    const { bytes } = await this.reader.everything();
    const wrong = bytes.findIndex((each, index) => each !== countOf(index) * FRAME_BYTES);
    if (wrong === -1) return;
    throw new Error(
      `Subscriber ${wrong} got ${bytes[wrong]} bytes: expected ${countOf(wrong)} frames of ${FRAME_BYTES}.`,
    );
  }
}
