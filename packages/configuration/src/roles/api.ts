import type { ConfigTable } from '@tributary/runtime/config/read-config';
import { DEFAULT_PORTS } from '@tributary/runtime/process/local-ports';
import { SHARED_SETTINGS } from './shared.ts';
import { baseUrlsRule, originsRule, proxiesRule } from './text-rules.ts';

export const API_SETTINGS = {
  ...SHARED_SETTINGS,
  apiPort: { type: 'int', default: DEFAULT_PORTS.api, unit: 'port', why: 'answers come from here' },
  apiOrigins: {
    type: 'string',
    default: '',
    why: 'web origins that may read with a key, separated by commas; "" is none, "*" every one',
    wrong: originsRule,
  },
  apiTrustedProxies: {
    type: 'string',
    default: '',
    why: 'addresses or CIDR ranges of proxies whose X-Forwarded-For is believed, separated by commas; "" is none',
    wrong: proxiesRule,
  },
  apiCollectors: {
    type: 'string',
    default: '',
    why: 'base URLs of the collectors, separated by commas, which /v1/rejections asks; every address of a name is asked. "" is none',
    wrong: baseUrlsRule,
  },
  apiMaxInFlight: {
    type: 'int',
    default: 2_000,
    min: 1,
    unit: 'requests',
    why: 'keys share them, one alone gets half; beyond its share 429',
  },
  apiMaxConnections: { type: 'int', default: 10_000, min: 1, why: 'open connections; more are closed at once' },
  apiBodyBytes: { type: 'int', default: 512 * 1024, min: 1_024, unit: 'bytes', why: 'one request body' },
  apiArchiveConcurrency: {
    type: 'int',
    default: 2,
    min: 1,
    max: 16,
    why: 'questions that DuckDB answers at a time; eight times as many wait',
  },
  apiArchiveTimeoutMs: {
    type: 'int',
    default: 10_000,
    min: 100,
    unit: 'ms',
    why: 'a question to the archive is given up after this, waiting included',
  },
  apiDuckdbMemoryMb: { type: 'int', default: 256, min: 64, unit: 'MiB', why: 'buffers of one DuckDB session' },
  apiKeptValuesMb: {
    type: 'int',
    default: 64,
    min: 0,
    max: 4_096,
    unit: 'MiB',
    why: "values of signals that last are kept with their users' records; 0: none",
  },
  apiPatienceMs: {
    type: 'int',
    default: 10_000,
    min: 100,
    unit: 'ms',
    why: 'answers are incomplete while an entry of the log that is so old has not been applied',
  },
} as const satisfies ConfigTable;
