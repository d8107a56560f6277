/** Users and grants, on SQLite: who exists, and who may see which object. */

import type { GrantView, UserView } from '../protocol/status.ts';
import type { Commit } from '../sqlite/commit.ts';
import type { Database } from '../sqlite/database.ts';

type Statements = ReturnType<typeof prepareStatements>;

export class Directory {
  readonly #sql: Statements;
  readonly #commit: Commit;

  constructor(db: Database, commit: Commit) {
    this.#sql = prepareStatements(db);
    this.#commit = commit;
  }

  /** Adds the user, or gives the one that is there another name and makes it active. */
  addUser(id: string, name: string | null, now: number): Promise<UserView> {
    return this.#commit(() => {
      this.#sql.addUser.run(id, name, now);
      return this.user(id) as UserView;
    });
  }

  /** Removes the user and its grants; false when there was none. */
  removeUser(id: string): Promise<boolean> {
    return this.#commit(() => {
      this.#sql.revokeAll.run(id);
      return this.#sql.removeUser.run(id).changes === 1;
    });
  }

  user(id: string): UserView | undefined {
    const row = this.#sql.user.get(id);
    return row && toUser(row);
  }

  users(): readonly UserView[] {
    return this.#sql.users.all().map(toUser);
  }

  grant(grant: GrantView): Promise<GrantView> {
    return this.#commit(() => {
      this.#sql.grant.run(grant.user, grant.type, grant.id);
      return grant;
    });
  }

  /** False when there was no such grant. */
  revoke(grant: GrantView): Promise<boolean> {
    return this.#commit(() => this.#sql.revoke.run(grant.user, grant.type, grant.id).changes === 1);
  }

  grants(user: string | undefined): readonly GrantView[] {
    return user === undefined ? this.#sql.allGrants.all() : this.#sql.grantsOf.all(user);
  }

  /** True for a grant on the object itself or on every object of its type. */
  isGranted(grant: GrantView): boolean {
    return this.#sql.isGranted.get(grant.user, grant.type, grant.id) !== undefined;
  }
}

interface UserRow {
  readonly id: string;
  readonly name: string | null;
  readonly active: number;
  readonly created_at: number;
}

function toUser(row: UserRow): UserView {
  const createdAt = new Date(row.created_at).toISOString();
  return { id: row.id, name: row.name, active: row.active === 1, createdAt };
}

function prepareStatements(db: Database) {
  return {
    addUser: db.prepare<[string, string | null, number]>(
      `INSERT INTO users (id, name, active, created_at) VALUES (?, ?, 1, ?)
       ON CONFLICT (id) DO UPDATE SET name = coalesce(excluded.name, name), active = 1`,
    ),
    removeUser: db.prepare<[string]>('DELETE FROM users WHERE id = ?'),
    user: db.prepare<[string], UserRow>(
      'SELECT id, name, active, created_at FROM users WHERE id = ?',
    ),
    users: db.prepare<[], UserRow>('SELECT id, name, active, created_at FROM users ORDER BY id'),
    grant: db.prepare<[string, string, string]>(
      'INSERT OR IGNORE INTO grants (user, type, id) VALUES (?, ?, ?)',
    ),
    revoke: db.prepare<[string, string, string]>(
      'DELETE FROM grants WHERE user = ? AND type = ? AND id = ?',
    ),
    revokeAll: db.prepare<[string]>('DELETE FROM grants WHERE user = ?'),
    allGrants: db.prepare<[], GrantView>(
      'SELECT user, type, id FROM grants ORDER BY user, type, id',
    ),
    grantsOf: db.prepare<[string], GrantView>(
      'SELECT user, type, id FROM grants WHERE user = ? ORDER BY type, id',
    ),
    isGranted: db.prepare<[string, string, string], { one: number }>(
      "SELECT 1 AS one FROM grants WHERE user = ? AND type = ? AND id IN (?, '*') LIMIT 1",
    ),
  };
}
