/** Definitions that a run takes up though they were not written for it, where keys of one person are joined by now: decided for the run itself and for its plan. */
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
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

/**
 * Once keys of one person are joined they stay joined, as far back as before. Messages between keys lie in the log then: without `identity` those under
 * way would stay in flight, and each would count as a signal; with other `days` an event would count for two keys, or for none. Throws `invalid_definitions`.
 */
export function demandJoinedAlike(joined: Joined | null, { json }: Pick<Definitions, 'json'>): void {
  const before = joined === null ? undefined : identityIn(joined.definitions);
  const now = identityIn(json);
  if (before === undefined || before === now) return;
  throw new TributaryError(
    'invalid_definitions',
    `identity must stay ${before}, as generation ${joined?.generation} has it (got ${now ?? 'none'}): events were moved between keys by it. Write it as before`,
  );
}

/** As JSON; undefined: keys are not joined. */
export function identityIn(definitions: string): string | undefined {
  const { identity } = JSON.parse(definitions) as { readonly identity?: unknown };
  return identity === undefined ? undefined : JSON.stringify(identity);
}
