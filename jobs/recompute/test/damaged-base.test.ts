/** Files of a base that a generation takes over as they are: verified all the same, for readers read them with it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { event } from './one-user.ts';
import { createWorld } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);

test('law 7: no generation is built upon a damaged file of a view, be it one that stays; a full one is exact again', async () => {
  const world = await createWorld(DEFINITIONS);
  try {
    const log = [
      event('click', 3.5, 'click', { channel: 'search' }),
      event('order', 4, 'buy', { value: 100, currency: 'EUR' }),
      event('page', 4.5, 'page'),
    ];
    for (const one of log.slice(0, 2)) {
      await world.ingest([one]);
      await world.run();
    }
    const { views } = await world.manifest(2);
    const last = views['credit']?.at(-1)?.path ?? '';
    const bytes = await readFile(join(world.dataDir, last));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(join(world.dataDir, last), bytes);
    // A page changes no credit: its files stay.
    await world.ingest(log.slice(2));
    await expect(world.run()).rejects.toMatchObject({ code: 'archive_corrupt', message: expect.stringContaining(last) });
    expect((await world.current())?.generation).toBe(2);
    await expect(world.run({ mode: 'full' })).resolves.toMatchObject({ generation: 4, published: 'published' });
    expect(differences(await world.viewsOf(4), naive(log, DEFINITIONS))).toEqual([]);
  } finally {
    await world.close();
  }
});
