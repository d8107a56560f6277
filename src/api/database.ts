/** /v1/db: how the database file stands, a backup, a check. */
import path from 'node:path';
import * as v from 'valibot';
import { TaskbellError } from '../protocol/errors.ts';
import { check } from '../protocol/shapes.ts';
import type { ApiContext } from './api-context.ts';
import { created, ok, type Route } from './route.ts';

const FILE = v.pipe(v.string(), v.maxLength(4_096), v.excludes('\0', 'holds a NUL character'));
const BACKUP_REQUEST = v.strictObject({ file: v.optional(FILE) });
const CHECK_REQUEST = v.strictObject({ full: v.optional(v.boolean()) });

export function databaseRoutes({ database }: Pick<ApiContext, 'database'>): readonly Route[] {
  return [
    { method: 'GET', path: '/v1/db', handle: async () => ok(database.view()) },
    {
      method: 'POST',
      path: '/v1/db/backup',
      handle: async ({ json, signal }) => {
        const { file } = check(BACKUP_REQUEST, await json(), 'The request is not valid');
        if (file !== undefined) mustBeAbsolute(file);
        return created(await database.backup(file ?? null, signal));
      },
    },
    {
      method: 'POST',
      path: '/v1/db/check',
      handle: async ({ json, signal }) => {
        const { full } = check(CHECK_REQUEST, await json(), 'The request is not valid');
        return ok(await database.check(full ?? false, signal));
      },
    },
  ];
}

function mustBeAbsolute(file: string): void {
  if (path.isAbsolute(file)) return;
  throw new TaskbellError('E_INVALID_REQUEST', `file: expected an absolute path, got ${file}.`);
}
