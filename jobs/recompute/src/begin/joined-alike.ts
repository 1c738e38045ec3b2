/**
 * Once keys of one person are joined they stay joined, as far back as before. Messages between keys lie in the log then: without `identity` those under
 * way would stay in flight, and each would count as a signal; with other `days` an event would count for two keys, or for none.
 */
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';

/** Throws `invalid_definitions`. The newest generation decides, also one that was never published: its barriers may lie in the log. */
export async function demandJoinedAlike(dataDir: string, { json }: Pick<Definitions, 'json'>): Promise<void> {
  const newest = (await listGenerations(dataDir)).at(-1);
  if (newest === undefined) return;
  const before = identityIn((await readGeneration(dataDir, newest)).definitions);
  const now = identityIn(json);
  if (before === undefined || before === now) return;
  throw new TributaryError(
    'invalid_definitions',
    `identity must stay ${before}, as generation ${newest} has it (got ${now ?? 'none'}): events were moved between keys by it. Write it as before`,
  );
}

function identityIn(definitions: string): string | undefined {
  const { identity } = JSON.parse(definitions) as { readonly identity?: unknown };
  return identity === undefined ? undefined : JSON.stringify(identity);
}
