/**
 * How texts are sealed on their way into the database file, and opened on their way out.
 *
 * The words that the adapters use; who seals, and with which keys, stands elsewhere. A sealed text begins
 * with `enc:`, which neither JSON nor a segment of the log can: both kinds can stand in one column.
 */

/**
 * `subject` and `column` are sealed with the text as what it belongs to: at another place it cannot be opened.
 */
export interface TextCipher {
  /** What is sealed already stays as it is. */
  seal(text: string, column: string, subject: string | number): string;
  /** @throws TaskbellError E_KEY_FILE when its key is not there, or it was changed */
  open(text: string, column: string, subject: string | number): string;
  /** As `open`; what cannot be opened stays sealed. */
  tryOpen(text: string, column: string, subject: string | number): string;
  /** Whether the text stands as `seal` would store it today. */
  isCurrent(text: string): boolean;
}

/** Where nothing is sealed. */
export const PLAIN_TEXT: TextCipher = {
  seal: (text) => text,
  open: (text) => text,
  tryOpen: (text) => text,
  isCurrent: () => true,
};
