/** Which arrivals are filed as touches and conversions: a later run looks for those of the base among them alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { membersSql, prepareStatements } from '@tributary/views/sql';
import { expect, test } from 'vitest';
import { openDuckDb } from '../duckdb.ts';
import { copyToParquet } from '../parquet.ts';
import { arrivals, GENERATION_EVENT_COLUMNS, parquetFiles } from './relations.ts';
import type { ComputeSpec } from './spec.ts';

test('law 5: an arrival is filed as a member exactly where timelines have it', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-relations-'));
  const session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dataDir, 'spill') });
  try {
    const definitions = definitionsOf({
      touches: { click: { windowDays: 7, defaultChannel: null }, visit: { windowDays: 7, defaultChannel: 'direct' } },
      conversions: ['buy'],
    });
    for (const { sql, values } of prepareStatements(definitions)) await session.run(sql, values);
    const types = ['click', 'visit', 'buy', 'view'];
    const events = types.flatMap((type) => [`('${type}-with', '${type}', 'search')`, `('${type}-without', '${type}', NULL)`]);
    const path = 'events.parquet';
    const given = `SELECT 0 AS partition, 'ana' AS user_key, 5::BIGINT AS ts, * FROM (VALUES ${events.join(', ')}) AS given(id, type, channel)`;
    const columns = { ...GENERATION_EVENT_COLUMNS, position: 'VARCHAR', entry_index: 'INTEGER' } as const;
    const query = `FROM ${parquetFiles(dataDir, [], columns)} UNION ALL BY NAME ${given}`;
    await copyToParquet(session, query, join(dataDir, path));
    const spec = { dataDir, arrivals: [[{ path, rows: 8, bytes: 1, sha256: '' }]] } as unknown as ComputeSpec;
    const fresh = arrivals(spec, { from: 0, to: 1 }, definitions);
    const ids = async (relation: string) => (await session.rows(`SELECT id FROM ${relation} ORDER BY id`)).map(({ id }) => id);
    const members = await ids(`(FROM ${fresh} WHERE is_member)`);
    expect(members).toEqual(['buy-with', 'buy-without', 'click-with', 'visit-with', 'visit-without']);
    expect(await ids(`(${membersSql(fresh, definitions)})`)).toEqual(members);
    expect(await ids(`(FROM ${fresh} WHERE NOT is_member)`)).toEqual(['click-without', 'view-with', 'view-without']);
  } finally {
    await session.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
