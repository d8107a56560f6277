/** Builds what the suite has in C, and says why where it cannot. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onClose } from '../harness/closing.mjs';
import { findProgram } from '../harness/programs.mjs';

const SOURCES = { crowd: 'crowd.c', limit: 'servers/limit.c' };

/** @returns {{ crowd?: string, limit?: string, missing?: string }} the built programs, or what was missing */
export function buildPrograms() {
  if (process.platform !== 'linux') return { missing: 'epoll is of Linux' };
  const compiler = findProgram('cc', { variable: 'CC' });
  if (compiler === undefined) return { missing: 'there is no C compiler (cc) on the PATH' };
  const folder = mkdtempSync(path.join(tmpdir(), 'taskbell-bench-programs-'));
  onClose(() => rmSync(folder, { recursive: true, force: true }));
  const programs = {};
  for (const [name, source] of Object.entries(SOURCES)) {
    programs[name] = path.join(folder, name);
    const args = ['-O2', '-o', programs[name], path.join(import.meta.dirname, source)];
    const { status, stderr, error } = spawnSync(compiler, args, { encoding: 'utf8' });
    if (status !== 0)
      return { missing: `${source} could not be compiled: ${stderr || error?.message}`.trim() };
  }
  return programs;
}
