/** The environment of this process, apart from the keys that it may set: whoever only passes it on loads no table. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** The only reader of `process.env`. */
export function processEnvironment(): Environment {
  return process.env;
}
