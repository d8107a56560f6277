// @ts-check
/**
 * Works through a batch of requests, each with real work: a slow hash of its body, off the event loop.
 *
 *   taskbell job add insignia_background_processing '{"requests":[{"id":"a","body":"…"}]}'
 */
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

const hash = promisify(pbkdf2);
const ROUNDS = 100_000;

export default {
  retries: 2,
  backoff: '2s',
  timeout: '5m',

  /**
   * @param {{ requests: readonly { id: string, body: string }[] }} payload
   * @param {import('taskbell').JobContext} context
   */
  async run({ requests }, { signal, progress, log }) {
    const total = requests.length;
    /** @type {{ id: string, digest: string }[]} */
    const processed = [];
    for (const { id, body } of requests) {
      signal.throwIfAborted();
      const digest = await hash(body, `insignia:${id}`, ROUNDS, 32, 'sha512');
      processed.push({ id, digest: digest.toString('hex') });
      progress({ done: processed.length, total, message: id });
    }
    log(`${total} requests processed`);
    return { processed };
  },
};
