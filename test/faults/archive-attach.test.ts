/** What `archive attach` prints, run by DuckDB over an archive that is being merged: every arrival once, every event once. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mergeBlock } from '@tributary/archive/blocks';
import type { DuckDb } from '@tributary/archive/duckdb';
import { EVENT_COLUMNS } from '@tributary/archive/layout';
import { BLOCK_SEGMENTS } from '@tributary/archive/segments';
import { ERASE_TYPE, encodeErasure } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { expect, test } from 'vitest';
import { attachText } from '../../packages/cli/src/report/attach.ts';
import { createRig, placesInArchive, someEvents, withSession } from './archiver-rig.ts';

const statements = (text: string) => text.split(/;\n|;$/).filter((each) => each.trim() !== '');

async function attach(session: DuckDb, dataDir: string): Promise<Record<string, unknown>[]> {
  const all = statements(attachText('duckdb', dataDir));
  for (const statement of all.slice(0, -1)) await session.run(statement);
  return session.rows(all.at(-1) as string);
}

test('DuckDB reads each arrival and each event once, while segments are merged, from a folder with any name', async () => {
  const rig = await createRig(2);
  const odd = await mkdtemp(join(tmpdir(), "tributary-it's [1] *and* ?-"));
  try {
    const archiver = await rig.start();
    for (let i = 0; i <= BLOCK_SEGMENTS; i++) {
      // Each batch brings two of the one before again.
      await rig.append(someEvents(6, i * 4));
      await rig.barrier(i + 1);
      await archiver.turn();
    }
    const arrivals = (await placesInArchive(rig)).length;
    expect(arrivals).toBe(6 * (BLOCK_SEGMENTS + 1));
    const events = 4 * (BLOCK_SEGMENTS + 1) + 2;
    await withSession(async (session) => {
      const counts = async (dataDir: string) => {
        const byType = await attach(session, dataDir);
        const [all] = await session.rows('SELECT count(*) AS n FROM tributary_arrivals');
        const columns = (await session.rows('DESCRIBE tributary_arrivals')).map((row) => [
          row['column_name'],
          row['column_type'],
        ]);
        expect(columns).toEqual(Object.entries(EVENT_COLUMNS));
        return [Number(all?.['n']), byType.reduce((sum, row) => sum + Number(row['events']), 0)];
      };
      expect(await counts(rig.dataDir)).toEqual([arrivals, events]);
      // The block and the segments that it replaces are both there, for a day.
      await mergeBlock(session, rig.dataDir, { partition: 0, first: 0 }, 'b1', join(rig.dataDir, 'staging/b1'));
      const [glob] = await session.rows(`SELECT count(*) AS n FROM read_parquet('${rig.dataDir}/archive/events/*/*.parquet')`);
      expect(Number(glob?.['n'])).toBeGreaterThan(arrivals);
      expect(await counts(rig.dataDir)).toEqual([arrivals, events]);
      await cp(rig.dataDir, odd, { recursive: true });
      expect(await counts(odd)).toEqual([arrivals, events]);
    });
  } finally {
    await rig.close();
    await rm(odd, { recursive: true, force: true });
  }
});

test('law 9: other programs get no record of an erasure as an event', async () => {
  const rig = await createRig(2);
  try {
    const archiver = await rig.start();
    const erasure = encodeErasure({ type: ERASE_TYPE, userKey: 'ana', id: 'erased', atMs: Date.UTC(2026, 0, 1) });
    await rig.append(someEvents(6, 0));
    await rig.append([JSON.parse(erasure) as Event]);
    await rig.barrier(1);
    await archiver.turn();
    await withSession(async (session) => {
      const types = (await attach(session, rig.dataDir)).map((row) => String(row['type']));
      expect(types.length).toBeGreaterThan(0);
      expect(types.filter((type) => type.startsWith('tributary.'))).toEqual([]);
      const [all] = await session.rows("SELECT count(*) AS n FROM tributary_arrivals WHERE type = 'tributary.erase'");
      expect(Number(all?.['n'])).toBe(1);
    });
  } finally {
    await rig.close();
  }
});
