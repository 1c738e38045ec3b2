/** Which archived events count for which key, where keys of one person are joined: for all that reads them by user. */
import { MAX_HOPS } from '@tributary/model/identity/adoption';
import { MOST_LINKS_OF_DAY } from '@tributary/model/identity/links';
import { type DuckDb, runAll } from '../duckdb.ts';
import { statementsOf } from './sql-file.ts';

/** Leaves `adopted`, made of the table `everything` by adopt.sql. `joinedMs`: how far back links reach. */
export async function adopt(session: Pick<DuckDb, 'run'>, joinedMs: number, mostOfDay = MOST_LINKS_OF_DAY): Promise<void> {
  await session.run(
    `CREATE OR REPLACE TABLE joined AS
     SELECT ${BigInt(joinedMs)} AS window_ms, ${MAX_HOPS} AS max_hops, ${mostOfDay} AS most_of_day`,
  );
  await runAll(session, statementsOf('adopt.sql'));
}
