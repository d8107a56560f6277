/**
 * Revoked tokens, on SQLite. Each change is told in the log in its own transaction, for gateways that follow it.
 *
 * Says what is revoked, not what that does to a token: that is auth/revocation-list.ts.
 */
import { TaskbellError } from '../protocol/errors.ts';
import type { RevocationNews, RevocationPage, RevocationView } from '../protocol/tokens.ts';
import type { Commit } from '../sqlite/commit.ts';
import type { Database } from '../sqlite/database.ts';
import type { Revocation } from './decide-revocation.ts';

/** Appends a row to the log, inside the running transaction. */
export type TellRevocation = (news: RevocationNews, now: number) => void;

/** Every gateway holds all of them in memory. */
const MAX_REVOCATIONS = 100_000;

type Statements = ReturnType<typeof prepareStatements>;

export class TokenRevocations {
  readonly #sql: Statements;
  readonly #commit: Commit;
  readonly #tell: TellRevocation;
  readonly #most: number;

  /** @param most fewer only in tests */
  constructor(db: Database, commit: Commit, tell: TellRevocation, most = MAX_REVOCATIONS) {
    this.#sql = prepareStatements(db);
    this.#commit = commit;
    this.#tell = tell;
    this.#most = most;
  }

  /** Of the same subject the stronger one counts: the later time, kept for longer. */
  revoke(revocation: Revocation): Promise<RevocationView> {
    const { subject, tokenId, user, issuedBefore, createdAt, expiresAt } = revocation;
    return this.#commit(() => {
      this.#sql.prune.run(createdAt);
      const isKnown = this.#sql.find.get(subject) !== undefined;
      if (!isKnown && (this.#sql.count.get() ?? 0) >= this.#most) throw tooMany(this.#most);
      this.#sql.put.run({ subject, tokenId, user, issuedBefore, createdAt, expiresAt });
      const view = toView(this.#sql.find.get(subject) as RevocationRow);
      this.#tell({ kind: 'revoked', ...view }, createdAt);
      return view;
    });
  }

  /** False when there was none. */
  restore(id: string, now: number): Promise<boolean> {
    return this.#commit(() => {
      if (this.#sql.remove.run(id).changes === 0) return false;
      this.#tell({ kind: 'restored', id }, now);
      return true;
    });
  }

  page(after: string | undefined, limit: number, now: number): RevocationPage {
    const rows = this.#sql.page.all({ after: after ?? '0', limit, now });
    const next = rows.length < limit ? null : String(rows.at(-1)?.id ?? '');
    return { revocations: rows.map(toView), next };
  }

  /** What has expired goes without a word: those who know of it know when it does. */
  async prune(now: number): Promise<void> {
    if ((this.nextExpiry() ?? Number.POSITIVE_INFINITY) > now) return;
    await this.#commit(() => void this.#sql.prune.run(now));
  }

  /** When the first of them expires, epoch milliseconds; undefined: there is none. */
  nextExpiry(): number | undefined {
    return this.#sql.nextExpiry.get() ?? undefined;
  }
}

interface RevocationRow {
  readonly id: number;
  readonly token_id: string | null;
  readonly user: string | null;
  readonly issued_before: number | null;
  readonly created_at: number;
  readonly expires_at: number;
}

function toView(row: RevocationRow): RevocationView {
  const iso = (time: number) => new Date(time).toISOString();
  return {
    id: String(row.id),
    tokenId: row.token_id,
    user: row.user,
    issuedBefore: row.issued_before === null ? null : iso(row.issued_before),
    createdAt: iso(row.created_at),
    expiresAt: iso(row.expires_at),
  };
}

function tooMany(most: number): TaskbellError {
  return new TaskbellError(
    // Not one that clients try again by themselves: it lasts for hours.
    'E_CONFLICT',
    `There are ${most} revocations, as many as gateways keep.`,
    {
      hint: 'Revoke by user or by time instead of token by token: `taskbell token revoke --user ID`.',
    },
  );
}

function prepareStatements(db: Database) {
  const columns = 'id, token_id, user, issued_before, created_at, expires_at';
  return {
    // max() of two nulls is null, as it must be for token ids.
    put: db.prepare<[Revocation]>(
      `INSERT INTO token_revocations (subject, token_id, user, issued_before, created_at, expires_at)
       VALUES (@subject, @tokenId, @user, @issuedBefore, @createdAt, @expiresAt)
       ON CONFLICT (subject) DO UPDATE SET
         issued_before = max(issued_before, excluded.issued_before),
         expires_at = max(expires_at, excluded.expires_at)`,
    ),
    find: db.prepare<[string], RevocationRow>(
      `SELECT ${columns} FROM token_revocations WHERE subject = ?`,
    ),
    count: db.prepare<[], number>('SELECT count(*) FROM token_revocations').pluck(),
    remove: db.prepare<[string]>('DELETE FROM token_revocations WHERE id = ?'),
    page: db.prepare<[{ after: string; limit: number; now: number }], RevocationRow>(
      `SELECT ${columns} FROM token_revocations
       WHERE id > CAST(@after AS INTEGER) AND expires_at > @now ORDER BY id LIMIT @limit`,
    ),
    prune: db.prepare<[number]>('DELETE FROM token_revocations WHERE expires_at <= ?'),
    nextExpiry: db
      .prepare<[], number | null>('SELECT min(expires_at) FROM token_revocations')
      .pluck(),
  };
}
