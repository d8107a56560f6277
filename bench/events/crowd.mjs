/**
 * Many subscribers in one process that do as little as can be: a plain TCP connection each, a handshake, what
 * the contender wants to hear, and from then on a count of bytes, for all messages are of one length.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { onClose } from '../harness/closing.mjs';
import { FRAME_BYTES } from './message.mjs';

/** Handshakes under way at once. */
const AT_ONCE = 64;
/** What one read may bring; one for all, as it is only counted. */
const READ_BYTES = 65_536;

export class Crowd {
  #sockets = [];
  #buffer = Buffer.allocUnsafe(READ_BYTES);
  #bytes;
  /** Frames that each subscriber has got. */
  frames;
  #onFrame = () => {};

  constructor(count) {
    this.#bytes = new Float64Array(count);
    this.frames = new Float64Array(count);
    onClose(() => this.close());
  }

  get size() {
    return this.frames.length;
  }

  /** Frames that all of them have got. */
  get delivered() {
    return this.frames.reduce((sum, each) => sum + each, 0);
  }

  /**
   * @param place url: ws://…; steps(index): for each step what is sent (null: nothing) and how many
   *   messages of the server end it
   */
  async open(place) {
    let next = 0;
    const openOne = async () => {
      while (next < this.size) {
        const index = next;
        next += 1;
        await this.#openOne(place, index);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, openOne));
  }

  /** @param onFrame called for each frame: the subscriber, and the how manieth of its own */
  watch(onFrame) {
    this.#onFrame = onFrame;
  }

  /** Reads nothing any more. */
  stall(index) {
    this.#sockets[index].pause();
  }

  close() {
    for (const socket of this.#sockets) socket?.destroy();
  }

  async #openOne({ url, steps }, index) {
    const { hostname, port, pathname, search } = new URL(url);
    let receive = () => {};
    const socket = connect({
      ...{ host: hostname, port: Number(port), noDelay: true },
      onread: { buffer: this.#buffer, callback: (n, bytes) => receive(n, bytes) },
    });
    this.#sockets[index] = socket;
    const greeting = new Greeting(socket);
    receive = (n, bytes) => greeting.receive(bytes.subarray(0, n));
    await greeting.shakeHands(`${pathname}${search}`, `${hostname}:${port}`);
    for (const step of steps(index)) await greeting.take(step);
    receive = (n) => this.#count(index, n);
    socket.on('error', () => {});
  }

  #count(index, n) {
    const bytes = this.#bytes[index] + n;
    this.#bytes[index] = bytes;
    let frames = this.frames[index];
    for (const whole = Math.floor(bytes / FRAME_BYTES); frames < whole; frames += 1) {
      this.#onFrame(index, frames);
    }
    this.frames[index] = frames;
    return true;
  }

  /** Throws unless each has got exactly so many frames, and no byte more. */
  expectEach(count, except = () => false) {
    for (let index = 0; index < this.size; index += 1) {
      const expected = typeof count === 'number' ? count : count(index);
      if (except(index) || this.#bytes[index] === expected * FRAME_BYTES) continue;
      throw new Error(
        `Subscriber ${index} got ${this.#bytes[index]} bytes: expected ${expected} frames of ${FRAME_BYTES}.`,
      );
    }
  }
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
