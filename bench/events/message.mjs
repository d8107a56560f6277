/** The message of every contender: 200 bytes as it goes over the wire, whatever its protocol puts around the data. */

export const MESSAGE_BYTES = 200;
/** With the four bytes of a frame's header. */
export const FRAME_BYTES = MESSAGE_BYTES + 4;

/** Of one length, so that all messages are. */
export function topicName(index) {
  return `t${String(index).padStart(5, '0')}`;
}

/** @param render the message with the given filling @returns the filling that makes it 200 bytes long */
export function fillingFor(render) {
  const bare = Buffer.byteLength(render(''));
  return 'x'.repeat(MESSAGE_BYTES - bare);
}

/** A WebSocket frame of a server with this text of 200 bytes. */
export function frameOf(text) {
  return Buffer.concat([Buffer.from([0x81, 126, 0, MESSAGE_BYTES]), Buffer.from(text)]);
}
