import { DURABLE_SETTINGS } from '@tributary/runtime/redis/durability';
import type { Redis } from 'ioredis';
import { afterEach, expect, test, vi } from 'vitest';
import { checkDurability } from './durability.ts';

afterEach(() => vi.restoreAllMocks());

/** With the settings that are asked for, and these answers to INFO. */
function redisWith(info: Readonly<Record<string, string>>): Redis {
  const settings = new Map(DURABLE_SETTINGS.map(({ setting, want }) => [setting, want]));
  return {
    config: async (_get: string, setting: string) => [setting, settings.get(setting as never)],
    info: async (section: string) => info[section] ?? '',
  } as unknown as Redis;
}

const WRITING = 'aof_rewrite_in_progress:1\r\naof_base_size:123\r\n';

test('law 7: a file that takes long to write ends no start for good', async () => {
  await checkDurability(redisWith({ persistence: WRITING, commandstats: 'cmdstat_get:calls=1' }));
  // CONFIG RESETSTAT leaves nothing of what was set before it but its own name.
  for (const called of ['set', 'resetstat']) {
    vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(60_001);
    const afterSetting = redisWith({ persistence: WRITING, commandstats: `cmdstat_config|${called}:calls=1` });
    await expect(checkDurability(afterSetting), called).rejects.toMatchObject({
      code: 'log_unavailable',
      message: expect.stringContaining('got 1 for 60 s'),
    });
    vi.restoreAllMocks();
  }
});
