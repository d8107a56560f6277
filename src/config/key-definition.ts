/**
 * The form of the table of keys: what one key and one section are described by.
 *
 * The mapped type ties the table to settings.ts: a field without a key, or a key of the wrong kind,
 * does not compile.
 */
import type { ValueType } from './value-types.ts';

/** What a key that is left empty may be derived from. */
export interface EmptyFacts {
  /** The directory of the configuration file; the current one when there is no file. */
  readonly configDirectory: string;
  /** The values of the keys that stand before it in the same section. */
  readonly before: Readonly<Record<string, unknown>>;
}

/**
 * What it takes that a change holds while a service runs: nothing, fresh executors or gateways, which the reload
 * brings about itself, or a restart.
 */
export type Reload = 'live' | 'executors' | 'gateways' | 'restart';

export interface KeyDefinition<T> {
  readonly form: 'value';
  /** Omitted: as its section says. */
  readonly reload?: Reload;
  readonly type: ValueType<T>;
  /** As one would write it; '' when the key is empty by default. */
  readonly default: string;
  readonly comment: string;
  /** What stands in the example behind a comment sign, where the default is empty. */
  readonly example: string;
  /** What an empty value means; without it, an empty value is a problem. */
  readonly empty: ((facts: EmptyFacts) => T) | null;
}

/** `key.NAME = text`, any number of them. */
export interface MapDefinition {
  readonly form: 'map';
  readonly reload?: Reload;
  readonly comment: string;
  readonly example: string;
  readonly exampleName: string;
  readonly namePattern: RegExp;
  readonly secret: boolean;
}

export type Definition = KeyDefinition<unknown> | MapDefinition;

type StringMap = Readonly<Record<string, string>>;

type SectionKeys<S> = {
  readonly [K in keyof S]-?: [S[K]] extends [StringMap] ? MapDefinition : KeyDefinition<S[K]>;
};

export interface SectionDefinition<S> {
  readonly name: string;
  readonly comment: string;
  /** For `[name:NAME]` sections: the NAME in the example, and words that are refused with their reason. */
  readonly instance: InstanceDefinition | null;
  /** Of its keys that say nothing else; omitted: `restart`. */
  readonly reload?: Reload;
  readonly keys: SectionKeys<S>;
}

interface InstanceDefinition {
  readonly exampleName: string;
  /** Why this NAME cannot be used; null when it can. */
  readonly refuse: (name: string) => string | null;
}

export interface AnySection {
  readonly name: string;
  readonly comment: string;
  readonly instance: InstanceDefinition | null;
  readonly reload?: Reload;
  readonly keys: Readonly<Record<string, Definition>>;
}

export function reloadOf(section: AnySection, definition: Definition): Reload {
  return definition.reload ?? section.reload ?? 'restart';
}

/** For a key that differs from its section. */
export function onReload<D extends Definition>(reload: Reload, definition: D): D {
  return { ...definition, reload };
}

export function key<T>(type: ValueType<T>, defaultText: string, comment: string): KeyDefinition<T> {
  return { form: 'value', type, default: defaultText, comment, example: '', empty: null };
}

interface EmptyKey<T> {
  readonly comment: string;
  readonly example?: string;
  readonly empty: (facts: EmptyFacts) => T;
}

/** A key that is empty by default. */
export function emptyKey<T, E>(type: ValueType<T>, facts: EmptyKey<E>): KeyDefinition<T | E> {
  const { comment, example = '', empty } = facts;
  // The kind is never asked to format what only `empty` yields: that is shown as nothing.
  return { form: 'value', type: type as ValueType<T | E>, default: '', comment, example, empty };
}

export function nullable<T>(
  type: ValueType<T>,
  comment: string,
  example = '',
): KeyDefinition<T | null> {
  return emptyKey(type, { comment, example, empty: () => null });
}

/** A list may be set to nothing, whatever its default is. */
export function list<T>(
  type: ValueType<readonly T[]>,
  defaultText: string,
  comment: string,
): KeyDefinition<readonly T[]> {
  return { ...key(type, defaultText, comment), empty: () => [] };
}

export function map(definition: Omit<MapDefinition, 'form'>): MapDefinition {
  return { form: 'map', ...definition };
}
