/** Definitions that a run takes up though they were not written for it, where keys of one person are joined by now: decided for the run itself and for its plan. */
import type { Definitions } from '@tributary/model/definitions';
import type { GenerationManifest } from '../layout.ts';

/** A generation that joins keys, and by what. */
export type Joined = Pick<GenerationManifest, 'generation' | 'definitions'>;

/** The newest generation, also one that was never published, as its barriers may lie in the log; null: it joins no keys. */
export function joinedIn(newest: Joined | undefined): Joined | null {
  return newest === undefined || identityIn(newest.definitions) === undefined ? null : newest;
}

/**
 * Those of before a run that joined keys, and was cancelled, failed or rolled back. They join keys as well, or no run could begin; where they do not fit
 * together with that, the others hold.
 */
export function joinedStill(definitions: Definitions, joined: Joined | null, parse: (json: string) => Definitions): Definitions {
  if (joined === null || identityIn(definitions.json) !== undefined) return definitions;
  const { identity, rules } = JSON.parse(joined.definitions) as Record<string, unknown>;
  const text = JSON.stringify({ ...(JSON.parse(definitions.json) as object), rules, identity });
  try {
    return parse(text);
  } catch {
    return parse(joined.definitions);
  }
}

/** As JSON; undefined: keys are not joined. */
export function identityIn(definitions: string): string | undefined {
  const { identity } = JSON.parse(definitions) as { readonly identity?: unknown };
  return identity === undefined ? undefined : JSON.stringify(identity);
}
