/**
 * Whether changed corrections are cheaper computed as changes or as all of the archive. Journeys near changed events are walked twice, so what counts is
 * how many events change, which only their conditions say: some partitions are asked, as users are spread over them evenly. Runs in the child.
 *
 * Measured at 1 M events over 30 days, processor time as a part of a full run's (docs/decisions/0042-corrections.md):
 *
 *   0.1 % of the events change: 0.4      0.75 %: 0.9      3 %: 1.1      7.5 %: 1.7      30 %: 2.0
 */
import { storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import type { StoredFile } from '../layout.ts';
import { inSession, prepare } from './compute.ts';
import { correctFresh } from './corrections.ts';
import { arrivals, countOf } from './relations.ts';
import type { ComputeSpec } from './spec.ts';

/** One of this number of partitions is asked. */
const ASKED_OF = 8;
/** About how many events of the base count otherwise now, from those of some partitions. */
export function weighChanged(spec: ComputeSpec): Promise<number> {
  const files = spec.reread?.files ?? [];
  const withRows = files.flatMap((own, partition) => (rowsIn(own) > 0 ? [partition] : []));
  const asked = withRows.filter((_, i) => i % ASKED_OF === 0);
  const rows = asked.reduce((sum, partition) => sum + rowsIn(files[partition] ?? []), 0);
  const alone = { ...spec, arrivals: spec.arrivals.map(() => []) };
  return inSession(alone, async (session) => {
    const definitions = storedDefinitions(spec.definitions, sha256Hex);
    await prepare(session, definitions, []);
    for (const partition of asked) {
      const shard = { from: partition, to: partition + 1 };
      await session.run(`CREATE OR REPLACE TABLE fresh AS SELECT * FROM ${arrivals(alone, shard, definitions)}`);
      await correctFresh(session, alone, definitions, shard);
    }
    return Math.round(((await countOf(session, 'replaced_events')) * rowsIn(files.flat())) / Math.max(1, rows));
  });
}

function rowsIn(files: readonly StoredFile[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}
