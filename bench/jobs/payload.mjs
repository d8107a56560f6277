/** The one payload of every contender: 100 bytes of JSON. */

export const PAYLOAD = { text: 'x'.repeat(89) };

/** With the moment of its sending, for the pickup latency; still 100 bytes or a few more. */
export function stampedPayload(sentMono) {
  return { sentMono, text: 'x'.repeat(60) };
}
