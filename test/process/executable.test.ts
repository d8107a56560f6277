import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/', import.meta.url));
const { findVersionProblem } = createRequire(import.meta.url)(join(BIN, 'node-version.js')) as {
  readonly findVersionProblem: (version: string) => string | null;
};

/** Runs the executable in a Node that believes to be another one. */
function runAs(version: string): { readonly status: number | null; readonly stderr: string } {
  const directory = mkdtempSync(join(tmpdir(), 'taskbell-executable-'));
  try {
    const preload = join(directory, 'preload.cjs');
    const versions = `{ ...process.versions, node: ${JSON.stringify(version)} }`;
    writeFileSync(preload, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
    return spawnSync(process.execPath, ['-r', preload, join(BIN, 'taskbell.js'), '--version'], {
      encoding: 'utf8',
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('findVersionProblem', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0', '100.0.0', '26.0.0-nightly'])(
    'lets Node %s pass',
    (version) => {
      expect(findVersionProblem(version)).toBeNull();
    },
  );

  it.each(['0.10.48', '8.17.0', '18.20.8', '19.99.0', '20.9.0', '20.18.3'])(
    'refuses Node %s in one sentence that names both versions',
    (version) => {
      const problem = findVersionProblem(version) ?? '';
      expect(problem).toContain('20.19');
      expect(problem).toContain(`this is ${version}`);
      expect(problem.split('\n')).toHaveLength(1);
    },
  );
});

describe('the executable', () => {
  it('exits with 78 on an old Node, with one sentence and no stack', () => {
    const { status, stderr } = runAs('18.20.8');
    expect(status).toBe(78);
    expect(stderr).toBe(`${findVersionProblem('18.20.8')}\n`);
  });

  it('keeps syntax that old versions cannot read out of what they load', () => {
    const loaded = ['taskbell.js', 'node-version.js'].map((file) =>
      readFileSync(join(BIN, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, ''),
    );
    for (const source of loaded) {
      // A module, `import()`, async functions, spread, `?.`, `??`, `??=`: all younger than Node 8.
      expect(source).not.toMatch(/\bimport\b|\bexport\b(?!s)|\basync\b|\.\.\.|\?\.|\?\?/);
    }
    expect(readFileSync(join(BIN, 'package.json'), 'utf8')).toContain('"commonjs"');
  });

  it('hides the way in which the supervisor starts its processes', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(BIN, 'taskbell.js'), '__child', 'core'],
      { encoding: 'utf8' },
    );
    expect(status).toBe(64);
    expect(stderr).toContain('__child is how the supervisor starts its own processes');
  });
});
