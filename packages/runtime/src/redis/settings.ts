import type { ConfigTable } from '../config/read-config.ts';
import { DEFAULT_PORTS } from '../process/local-ports.ts';
import { shownRedisUrl } from './url.ts';
import { redisUrlTrouble } from './url-rule.ts';

export const REDIS_SETTINGS = {
  redisUrl: {
    type: 'string',
    default: `redis://127.0.0.1:${DEFAULT_PORTS.redis}`,
    why: 'Redis of the speed store, and of the log unless it lies in Kafka; unix:///path/of/socket, redis-cluster://a:1,b:2, redis-sentinel://a:1,b:2/master',
    wrong: redisUrlTrouble,
    shown: shownRedisUrl,
  },
} as const satisfies ConfigTable;
