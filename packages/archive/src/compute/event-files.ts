/**
 * The files of a generation's deduplicated events. Under the definitions of their time most events are mere signals, which no
 * path will ever ask for: they lie in files of their own, whose name says under which definitions that holds.
 *
 *   members-…                        touches and conversions; also whatever nothing is known about
 *   signals-<definitions version>-…  neither, under these definitions; the version that they would have without corrections
 */
import { basename } from 'node:path';
import type { Definitions } from '@tributary/model/definitions';
import type { DuckDb } from '../duckdb.ts';
import type { StoredFile } from '../layout.ts';
import { type Output, rowsIn } from './output.ts';
import { columnsOfEvents, parquetFiles } from './relations.ts';
import type { ComputeSpec } from './spec.ts';

/** The events of `fresh`, `arrived` of them with their copies, as increments of the shard with this number. */
export async function writeIncrement(
  output: Output,
  definitions: Definitions,
  shard: number,
  arrived: number,
): Promise<StoredFile[]> {
  const event = Object.keys(columnsOfEvents(definitions)).join(', ');
  const number = String(shard).padStart(4, '0');
  // One after the other: the other connection computes meanwhile.
  const members = await output.writeRows(`members-${number}`, `SELECT ${event} FROM fresh WHERE is_member`, arrived);
  const signals = await output.writeRows(
    `signals-${definitions.uncorrectedVersion}-${number}`,
    `SELECT ${event} FROM fresh WHERE NOT is_member`,
    arrived,
  );
  return [...members, ...signals];
}

/** True when the file holds no touch and no conversion under these definitions. Other corrections take what they change out of it. */
export function holdsSignalsOnly(file: StoredFile, { uncorrectedVersion }: Definitions): boolean {
  return basename(file.path).startsWith(`signals-${uncorrectedVersion}-`);
}

/** Signals of other definitions may be anything under these: they join the members when it is their turn. */
export async function mergeEvents(output: Output, definitions: Definitions, files: readonly StoredFile[]): Promise<StoredFile[]> {
  const columns = columnsOfEvents(definitions);
  const { signals, members } = byKind(files, definitions);
  return [
    ...(await output.merge('members', columns, members)),
    ...(await output.merge(`signals-${definitions.uncorrectedVersion}`, columns, signals)),
  ];
}

/** The base's files without the events that count otherwise now, where any do. Only those that hold any are written again. */
export async function keptOfBase(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  output: Output,
  replaces: boolean,
): Promise<readonly StoredFile[]> {
  const files = spec.base?.events ?? [];
  if (!replaces || files.length === 0) return files;
  const columns = columnsOfEvents(definitions);
  const hit: StoredFile[] = [];
  for (const file of files) {
    const [found] = await session.rows(
      `SELECT 1 AS found FROM ${parquetFiles(spec.dataDir, [file], columns)} AS held SEMI JOIN replaced_events USING (user_key, id) LIMIT 1`,
    );
    if (found !== undefined) hit.push(file);
  }
  const left = (of: readonly StoredFile[]) =>
    `SELECT * FROM ${parquetFiles(spec.dataDir, of, columns)} AS held ANTI JOIN replaced_events USING (user_key, id)`;
  const { signals, members } = byKind(hit, definitions);
  return [
    ...files.filter((file) => !hit.includes(file)),
    ...(await output.writeRows('members-left', left(members), rowsIn(members))),
    ...(await output.writeRows(`signals-${definitions.uncorrectedVersion}-left`, left(signals), rowsIn(signals))),
  ];
}

function byKind(files: readonly StoredFile[], definitions: Definitions) {
  const { signals = [], members = [] } = Object.groupBy(files, (file) =>
    holdsSignalsOnly(file, definitions) ? 'signals' : 'members',
  );
  return { signals, members };
}
