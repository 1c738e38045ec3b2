/** The lock of who replaces archived files outlives any death of who makes it. */
import { mkdir, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { alone } from './alone.ts';
import { openDuckDb } from './duckdb.ts';

test('law 9: killed while the lock is made, the next one makes it and has it', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-alone-'));
  const session = await openDuckDb({ memoryLimit: '128MB', threads: 1, tempDir: join(dataDir, 'spill') });
  await mkdir(join(dataDir, 'archive'));
  const own = { dataDir, staging: join(dataDir, 'staging', 'own') };
  try {
    const dying = {
      ...session,
      async run(sql: string) {
        const [, path = ''] = /^ATTACH '([^']+)' AS (\w+)$/.exec(sql) ?? [];
        await session.run(sql);
        if (path === '') return;
        await session.run(sql.replace(/^.* AS /, 'DETACH '));
        await truncate(path, 100);
        throw new Error('killed');
      },
    };
    await expect(alone(dying, own, async () => 1)).rejects.toThrow('killed');
    expect(await alone(session, own, async () => 2)).toBe(2);
    expect(await alone(session, own, async () => 3)).toBe(3);
  } finally {
    await session.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
