/**
 * Whether changed corrections are cheaper computed as changes or as all of the archive. Journeys near changed events are walked twice, with and without
 * them, so what counts is how much of the base's touches and conversions lies near some: a campaign of one touch in a hundred may be met by half of all
 * users. Some partitions are asked, as users are spread over them evenly. Runs in the child.
 *
 * Measured at 2 M events over 30 days, without asking first, processor time as a part of a full run's by the part that lies near
 * (docs/decisions/0042-corrections.md):
 *
 *   1.5 %: 0.4      7 %: 0.5      14 %: 0.8      36 %: 1.2      53 %: 1.2      89 %: 2.1
 */
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { VIEWS } from '@tributary/views/registry';
import { membersSql } from '@tributary/views/sql';
import type { DuckDb } from '../duckdb.ts';
import { inSession, prepare } from './compute.ts';
import { correctFresh } from './corrections.ts';
import { holdsSignalsOnly } from './event-files.ts';
import { rowsIn } from './output.ts';
import { arrivals, eventsIn } from './relations.ts';
import { reachMsOf } from './shard.ts';
import type { ComputeSpec, Shard } from './spec.ts';

/** One of this number of partitions is asked. */
const ASKED_OF = 8;

/** About what part of the base's touches and conversions lies near events that count otherwise now, from some partitions: 0 to 1. */
export function weighChanged(spec: ComputeSpec): Promise<number> {
  const files = spec.reread?.files ?? [];
  const withRows = files.flatMap((own, partition) => (rowsIn(own) > 0 ? [partition] : []));
  const asked = withRows.filter((_, i) => i % ASKED_OF === 0);
  const alone = { ...spec, arrivals: spec.arrivals.map(() => []) };
  return inSession(alone, async (session) => {
    const definitions = storedDefinitions(spec.definitions, sha256Hex);
    await prepare(session, definitions, []);
    let [members, near] = [0, 0];
    for (const partition of asked) {
      const shard = { from: partition, to: partition + 1 };
      await session.run(`CREATE OR REPLACE TABLE fresh AS SELECT * FROM ${arrivals(alone, shard, definitions)}`);
      await correctFresh(session, alone, definitions, shard);
      const found = await nearChanged(session, spec, definitions, shard);
      members += found.members;
      near += found.near;
    }
    return near / Math.max(1, members);
  });
}

async function nearChanged(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  shard: Shard,
): Promise<{ readonly members: number; readonly near: number }> {
  const changed = ['fresh', 'replaced'].map(
    (table) => `SELECT user_key, ts FROM (${membersSql(`(SELECT * FROM ${table} WHERE NOT dropped)`, definitions)})`,
  );
  await session.run(`CREATE OR REPLACE TABLE touched AS
    SELECT user_key, min(ts) AS first, max(ts) AS last FROM (${changed.join(' UNION ALL ')}) GROUP BY user_key`);
  const reachMs = reachMsOf(VIEWS, definitions);
  const files = (spec.base?.events ?? []).filter((file) => !holdsSignalsOnly(file, definitions));
  const [row] = await session.rows(`SELECT count(*) AS members, count(touched.user_key) AS near
    FROM (SELECT user_key, ts FROM ${eventsIn(spec, files, shard, definitions)}) AS held
    LEFT JOIN touched ON touched.user_key = held.user_key
      AND held.ts BETWEEN touched.first - ${reachMs} AND touched.last + ${reachMs}`);
  return { members: Number(row?.['members']), near: Number(row?.['near']) };
}
