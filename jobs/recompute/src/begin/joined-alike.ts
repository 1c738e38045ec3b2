/**
 * Once keys of one person are joined they stay joined, as far back as before. Messages between keys lie in the log then: without `identity` those under
 * way would stay in flight, and each would count as a signal; with other `days` an event would count for two keys, or for none.
 */
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS } from '@tributary/model/time';
import type { PartitionState } from '@tributary/store/speed-store';

/** A generation that joins keys, and by what. */
export type Joined = Pick<GenerationManifest, 'generation' | 'definitions'>;

/** The newest generation, also one that was never published, as its barriers may lie in the log; null: it joins no keys. */
export async function newestJoined(dataDir: string): Promise<Joined | null> {
  const newest = (await listGenerations(dataDir)).at(-1);
  if (newest === undefined) return null;
  const manifest = await readGeneration(dataDir, newest);
  return identityIn(manifest.definitions) === undefined ? null : manifest;
}

/**
 * Definitions that a run takes up though they were not written for it: those of before a run that joined keys, and was cancelled, failed or rolled back. They
 * join keys as well, or no run could begin; where they do not fit together with that, the others hold.
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

/** Throws `invalid_definitions`. */
export function demandJoinedAlike(joined: Joined | null, { json }: Pick<Definitions, 'json'>): void {
  const before = joined === null ? undefined : identityIn(joined.definitions);
  const now = identityIn(json);
  if (before === undefined || before === now) return;
  throw new TributaryError(
    'invalid_definitions',
    `identity must stay ${before}, as generation ${joined?.generation} has it (got ${now ?? 'none'}): events were moved between keys by it. Write it as before`,
  );
}

/**
 * Where keys are not joined yet: the first links reach back `identity.days`, and records must. An event that left its record would leave its key in the
 * batch layer, and come to no other. Throws `invalid_definitions`.
 */
export function demandRecordsForLinks(
  states: readonly (PartitionState | null)[],
  { joinedMs }: Pick<Definitions, 'joinedMs'>,
): void {
  if (joinedMs === null) return;
  for (const [partition, state] of states.entries()) {
    if (state === null || identityIn(state.definitions) !== undefined) continue;
    const { logTimeMs, keptMs = 0, cutTs = Number.NEGATIVE_INFINITY } = state;
    const reachMs = Math.min(keptMs, logTimeMs - cutTs);
    if (reachMs >= joinedMs) continue;
    throw new TributaryError(
      'invalid_definitions',
      `identity.days must be at most ${Math.floor(reachMs / DAY_MS)}, as records of partition ${partition} go back so far (got ${joinedMs / DAY_MS}). Raise signalRetention.days without identity, and add identity once records go back as far`,
    );
  }
}

function identityIn(definitions: string): string | undefined {
  const { identity } = JSON.parse(definitions) as { readonly identity?: unknown };
  return identity === undefined ? undefined : JSON.stringify(identity);
}
