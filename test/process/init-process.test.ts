import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findInitProblem } from '../../src/process/init-process.ts';

const BUILT = path.resolve(import.meta.dirname, '../../dist/process/init-process.js');

test.each([
  { pid: 4711, init: 'systemd' },
  { pid: 7, init: 'tini' },
  { pid: 7, init: 'docker-init' },
  // Shells wait for whoever ends.
  { pid: 7, init: 'bash' },
  { pid: 7, init: null },
])('below $init nothing is wrong', (facts) => {
  expect(findInitProblem(facts)).toBeNull();
});

test.each(['node', 'npm start', 'PM2 v7.0.4: God'])(
  '%s is no init, and one is told of it',
  (init) => {
    expect(findInitProblem({ pid: 20, init })?.message).toBe(
      `process 1 is ${init}, which is no init: orphans of jobs stay as zombies`,
    );
  },
);

const unshare = ['--pid', '--fork', '--mount-proc'];
const canUnshare = spawnSync('unshare', [...unshare, 'true']).status === 0;

test.skipIf(!canUnshare)('as process 1 the remedy is named', () => {
  const script = `
    const { findInitProblem, readInitFacts } = await import(${JSON.stringify(BUILT)});
    console.log(JSON.stringify(findInitProblem(readInitFacts())));`;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const { stdout } = spawnSync('unshare', [...unshare, ...node], { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toEqual({
    message: 'this is process 1 and there is no init: orphans of jobs stay as zombies',
    hint: expect.stringContaining('docker run --init'),
  });
});
