/** The name of this run of the machine. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readBootId } from '../../src/process/boot-id.ts';

const FILE = '/proc/sys/kernel/random/boot_id';

it.runIf(existsSync(FILE))('is one id, the same each time', () => {
  expect(readBootId()).toMatch(/^[0-9a-f-]{36}$/);
  expect(readBootId()).toBe(readBootId());
});

it.skipIf(existsSync(FILE))('is empty where the system has none', () => {
  expect(readBootId()).toBe('');
});
