// @ts-check
/**
 * Always fails: it connects to a port of this machine on which nobody listens, and lets the real error
 * of the operating system out. Shows retries, backoff and Task Failed.
 *
 *   taskbell job add flaky-export --retries 2
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export default {
  retries: 2,
  backoff: '1s',
  timeout: '30s',

  /**
   * @param {unknown} _payload
   * @param {import('taskbell').JobContext} context
   */
  async run(_payload, { attempt, log, signal }) {
    const port = await closedPort();
    log(`attempt ${attempt}: exporting to 127.0.0.1:${port}`);
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect', { signal });
    } finally {
      socket.destroy();
    }
    return { exported: true };
  },
};

/** A port that was free a moment ago. */
async function closedPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}
