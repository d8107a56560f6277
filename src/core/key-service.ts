/** The keys of the database by the hand of operators: which are in use, and the rotation to the current one. */
import type { KeyService } from '../api/api-context.ts';
import { checkValueOf } from '../privacy/key-ring.ts';
import type { Logger } from '../process/logger.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { KeyState, KeysView, RotationView } from '../protocol/keys.ts';
import type { Commit } from '../sqlite/commit.ts';
import type { KeyUses, SealedTables } from '../sqlite/sealed-tables.ts';
import { type Privacy, resealSecret } from './privacy.ts';

export interface KeyServiceParts {
  readonly privacy: Privacy;
  readonly tables: SealedTables;
  readonly commit: Commit;
  readonly log: Logger;
}

/** Passes over the tables; from the second on there is next to nothing left. */
const MAX_PASSES = 10;

export class CoreKeyService implements KeyService {
  readonly #parts: KeyServiceParts;
  #rotation: Promise<RotationView> | undefined;

  constructor(parts: KeyServiceParts) {
    this.#parts = parts;
  }

  async list(): Promise<KeysView> {
    return this.#view(await this.#parts.tables.countUses());
  }

  /** One at a time: who asks meanwhile hears of the one that is under way. */
  rotate(): Promise<RotationView> {
    if (this.#parts.privacy.ring === null) return Promise.reject(nothingToRotate());
    this.#rotation ??= this.#rotate().finally(() => {
      this.#rotation = undefined;
    });
    return this.#rotation;
  }

  async #rotate(): Promise<RotationView> {
    const { privacy, tables, commit, log } = this.#parts;
    const { register } = privacy;
    await commit(() => resealSecret(privacy));
    let rewritten = 0;
    // What moved past a walk is met by the next one.
    for (let pass = 0; pass < MAX_PASSES; pass += 1) {
      const { resealed } = await tables.reseal(privacy.cipher, commit);
      rewritten += resealed;
      if (resealed === 0) break;
    }
    const uses = await tables.countUses();
    await commit(() => register.save(this.#stillUsed(uses)));
    const view = this.#view(uses);
    const old = view.keys.filter(({ state }) => state !== 'current');
    const unreadable = old.reduce((sum, { texts }) => sum + texts, 0);
    log.info({ rewritten, unreadable, key: privacy.ring?.current?.id ?? null }, 'keys rotated');
    return { ...view, rewritten, unreadable };
  }

  /** Other keys may leave the file now. */
  #stillUsed(uses: KeyUses): Readonly<Record<string, string>> {
    const { ring, register } = this.#parts.privacy;
    const known = Object.entries(register.keys()).filter(([id]) => uses.has(id));
    const current = ring?.current;
    return {
      ...Object.fromEntries(known),
      ...(current == null ? {} : { [current.id]: checkValueOf(current) }),
    };
  }

  #view(uses: KeyUses): KeysView {
    const { ring } = this.#parts.privacy;
    const ids = new Set([...(ring?.keys.keys() ?? []), ...(ring?.lost ?? []), ...uses.keys()]);
    ids.delete('');
    const keys = [...ids].map((id) => ({ id, state: this.#stateOf(id), texts: uses.get(id) ?? 0 }));
    return { keys, plain: uses.get('') ?? 0 };
  }

  #stateOf(id: string): KeyState {
    const { ring } = this.#parts.privacy;
    if (ring?.current?.id === id) return 'current';
    if (ring?.keys.has(id)) return 'decrypts';
    return ring?.lost.has(id) ? 'lost' : 'missing';
  }
}

function nothingToRotate(): TaskbellError {
  return new TaskbellError('E_CONFLICT', 'There are no keys: [privacy] keysFile is empty.', {
    hint: 'Put the line of `taskbell key generate` into a file, name it there, and restart.',
  });
}
