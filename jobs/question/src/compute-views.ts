/** The views of all events of a generation under other definitions: the shards of a full run, and nothing else that a run leaves. */

import { inSession, prepare } from '@tributary/archive/compute/compute';
import { outputOf } from '@tributary/archive/compute/output';
import { addShardRows, areSummedByShard, loadFresh } from '@tributary/archive/compute/shard';
import { rowsByPartition, shardsOf } from '@tributary/archive/compute/shards';
import { keptOf, writeViews } from '@tributary/archive/compute/view-files';
import { checkViewRows } from '@tributary/archive/views';
import { storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { VIEWS } from '@tributary/views/registry';
import type { QuestionSpec, QuestionViews } from './spec.ts';

export function computeViews(spec: QuestionSpec): Promise<QuestionViews> {
  return inSession(spec, async (session, staging) => {
    const definitions = storedDefinitions(spec.definitions, sha256Hex);
    await prepare(session, definitions, VIEWS);
    const shards = shardsOf(rowsByPartition(spec), spec.limits.shardRows);
    for (const shard of shards) {
      await loadFresh(session, spec, definitions, shard);
      await addShardRows(session, spec, definitions, VIEWS, shard);
    }
    const origin = { shards: shards.length, oncePerShard: areSummedByShard(spec, definitions) };
    const kept = await writeViews(spec, VIEWS, outputOf(session, spec, staging, spec.folder), origin);
    for (const view of keptOf(VIEWS, kept))
      await checkViewRows(session, spec.dataDir, { generation: spec.generation, ...kept }, view);
    return kept;
  });
}
