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
const GIVEN_ON = /^export \{([^}]*)\};\n/gm;
/** Texts of whatever kind; within the first two nothing is code, within the third what stands in `${}`. */
const TEXT = /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)/;
const CODE_IN_TEXT = /\$\{[^}]*\}/g;
/** A statement ends with `;` wherever one may, so a line end is nothing but room. */
const ROOM = /\s*([{}()[\],;:?=*<>|&!]|(?<= )[-+/](?= [^-+]))\s*/g;
/** What ends before a bracket needs no sign for it. */
const NEEDLESS_SIGN = /[;,](?=\})|,(?=[)\]])/g;
const PRIVATE_NAME = /#[a-zA-Z]+\b/g;
/** What a module gives or keeps to itself; with a capital, so that it is no name of a member or of the surroundings. */
const MODULE_NAME = /^(export )?(?:async )?(?:class|function|const) ([a-zA-Z]*[A-Z]\w*)/gm;
/** Other names that no page and no gateway sees: members, and what is used within a function. */
const INNER_NAMES = `first kind only other start aheadMs askPresence asked batch begin bounds callback canRenew ceiling drainMs expiresAt former
isAsked isAttached isInOrder isMissing isPatient isStable isTokenRefused isWaiting judge judgement leftMs listener losses
maxTopics meant member members notePresence onDrain onMessage onOpen onReady onRefused onReturn onSilence options
others queue reader reply retryMs session silentMs socket spread stand subscription subscriptions wantsPresence`;
/** The same, said shorter. */
const SHORTER = [
  ['undefined', 'void 0'],
  ['const', 'let'],
] as const;
const ANY_IMPORT = /^(import|export) .*from/m;

/**
 * @param read a module's text by its name, without `.js`
 * @param entry the one whose exports are those of the whole
 */
export function joinModules(read: (name: string) => string, entry: string): string {
  const texts = new Map<string, string>();
  const names = new Set<string>();
  const visit = (name: string): void => {
    if (texts.has(name)) return;
    const source = read(name);
    // Kept at once, so that a circle ends; the order is set anew below.
    texts.set(name, '');
    for (const [, imported = ''] of source.matchAll(IMPORT)) visit(imported);
    const isEntry = name === entry;
    for (const [, exported, own = ''] of source.matchAll(MODULE_NAME)) {
      if (!isEntry || exported === undefined) names.add(own);
    }
    texts.delete(name);
    texts.set(name, textOf(source, isEntry));
  };
  visit(entry);
  for (const [, given = ''] of read(entry).matchAll(GIVEN_ON)) {
    for (const name of given.split(',')) names.delete(name.trim());
  }
  return shorten([...texts.values()].join(''), [...names, ...INNER_NAMES.split(/\s/)]);
}

/** @param names of modules and members, which nobody outside uses */
function shorten(text: string, names: readonly string[]): string {
  const short = new Map<string, string>(SHORTER);
  for (const [index, name] of names.entries()) short.set(name, `$${letters(index)}`);
  const { size } = short;
  // The same one in every class, which keeps its own apart.
  for (const [name] of text.matchAll(PRIVATE_NAME)) {
    if (!short.has(name)) short.set(name, `#${letters(short.size - size)}`);
  }
  const shortenNames = (code: string): string =>
    code.replace(/#?[$\w]+/g, (name) => short.get(name) ?? name);
  return text
    .split(TEXT)
    .map((part, index) =>
      index % 2 === 1
        ? part.replace(CODE_IN_TEXT, shortenNames)
        : shortenNames(part.replace(ROOM, '$1').replace(NEEDLESS_SIGN, '').replaceAll('\n', ' ')),
    )
    .join('');
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
