/**
 * Idempotency keys in the form of a UUID: the first half is random for each client, the rest counts up.
 *
 * As good as a random one each, and neighbours in the daemon's index: where random keys of one commit would
 * each write a page of their own, these write one.
 */
import { randomUUID } from 'node:crypto';

/** Of a UUID's 36 characters: 74 random bits. */
const PREFIX_CHARS = 24;
const COUNT_DIGITS = 12;

export class AddKeys {
  readonly #prefix = randomUUID().slice(0, PREFIX_CHARS);
  #count = 0;

  next(): string {
    this.#count += 1;
    return `${this.#prefix}${this.#count.toString(16).padStart(COUNT_DIGITS, '0')}`;
  }
}
