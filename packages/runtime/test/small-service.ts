/** A service for the life-cycle tests: what it shall do wrong is in TRIBUTARY_MODE. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import type { ConfigTable } from '../src/config/read-config.ts';
import { DATA_FOLDER_SETTINGS } from '../src/data-folder/settings.ts';
import { runService } from '../src/process/service.ts';
import { PROCESS_SETTINGS } from '../src/process/settings.ts';
import { REDIS_SETTINGS } from '../src/redis/settings.ts';

const CONFIG = {
  ...REDIS_SETTINGS,
  ...DATA_FOLDER_SETTINGS,
  ...PROCESS_SETTINGS,
  apiPort: { type: 'int', default: 0, unit: 'port', why: 'none is opened' },
  mode: { type: 'string', default: '', why: 'what goes wrong' },
} as const satisfies ConfigTable;

await runService('small', CONFIG, async ({ config: { mode }, log, signal }) => {
  if (mode === 'refuses') throw new TributaryError('not_durable', 'Redis has appendonly "no"');
  if (mode === 'starts-for-ever') log.info('starting');
  if (mode === 'starts-for-ever') await sleep(60_000, undefined, { signal });
  if (mode === 'starts-and-does-not-listen') log.info('starting');
  if (mode === 'starts-and-does-not-listen') await sleep(60_000);
  // 1 MB: more than any pipe holds.
  if (mode === 'says-much') for (let line = 0; line < 1_000; line++) log.info({ line, text: 'x'.repeat(1_000) }, 'much');
  if (mode === 'dies') setTimeout(() => Promise.reject(new Error('a defect')), 50);
  if (mode === 'is-misled')
    setTimeout(() => Promise.reject(new TributaryError('invalid_config', 'keys.json is half written')), 50);
  const refused = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['the-password'] } });
  if (mode === 'is-refused') throw refused;
  const readyAt = Date.now() + 150;
  const awake = setInterval(() => {}, 1_000);
  signal.addEventListener('abort', () => log.info('asked to stop'));
  return {
    ready: async () => ({ ok: Date.now() >= readyAt, detail: 'soon' }),
    drain: async () => {
      if (mode === 'drains-for-ever') await sleep(60_000);
      await sleep(100);
      clearInterval(awake);
      log.info('drained');
    },
  };
});
