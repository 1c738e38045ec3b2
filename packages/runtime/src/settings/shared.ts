/** The settings that every service shares: spread into each service's own table. */
import type { ConfigTable } from '../config/read-config.ts';
import { DISK_SETTINGS } from '../data-folder/disk-space.ts';
import { shownRedisUrl } from '../redis/url.ts';
import { EVENT_LOG_SETTINGS } from './event-log.ts';
import { redisUrlTrouble } from './redis-url-rule.ts';
import { hostRule } from './text-rules.ts';

export const SHARED_SETTINGS = {
  redisUrl: {
    type: 'string',
    default: 'redis://127.0.0.1:7402',
    why: 'Redis of the speed store, and of the log unless it lies in Kafka; redis-cluster://a:1,b:2, redis-sentinel://a:1,b:2/master',
    wrong: redisUrlTrouble,
    shown: shownRedisUrl,
  },
  dataDir: {
    type: 'string',
    default: '.tributary',
    why: 'archive, generations and keys lie here',
    wrong: (text) =>
      text.startsWith('~')
        ? { must: 'not begin with "~", which the shell did not replace', fix: 'Write the whole path.' }
        : undefined,
  },
  ...DISK_SETTINGS,
  host: {
    type: 'string',
    default: '127.0.0.1',
    why: 'address to listen on; by default loopback, for this machine alone',
    wrong: hostRule,
  },
  ...EVENT_LOG_SETTINGS,
  definitionsFile: { type: 'string', default: '', why: 'which events are touches, conversions, signals; "" is the built-in set' },
  logLevel: {
    type: 'string',
    default: 'info',
    oneOf: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    why: 'trace, debug, info, warn, error or silent',
  },
  healthPort: {
    type: 'int',
    default: 0,
    unit: 'port',
    why: 'serves /livez, /readyz and /metrics of a role without HTTP of its own; 0 is none',
  },
} as const satisfies ConfigTable;
