/** The settings that every service shares: spread into each service's own table. */
import type { ConfigTable } from './config.ts';

export const SHARED_CONFIG = {
  redisUrl: { type: 'string', default: 'redis://127.0.0.1:7402', why: 'Redis that holds the log and the speed store' },
  dataDir: { type: 'string', default: '.tributary', why: 'archive, generations and keys lie here' },
  host: { type: 'string', default: '127.0.0.1', why: 'address to listen on; loopback unless told otherwise' },
  partitions: {
    type: 'int',
    default: 16,
    min: 1,
    max: 1024,
    why: 'partitions of the log; fixed when the log is created',
  },
  definitionsFile: { type: 'string', default: '', why: 'which events are touches, conversions, signals; "" is the built-in set' },
  logLevel: { type: 'string', default: 'info', why: 'trace, debug, info, warn, error or silent' },
  healthPort: {
    type: 'int',
    default: 0,
    unit: 'port',
    why: 'serves /livez, /readyz and /metrics of a role without HTTP of its own; 0 is none',
  },
} as const satisfies ConfigTable;
