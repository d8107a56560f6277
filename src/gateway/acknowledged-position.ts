/**
 * The cursor of one connection: its name, and how far its client acknowledged.
 *
 *   none ─first attach with a cursor▶ named ─acknowledgements▶ moved
 *
 * One a connection, because a position says of all topics under it that everything up to there was taken.
 */
import { isAfter } from '../client/follow-position.ts';
import type { ClientCursor } from '../protocol/history.ts';
import type { CursorMoves } from './cursors.ts';

export class AcknowledgedPosition {
  readonly #moves: CursorMoves;
  #cursor: ClientCursor | undefined;
  #hasMoved = false;
  /** Up to where history was said, which may be further than the gateway itself is. */
  #said = '0';

  constructor(moves: CursorMoves) {
    this.#moves = moves;
  }

  /** True once the client acknowledged something: what joins later begins behind that. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  /** False where the connection has another one. Resolves when what was acknowledged before is where it is asked for. */
  async begin(cursor: ClientCursor): Promise<boolean> {
    if (this.#cursor !== undefined && this.#cursor.name !== cursor.name) return false;
    this.#cursor = cursor;
    await this.#moves.settle(cursor);
    return true;
  }

  noteSaid(position: string | undefined): void {
    if (position !== undefined && isAfter(position, this.#said) !== false) this.#said = position;
  }

  /**
   * @param said the position up to which all events of the gateway's were said
   * @returns what is wrong, in words
   */
  move(seq: string, said: string): string | undefined {
    if (this.#cursor === undefined) return 'ack: attach with a cursor first';
    if (isAfter(seq, said) !== false && isAfter(seq, this.#said) !== false) {
      return `seq: expected a position up to ${said}`;
    }
    this.#hasMoved = true;
    this.#moves.note(this.#cursor, seq);
    return undefined;
  }
}
