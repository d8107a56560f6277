import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../src/process/logger.ts';
import { readOutput } from '../../src/supervisor/child-output.ts';

it('tells the last words of a runtime at a level that is logged by whoever logs warnings alone', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-output-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const script = path.join(directory, 'child.mjs');
  writeFileSync(
    script,
    "process.stdout.write('chat\\n'); process.stderr.write('out of memory\\n');",
  );
  const lines: string[] = [];
  const settings = { logLevel: 'warn', logFormat: 'json' } as const;
  const log = createLogger(settings, {}, (line) => lines.push(line));
  const child = fork(script, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  readOutput(child, { log });
  await once(child, 'close');
  expect(lines.map((line) => JSON.parse(line).line)).toEqual(['out of memory']);
});
