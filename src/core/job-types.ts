/**
 * Which job types exist and what their settings come to: from `[job:NAME]`, from the names of the
 * files in the handlers directory, and from what executors say. Runs no handler and loads none.
 */
import { readdirSync } from 'node:fs';
import type { JobTypeSettings } from '../config/settings.ts';
import type { TypeManifest } from '../protocol/execute.ts';
import { resolvePolicy, type TypePolicy } from '../queue/type-policy.ts';

const HANDLER_FILE = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,99})\.(?:js|mjs|ts)$/;

export class JobTypes {
  #configured: ReadonlyMap<string, JobTypeSettings> = new Map();
  readonly #handlersDirectory: string;
  readonly #manifests = new Map<string, TypeManifest>();
  readonly #policies = new Map<string, TypePolicy>();
  /** Counts how often executors said something new of their types. */
  generation = 0;

  constructor(configured: readonly JobTypeSettings[], handlersDirectory: string) {
    this.#handlersDirectory = handlersDirectory;
    this.configure(configured);
  }

  /** Attempts that run keep the limits that they were started with. */
  configure(configured: readonly JobTypeSettings[]): void {
    const former = [...this.#configured.keys()].filter((name) => this.isConfigured(name));
    this.#configured = new Map(configured.map((type) => [type.name, type]));
    // Executors have told of them because the configuration did.
    for (const name of former) if (!this.isConfigured(name)) this.#manifests.delete(name);
    this.#policies.clear();
    this.generation += 1;
  }

  learn(manifests: readonly TypeManifest[]): void {
    for (const manifest of manifests) this.#manifests.set(manifest.name, manifest);
    this.#policies.clear();
    this.generation += 1;
  }

  /** Those of them that neither the configuration nor a file tells of. */
  foreign(manifests: readonly TypeManifest[]): readonly TypeManifest[] {
    const files = new Set(this.#files());
    return manifests.filter(
      ({ name, problem }) => problem === undefined && !files.has(name) && !this.isConfigured(name),
    );
  }

  policyOf(type: string): TypePolicy {
    let policy = this.#policies.get(type);
    if (policy === undefined) {
      policy = resolvePolicy(this.#configured.get(type), this.#manifests.get(type)?.settings);
      this.#policies.set(type, policy);
    }
    return policy;
  }

  isReported(type: string): boolean {
    return this.#configured.get(type)?.report ?? true;
  }

  isKnown(type: string): boolean {
    return this.#manifests.has(type) || this.isConfigured(type) || this.#files().includes(type);
  }

  /** Commands and web hooks have no schema, so that nothing need be asked before a job is accepted. */
  isConfigured(type: string): boolean {
    const section = this.#configured.get(type);
    return (section?.command ?? section?.url ?? null) !== null;
  }

  /** Undefined until an executor has told. */
  manifestOf(type: string): TypeManifest | undefined {
    return this.#manifests.get(type);
  }

  names(): readonly string[] {
    const configured = [...this.#configured.keys()].filter((name) => this.isConfigured(name));
    return [...new Set([...configured, ...this.#files(), ...this.#manifests.keys()])].sort();
  }

  #files(): readonly string[] {
    try {
      return readdirSync(this.#handlersDirectory).flatMap((file) => {
        const name = HANDLER_FILE.exec(file)?.[1];
        return name === undefined || /\.(?:d|test)$/.test(name) ? [] : [name];
      });
    } catch {
      // No such directory: the executors say so in their log, and there are no module handlers.
      return [];
    }
  }
}
