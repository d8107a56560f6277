/**
 * Puts the compiled modules of `taskbell/events` together as one, for a page without a bundler. Pure.
 *
 * Understands what the compiler makes of src/events-client/ and nothing else: named imports from its own folder,
 * comments on lines of their own, no name that two modules give. A test loads the result.
 */

const IMPORT = /^import [^;]*? from '\.\/([\w-]+)\.js';\n/gm;
const COMMENTS = /^\s*(\/\*\*[\s\S]*?\*\/|\/\/.*)\n/gm;
const EXPORT_WORD = /^export (?=(async |class|function|const))/gm;
const EMPTY_EXPORT = /^export \{\};\n/gm;
/** No text has a line of its own, so indentation is never part of one; a statement ends with `;` wherever one may. */
const INDENTATION = /^ +/gm;
const LINE_ENDS = /([;{},(>[])\n+/g;
/** Within a text for people they are a matter of looks. */
const SPACED = / (=>|===|!==|&&|\|\||\?\?|[=<>?:]) /g;
const PRIVATE_NAME = /#[a-zA-Z]+\b/g;
const ANY_IMPORT = /^(import|export) .*from/m;

/**
 * @param read a module's text by its name, without `.js`
 * @param entry the one whose exports are those of the whole
 */
export function joinModules(read: (name: string) => string, entry: string): string {
  const texts = new Map<string, string>();
  const visit = (name: string): void => {
    if (texts.has(name)) return;
    const source = read(name);
    // Kept at once, so that a circle ends; the order is set anew below.
    texts.set(name, '');
    for (const [, imported = ''] of source.matchAll(IMPORT)) visit(imported);
    texts.delete(name);
    texts.set(name, textOf(source, name === entry));
  };
  visit(entry);
  return shorten([...texts.values()].join(''));
}

function shorten(text: string): string {
  const names = new Map<string, string>();
  const shortName = (name: string): string => {
    // The same one in every class, which keeps its own apart.
    const short = names.get(name) ?? `#${letters(names.size)}`;
    names.set(name, short);
    return short;
  };
  return text
    .replace(INDENTATION, '')
    .replace(LINE_ENDS, '$1')
    .replace(SPACED, '$1')
    .replace(PRIVATE_NAME, shortName);
}

function letters(number: number): string {
  const letter = String.fromCharCode(97 + (number % 26));
  return number < 26 ? letter : letters(Math.floor(number / 26) - 1) + letter;
}

function textOf(source: string, isEntry: boolean): string {
  const bare = source.replace(COMMENTS, '').replace(IMPORT, '').replace(EMPTY_EXPORT, '');
  if (ANY_IMPORT.test(bare)) throw new Error('A module of taskbell/events imports from elsewhere.');
  return isEntry ? bare : bare.replace(EXPORT_WORD, '');
}
