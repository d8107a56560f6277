/**
 * Opens the connections of subscribers: a plain TCP connection each, a handshake, and what the contender wants to
 * hear. Refuses to count: what comes afterwards goes to the one who asked for the connections.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

/** Handshakes under way at once. */
const AT_ONCE = 64;
/** What one read may bring; one for all, as it is only counted. */
const READ_BYTES = 65_536;

/**
 * @param place url: ws://…; steps(index): for each step what is sent (null: nothing) and how many messages of
 *   the server end it
 * @param onBytes called with the index of the connection and how many bytes came
 * @returns {Promise<import('node:net').Socket[]>}
 */
export async function openConnections(count, place, onBytes) {
  const sockets = [];
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let next = 0;
  const openOne = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await open(place, index, { sockets, buffer, onBytes });
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, openOne));
  } catch (error) {
    for (const socket of sockets) socket?.destroy();
    throw error;
  }
  return sockets;
}

async function open({ url, steps }, index, { sockets, buffer, onBytes }) {
  const { hostname, port, pathname, search } = new URL(url);
  let receive = () => true;
  const socket = connect({
    ...{ host: hostname, port: Number(port), noDelay: true },
    onread: { buffer, callback: (n, bytes) => receive(n, bytes) },
  });
  sockets[index] = socket;
  const greeting = new Greeting(socket);
  receive = (n, bytes) => greeting.receive(bytes.subarray(0, n));
  await greeting.shakeHands(`${pathname}${search}`, `${hostname}:${port}`);
  for (const step of steps(index)) await greeting.take(step);
  receive = (n) => {
    onBytes(index, n);
    return true;
  };
  socket.on('error', () => {});
}

/** What is said before counting begins. */
class Greeting {
  #socket;
  #received = Buffer.alloc(0);
  #check = () => {};

  constructor(socket) {
    this.#socket = socket;
  }

  receive(chunk) {
    // The chunk lies in a buffer that the next read overwrites.
    this.#received = Buffer.concat([this.#received, chunk]);
    this.#check();
    return true;
  }

  async shakeHands(path, host) {
    await this.#until(() => this.#socket.readyState === 'open', 'connect');
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await this.#until(() => {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end === -1) return false;
      const status = this.#received.toString('latin1', 0, 12);
      if (status !== 'HTTP/1.1 101') throw new Error(`The handshake was answered with ${status}.`);
      this.#received = this.#received.subarray(end + 4);
      return true;
    });
  }

  async take({ say, hear }) {
    if (say !== null) this.#socket.write(maskedFrame(say));
    let left = hear;
    await this.#until(() => {
      while (left > 0 && this.#skipMessage()) left -= 1;
      return left === 0;
    });
  }

  /** True when a whole frame was there; control frames do not count. */
  #skipMessage() {
    const bytes = this.#received;
    if (bytes.length < 2) return false;
    const short = bytes[1] & 127;
    const header = short < 126 ? 2 : 4;
    if (bytes.length < header) return false;
    const length = short < 126 ? short : bytes.readUInt16BE(2);
    if (bytes.length < header + length) return false;
    this.#received = bytes.subarray(header + length);
    return bytes[0] === 0x81 || this.#skipMessage();
  }

  #until(isDone, event) {
    return new Promise((resolve, reject) => {
      const gone = () => reject(new Error('The server closed a connection that was being opened.'));
      const check = () => {
        try {
          if (!isDone()) return;
        } catch (error) {
          reject(error);
          return;
        }
        this.#socket.off('close', gone);
        this.#check = () => {};
        resolve();
      };
      this.#socket.once('close', gone);
      this.#check = check;
      if (event !== undefined) this.#socket.once(event, check);
      this.#socket.on('error', () => {});
      check();
    });
  }
}

/** A text of a client: the mask is zero, so the bytes stay as they are. */
function maskedFrame(text) {
  const payload = Buffer.from(text);
  const { length } = payload;
  const header =
    length < 126 ? [0x81, 0x80 | length] : [0x81, 0x80 | 126, length >>> 8, length & 255];
  return Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), payload]);
}
