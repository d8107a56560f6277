import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadCode } from '../../src/process/code-loading.ts';

const BUILT = path.resolve(import.meta.dirname, '../../dist/process/code-loading.js');
/** Enough calls for V8 to take each of the three for hot. */
const SCRIPT = `
import { loadCode } from ${JSON.stringify(BUILT)};
const heat = (run) => { for (let n = 0, sum = 0; n < 50_000; n += 1) sum += run(n); };
function sumDuring(n) { let sum = 0; for (let i = 0; i < 100; i += 1) sum += i ^ n; return sum; }
function sumAfter(n) { let sum = 0; for (let i = 0; i < 100; i += 1) sum += i ^ n; return sum; }
await loadCode(async () => heat(sumDuring));
await loadCode(async () => { throw new Error('broken'); }).catch(() => undefined);
heat(sumAfter);`;

test('nothing is optimised while code is loaded, and everything as ever afterwards, a failure included', () => {
  // In the same thread: what is decided is done, however busy the machine.
  const flags = ['--trace-opt', '--no-concurrent-recompilation', '--input-type=module'];
  const trace = execFileSync(process.execPath, [...flags, '-e', SCRIPT], { encoding: 'utf8' });
  expect(trace).toContain('sumAfter');
  expect(trace).not.toContain('sumDuring');
});

test('what was loaded is returned, and why it could not be', async () => {
  await expect(loadCode(async () => 'code')).resolves.toBe('code');
  await expect(loadCode(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});
