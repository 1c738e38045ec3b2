/**
 * The journeys that ended in a conversion, touch by touch: computed from the events and the definitions of a generation by the SQL that its views
 * were computed by, a partition at a time, for users do not leave theirs.
 */
import { join } from 'node:path';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { askedStatements, pathStatements, prepareStatements, timelineStatements } from '@tributary/views/sql';
import { columnsOfEvents, eventsIn, keepsAllColumns } from '../compute/relations.ts';
import { loadCounting } from '../compute/shard.ts';
import type { DuckDb } from '../duckdb.ts';
import type { GenerationManifest } from '../layout.ts';
import { PARQUET } from '../parquet.ts';
import { sqlText } from '../sql-text.ts';

/** A row a touch; of a conversion without touches one, without `step`. */
export const JOURNEY_COLUMNS = {
  id: 'VARCHAR',
  user_key: 'VARCHAR',
  ts: 'BIGINT',
  type: 'VARCHAR',
  value: 'BIGINT',
  currency: 'VARCHAR',
  steps: 'BIGINT',
  step: 'BIGINT',
  touch_id: 'VARCHAR',
  touch_ts: 'BIGINT',
  touch_type: 'VARCHAR',
  channel: 'VARCHAR',
  campaign: 'VARCHAR',
} as const;

export interface JourneyPorts {
  readonly session: DuckDb;
  readonly dataDir: string;
  /** For a file a partition. */
  readonly folder: string;
  /** Called behind each statement and each file; throws where the work must end. */
  readonly demandTime: (files: readonly string[]) => Promise<void>;
}

/** Resolves with the files, which have JOURNEY_COLUMNS. Throws `conflict` where the events of the generation lack a field that this version reads. */
export async function writeJourneys(manifest: GenerationManifest, ports: JourneyPorts): Promise<string[]> {
  const { session, folder, demandTime } = ports;
  if (!keepsAllColumns(manifest))
    throw new TributaryError(
      'conflict',
      `generation ${manifest.generation} must have all fields that journeys need (got one of an earlier version). Compute one with "tributary batch run --full"`,
    );
  const definitions = storedDefinitions(manifest.definitions, sha256Hex);
  for (const { sql, values } of prepareStatements(definitions)) await session.run(sql, values);
  const files: string[] = [];
  for (const partition of manifest.cut.keys()) {
    await demandTime(files);
    await loadCounting(session, definitions, eventsOf(manifest, ports.dataDir, definitions, partition));
    for (const sql of [...timelineStatements(definitions), ...askedStatements([]), ...pathStatements(definitions)]) {
      await demandTime(files);
      await session.run(sql);
    }
    const file = join(folder, `journeys-${partition}.parquet`);
    await session.run(`COPY (${ROWS}) TO ${sqlText(file)} (${PARQUET})`);
    files.push(file);
  }
  await demandTime(files);
  return files;
}

function eventsOf({ events }: GenerationManifest, dataDir: string, definitions: Definitions, partition: number): string {
  const columns = Object.keys(columnsOfEvents(definitions)).join(', ');
  return `SELECT ${columns} FROM ${eventsIn({ dataDir }, events, { from: partition, to: partition + 1 }, definitions)}`;
}

/** All events come: each path is the one that is there now, number 2·row of `asked`. */
const ROWS = `
  SELECT conversion.id, asked.user_key, asked.ts, asked.type, asked.value, asked.currency, path.touches AS steps,
    CASE WHEN walked.place_no > 0 THEN walked.i END AS step, touch.id AS touch_id, touch.ts AS touch_ts, touch.type AS touch_type,
    touch.channel, touch.campaign
  FROM walked
  JOIN path USING (path_no)
  JOIN asked ON asked.rowid = walked.path_no // 2
  JOIN timelines AS conversion ON conversion.user_key = asked.user_key AND conversion.seq = asked.seq
  LEFT JOIN timelines AS touch ON touch.user_key = asked.user_key AND touch.seq = walked.seq AND walked.place_no > 0
  ORDER BY asked.user_key, asked.seq, walked.i`;
