/**
 * Writes docs/cli.md and man/*.1 from the command table; needs a build in dist/.
 * With --check it writes nothing and ends with 1 if one differs from what the table says, or is too many.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { renderManual } from '../dist/cli/manual/manual.js';

const check = process.argv.includes('--check');
const files = await renderManual();
const root = new URL('../', import.meta.url);
await mkdir(new URL('man/', root), { recursive: true });

for (const { name, content } of files) {
  const url = new URL(name, root);
  if (!check) await writeFile(url, content);
  else if ((await readFile(url, 'utf8').catch(() => '')) !== content) complain(name);
}
for (const file of await readdir(new URL('man/', root))) {
  if (files.some(({ name }) => name === `man/${file}`)) continue;
  if (check) complain(`man/${file}`);
  else await rm(new URL(`man/${file}`, root));
}

function complain(name) {
  process.stderr.write(
    `${name} differs from the command table; run: node scripts/generate-docs.mjs\n`,
  );
  process.exitCode = 1;
}
