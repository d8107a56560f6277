/**
 * How far subscribers acknowledged, by user and name: cursors of the log that hold nothing back.
 *
 * So many for a user: the one that is furthest behind goes first. What goes, or was never there, is an unknown
 * position, which is said to whoever asks for it.
 */
import { CLIENT_CURSOR_PREFIX, type EventLog } from '../log/event-log.ts';
import type { ClientCursor, CursorMove } from '../protocol/history.ts';

type Log = Pick<EventLog, 'cursors' | 'moveCursor' | 'removeCursor'>;

export class ClientCursors {
  readonly #log: Log;
  readonly #maxPerUser: () => number;

  constructor(log: Log, maxPerUser: () => number) {
    this.#log = log;
    this.#maxPerUser = maxPerUser;
  }

  /** Undefined for one that is not known. */
  async positionOf(cursor: ClientCursor): Promise<string | undefined> {
    const name = nameOf(cursor);
    const known = await this.#log.cursors(name);
    return known.find((one) => one.name === name)?.position;
  }

  /** Where the subscriber begins anew: behind or before where it was. */
  async place(cursor: ClientCursor, seq: string): Promise<void> {
    const name = nameOf(cursor);
    const beginning = beginningOf(cursor);
    const known = (await this.#log.cursors(beginning)).filter((one) => isOf(one.name, beginning));
    const others = known.filter((one) => one.name !== name);
    const surplus = others.slice(0, Math.max(0, others.length + 1 - this.#maxPerUser()));
    await Promise.all([
      ...surplus.map((one) => this.#log.removeCursor(one.name)),
      this.#log.moveCursor(name, seq),
    ]);
  }

  /** Forward only, and only of those that were placed: an acknowledgement may come late, or by another way. */
  async move(moves: readonly CursorMove[]): Promise<void> {
    const steps = await Promise.all(
      moves.map(async (move) => {
        const position = await this.positionOf(move);
        const isForward = position !== undefined && Number(move.seq) > Number(position);
        return isForward ? [move] : [];
      }),
    );
    await Promise.all(steps.flat().map((move) => this.#log.moveCursor(nameOf(move), move.seq)));
  }
}

function beginningOf({ user }: ClientCursor): string {
  return `${CLIENT_CURSOR_PREFIX}${user}:`;
}

function nameOf(cursor: ClientCursor): string {
  return `${beginningOf(cursor)}${cursor.name}`;
}

/** The user `a` has not what the user `a:b` has: names of cursors have no colon. */
function isOf(name: string, beginning: string): boolean {
  return !name.slice(beginning.length).includes(':');
}
