/** The views of all events of a generation under other definitions: the shards of a full run, and nothing else that a run leaves. */
import { checkViewRows } from '@tributary/archive/views';
import { storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { groupedOf } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';
import { inSession, prepare } from '../compute/compute.ts';
import { outputOf } from '../compute/output.ts';
import { computeShard } from '../compute/shard.ts';
import { rowsByPartition, shardsOf } from '../compute/shards.ts';
import type { QuestionSpec, QuestionViews } from '../compute/spec.ts';
import { writeViews } from '../compute/view-files.ts';

export function computeViews(spec: QuestionSpec): Promise<QuestionViews> {
  return inSession(spec, async (session, staging) => {
    const definitions = storedDefinitions(spec.definitions, sha256Hex);
    await prepare(session, definitions, VIEWS);
    for (const shard of shardsOf(rowsByPartition(spec), spec.limits.shardRows))
      await computeShard(session, spec, definitions, VIEWS, shard);
    const views = await writeViews(spec, VIEWS, outputOf(session, spec, staging, spec.folder));
    for (const view of [...VIEWS, ...groupedOf(VIEWS)])
      await checkViewRows(session, spec.dataDir, { generation: spec.generation, views }, view);
    return { views };
  });
}
