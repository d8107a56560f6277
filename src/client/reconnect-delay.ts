/** How long to wait before the next try to reach the daemon. Pure: the draw is an argument. */

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 1_000;

/**
 * Doubles from 50 ms to 1 s, spread over the upper half so that many followers do not come at once.
 *
 * @param failures tries that failed since the last success; 1 for the first
 * @param random a draw from [0, 1)
 */
export function reconnectDelayMs(failures: number, random: number): number {
  const capped = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), MAX_DELAY_MS);
  return Math.round(capped * (0.5 + random / 2));
}
