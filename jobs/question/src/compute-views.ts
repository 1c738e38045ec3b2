/** The views of all events of a generation under other definitions: the shards of a run, and nothing else that a run leaves. */

import { inSession, prepare } from '@tributary/archive/compute/compute';
import { outputOf } from '@tributary/archive/compute/output';
import { countOf } from '@tributary/archive/compute/relations';
import { addShardRows, areSummedByShard, loadFresh } from '@tributary/archive/compute/shard';
import { rowsByPartition, shardsOf } from '@tributary/archive/compute/shards';
import { keptOf, writeViews } from '@tributary/archive/compute/view-files';
import type { DuckDb } from '@tributary/archive/duckdb';
import { checkViewRows } from '@tributary/archive/views';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { VIEWS } from '@tributary/views/registry';
import { viewsAsked } from '@tributary/views/view';
import type { QuestionSpec, QuestionViews } from './spec.ts';

export function computeViews(spec: QuestionSpec): Promise<QuestionViews> {
  return inSession(spec, async (session, staging) => {
    const definitions = storedDefinitions(spec.definitions, sha256Hex);
    await prepare(session, definitions, VIEWS);
    const shards = shardsOf(rowsByPartition(spec), spec.limits.shardRows);
    const counts = new Map(definitions.corrections.map(({ name }) => [name, countedIn(spec, name)]));
    let forgotten = 0;
    for (const shard of shards) {
      const loaded = await loadFresh(session, spec, definitions, shard);
      forgotten += loaded.forgotten.events;
      await countCorrections(session, definitions, counts, loaded.replaces);
      await addShardRows(session, spec, definitions, VIEWS, shard, loaded.replaces);
    }
    const oncePerShard = areSummedByShard(spec, definitions) && forgotten === 0;
    // An answer may be kept longer than the generation.
    const origin = { asked: viewsAsked(VIEWS, definitions), shards: shards.length, oncePerShard, apart: true } as const;
    const kept = await writeViews(session, spec, VIEWS, outputOf(session, spec, staging, spec.folder), origin);
    for (const view of keptOf(VIEWS, kept)) await checkViewRows(session, spec.dataDir, kept.views[view.name] ?? [], view);
    return {
      ...kept,
      ...(counts.size > 0 && { corrected: Object.fromEntries(counts) }),
      recounted: (await countOf(session, 'replaced_events')) - forgotten,
    };
  });
}

/** What the base says of it. Where the base does not count, all events are fresh. */
function countedIn({ base }: QuestionSpec, name: string): number {
  const { corrected = {} } = base?.counts ?? {};
  return Object.hasOwn(corrected, name) ? (corrected[name] ?? 0) : 0;
}

/** Adds what is fresh, less what it takes the place of: the base's events that count otherwise. */
async function countCorrections(
  session: DuckDb,
  { corrections }: Definitions,
  counts: Map<string, number>,
  replaces: boolean,
): Promise<void> {
  if (corrections.length === 0) return;
  for (const [table, sign] of [['fresh', 1], ...(replaces ? ([['replaced', -1]] as const) : [])] as const)
    for (const row of await session.rows(
      `SELECT corrected_by, count(*) AS events FROM ${table} WHERE corrected_by IS NOT NULL GROUP BY ALL`,
    ))
      for (const name of String(row['corrected_by']).split(','))
        if (counts.has(name)) counts.set(name, (counts.get(name) ?? 0) + sign * Number(row['events']));
}
