/**
 * Says what a written value means, or why `ini` would read something else than what is written.
 *
 * Pure. `ini` 6 cuts an unquoted value at an unescaped ; or #, parses quoted values as JSON and falls
 * back in silence where that fails. What is accepted here, `ini` reads as exactly the value given here.
 */

export type ScannedValue = { readonly value: string } | { readonly problem: string };

const PUT_IN_QUOTES = 'put the whole value in quotes';

/** @param raw what stands behind the first `=` */
export function scanValue(raw: string): ScannedValue {
  const written = raw.trim();
  const quote = written.charAt(0);
  if (quote !== '"' && quote !== "'") return scanBare(written);
  if (!written.slice(1).includes(quote)) {
    return {
      problem: `the value opens with ${quote} and never closes it; close it, or ${PUT_IN_QUOTES}`,
    };
  }
  if (!written.endsWith(quote)) return scanBare(written);
  return quote === '"' ? scanDoubleQuoted(written) : scanSingleQuoted(written);
}

function scanBare(written: string): ScannedValue {
  const cut = /^(?:\\[\s\S]|[^\\;#])*([;#])/.exec(written)?.[1];
  if (cut !== undefined) {
    return {
      problem: `the value would be cut at "${cut}", which starts a comment; ${PUT_IN_QUOTES}, write \\${cut}, or move the comment to a line of its own`,
    };
  }
  return { value: written.replace(/\\([\\;#])/g, '$1') };
}

function scanDoubleQuoted(written: string): ScannedValue {
  try {
    return { value: String(JSON.parse(written)) };
  } catch {
    // Not one JSON string: several quoted words, such as a command line, or a broken escape.
    return scanQuotedWords(written);
  }
}

/** `"a b" -x "c d"`: `ini` takes it as it stands, comment signs included. */
function scanQuotedWords(written: string): ScannedValue {
  const inner = written.slice(1, -1);
  if (!/(?<!\\)(?:\\\\)*"/.test(inner)) {
    return {
      problem: `the quoted value is not valid; write a backslash as \\\\, as in JSON, or use single quotes`,
    };
  }
  const outside = written.replace(/"(?:[^"\\]|\\[\s\S])*"/g, '');
  const sign = /[;#"]/.exec(outside)?.[0];
  if (sign === undefined) return { value: written };
  const words = sign === '"' ? 'a quote that does not close' : `"${sign}" outside the quotes`;
  return {
    problem: `the value has ${words}; ${PUT_IN_QUOTES}, and move a comment to a line of its own`,
  };
}

function scanSingleQuoted(written: string): ScannedValue {
  const inner = written.slice(1, -1);
  if (inner.includes("'")) {
    return {
      problem: `the value has single quotes inside single quotes, and the outer ones would be lost; put the whole value in double quotes`,
    };
  }
  // `ini` parses what is inside as JSON: '"a"' loses its quotes and '1e3' becomes 1000.
  if (readsAs(inner) === inner) return { value: inner };
  return {
    problem: `the value inside the single quotes would be read as JSON; use double quotes and write " as \\"`,
  };
}

/** Undefined for what has no text: an object whose `toString` is a value of its own. */
function readsAs(inner: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(inner);
  } catch {
    // Not JSON: taken as it stands.
    return inner;
  }
  return typeof parsed === 'object' && parsed !== null ? undefined : String(parsed);
}
