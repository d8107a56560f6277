/** Names this run of the machine: another one after each start of it. Linux; empty elsewhere. */
import { readFileSync } from 'node:fs';

export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // No /proc, or one that does not show it: whoever asks takes that for a machine started anew.
    return '';
  }
}
