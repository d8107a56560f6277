/**
 * Users and grants, on SQLite: who exists, and who may see which object.
 *
 * Every change of what somebody may do is told in the same transaction, so that those who hold answers learn of it.
 */

import { type AccessNews, MAX_GRANTS_AT_ONCE, type UserAccess } from '../protocol/access.ts';
import type { GrantView, UserView } from '../protocol/status.ts';
import type { Commit } from '../sqlite/commit.ts';
import type { Database } from '../sqlite/database.ts';
import { coveringIds } from './decide-access.ts';

type Statements = ReturnType<typeof prepareStatements>;

/** Tells of a change; called inside of the transaction that makes it. */
export type TellAccess = (news: AccessNews) => void;

export class Directory {
  readonly #sql: Statements;
  readonly #commit: Commit;
  readonly #tell: TellAccess;

  constructor(db: Database, commit: Commit, tell: TellAccess) {
    this.#sql = prepareStatements(db);
    this.#commit = commit;
    this.#tell = tell;
  }

  /** Adds the user, or gives the one that is there another name and makes it active. */
  addUser(id: string, name: string | null, now: number): Promise<UserView> {
    return this.#commit(() => {
      const wasActive = this.user(id)?.active === true;
      this.#sql.addUser.run(id, name, now);
      if (!wasActive) this.#tell({ kind: 'user', user: id });
      return this.user(id) as UserView;
    });
  }

  /** Removes the user and its grants; false when there was none. */
  removeUser(id: string): Promise<boolean> {
    return this.#commit(() => {
      const revoked = this.#sql.revokeAll.run(id).changes;
      const removed = this.#sql.removeUser.run(id).changes;
      if (revoked + removed > 0) this.#tell({ kind: 'user', user: id });
      return removed === 1;
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
      const { changes } = this.#sql.grant.run(grant.user, grant.type, grant.id);
      if (changes > 0) this.#tell({ kind: 'grant', user: grant.user });
      return grant;
    });
  }

  /** False when there was no such grant. */
  revoke(grant: GrantView): Promise<boolean> {
    return this.#commit(() => {
      const { changes } = this.#sql.revoke.run(grant.user, grant.type, grant.id);
      if (changes > 0) this.#tell({ kind: 'grant', user: grant.user });
      return changes === 1;
    });
  }

  /** Has those who hold answers about a user ask again, whoever gave them. */
  recheck(user: string): Promise<void> {
    return this.#commit(() => this.#tell({ kind: 'recheck', user }));
  }

  grants(user: string | undefined): readonly GrantView[] {
    return user === undefined ? this.#sql.allGrants.all() : this.#sql.grantsOf.all(user);
  }

  /** What is to be known of a user to decide without asking again. */
  access(user: string): UserAccess {
    const grants = this.#sql.someGrantsOf.all(user, MAX_GRANTS_AT_ONCE + 1);
    return {
      known: this.user(user)?.active === true,
      grants: grants.slice(0, MAX_GRANTS_AT_ONCE),
      complete: grants.length <= MAX_GRANTS_AT_ONCE,
    };
  }

  /** True for a grant on the object itself, on a prefix of its id or on every object of its type. */
  isGranted({ user, type, id }: GrantView): boolean {
    const covering = JSON.stringify(coveringIds(id));
    return this.#sql.isGranted.get(user, type, covering) !== undefined;
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
    someGrantsOf: db.prepare<[string, number], { type: string; id: string }>(
      'SELECT type, id FROM grants WHERE user = ? ORDER BY type, id LIMIT ?',
    ),
    isGranted: db.prepare<[string, string, string], { one: number }>(
      `SELECT 1 AS one FROM grants WHERE user = ? AND type = ?
       AND id IN (SELECT value FROM json_each(?)) LIMIT 1`,
    ),
  };
}
