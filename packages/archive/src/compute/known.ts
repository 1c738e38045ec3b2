/**
 * Which events come that the base already holds (law 3). Few do, and most ids are of one event, so ids alone are compared first, and keys of users are read
 * at the places of those that are found: without any, that is two thirds of the time that comparing both takes.
 */
import type { Definitions } from '@tributary/model/definitions';
import type { DuckDb } from '../duckdb.ts';
import { baseEvents, eventsIn, rowsMade } from './relations.ts';
import type { ComputeSpec, Shard } from './spec.ts';

/** Where all is sent again, or many users share an id, the first answer is as long as the base: from here on both are compared at once. */
const MOST_MET = 100_000;

/** Where a row lies: the number of its file among those that are read, and its own in that file. */
const PLACE = { file_index: 'BIGINT', file_row_number: 'BIGINT' } as const;

/** Leaves `known` (user_key, id): of events of the base all that are in `fresh`, and others. Resolves with its length. `forgets`: without those in `erased_now`. */
export async function loadKnown(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  shard: Shard,
  forgets: boolean,
): Promise<number> {
  const { base, limits } = spec;
  if (base === null || base.events.length === 0) return 0;
  const most = limits.mostMet ?? MOST_MET;
  const places = eventsIn(spec, base.events, shard, definitions, PLACE);
  const met = await rowsMade(session, [
    `CREATE OR REPLACE TABLE met AS
      SELECT id, file_index, file_row_number FROM ${places} AS held SEMI JOIN fresh USING (id) LIMIT ${most + 1}`,
  ]);
  if (met === 0) return 0;
  const held =
    met > most
      ? `(SELECT user_key, id FROM ${baseEvents(spec, shard, definitions)} AS held SEMI JOIN fresh USING (user_key, id))`
      : `(SELECT held.user_key, met.id FROM ${places} AS held JOIN met USING (file_index, file_row_number))`;
  return rowsMade(session, [
    `CREATE OR REPLACE TABLE known AS SELECT user_key, id FROM ${held} AS held ${forgets ? 'ANTI JOIN erased_now USING (user_key)' : ''}`,
  ]);
}
