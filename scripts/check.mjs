/**
 * `npm run check`: everything that can be said about the code without running it. Changes nothing.
 *
 * Types, style and room boundaries, dead code and dependencies, the package as it would be
 * published, and whether the generated files are those that the tables of keys and of commands yield.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { modulePath, root, setUp } from './setup.mjs';

const STEPS = [
  ['types', modulePath('typescript', 'bin', 'tsc'), ['--noEmit']],
  [
    'style and rooms',
    modulePath('@biomejs', 'biome', 'bin', 'biome'),
    ['check', '--error-on-warnings', '.'],
  ],
  ['dead code', modulePath('knip', 'bin', 'knip.js'), []],
  ['declarations', modulePath('typescript', 'bin', 'tsc'), ['-p', 'tsconfig.types.json']],
  ['package', modulePath('publint', 'src', 'cli.js'), ['--strict']],
  ['generated files', path.join(root, 'scripts', 'generate-config.mjs'), ['--check']],
  ['manual', path.join(root, 'scripts', 'generate-docs.mjs'), ['--check']],
];

setUp();
const failed = STEPS.filter((step) => !runStep(step));
console.log(
  failed.length === 0 ? 'check: ok' : `check: ${failed.length} of ${STEPS.length} failed`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

function runStep([name, script, args]) {
  if (!existsSync(script)) {
    console.log(`failed   ${name}: ${path.relative(root, script)} does not exist`);
    return false;
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1_024 * 1_024,
  });
  console.log(`${status === 0 ? 'ok      ' : 'failed  '} ${name}`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status === 0;
}
