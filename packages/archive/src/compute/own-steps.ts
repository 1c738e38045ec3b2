/** The steps of each channel on a path (journeys/own.sql), in as many slices as the memory of a run asks for. */
import { ownStatements } from '@tributary/views/sql';
import { type DuckDb, runAll } from '../duckdb.ts';
import { countOf } from './relations.ts';

/** DuckDB was seen to run out of memory between 31 000 and 78 000 steps for each MiB, beside nothing else. */
const STEPS_PER_MIB = 15_000;

/** From `walked` to `own`. `memoryMb`: of the session, MiB. */
export async function loadOwn(session: DuckDb, memoryMb: number): Promise<void> {
  const steps = await countOf(session, 'walked');
  await runAll(session, ownStatements(Math.max(1, Math.ceil(steps / (memoryMb * STEPS_PER_MIB)))));
}
