import type { ConfigTable } from '@tributary/runtime/config/read-config';
import { SHARED_SETTINGS } from './shared.ts';
import { baseUrlRule, originsRule } from './text-rules.ts';

export const COLLECTOR_SETTINGS = {
  ...SHARED_SETTINGS,
  collectorPort: { type: 'int', default: 7400, unit: 'port', why: 'events come in here' },
  collectorPublicUrl: {
    type: 'string',
    default: '',
    why: 'base URL that browsers send to, behind a proxy; "" is the host they asked',
    wrong: baseUrlRule,
  },
  collectorOrigins: {
    type: 'string',
    default: '*',
    why: 'web origins that may send from a browser, separated by commas; "*" is every one',
    wrong: originsRule,
  },
  maxBodyBytes: {
    type: 'int',
    default: 5 * 1024 * 1024,
    min: 64 * 1024,
    max: 64 * 1024 * 1024,
    unit: 'bytes',
    why: 'one body, as sent and inflated; serves the libraries (500 KB) and the importers (5 MB)',
  },
  maxBatchEvents: { type: 'int', default: 2_500, min: 1, max: 100_000, why: 'events of one request' },
  maxTypes: {
    type: 'int',
    default: 1_000,
    min: 1,
    why: 'distinct types of a UTC day besides those of the definitions; more read (other)',
  },
  maxChannels: { type: 'int', default: 500, min: 1, why: 'distinct channels of a UTC day; more read (other)' },
  maxCampaigns: {
    type: 'int',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    why: 'distinct campaigns of a UTC day, counted with their channel; more read (other)',
  },
  maxEventAgeDays: {
    type: 'int',
    default: 400,
    min: 1,
    max: 40_000,
    unit: 'days',
    why: 'a live event older than this is rejected',
  },
  maxBrowserEventAgeHours: {
    type: 'int',
    default: 72,
    min: 1,
    max: 960_000,
    unit: 'h',
    why: 'the same with a browser key, which anybody may have',
  },
  maxImportDays: { type: 'int', default: 4_000, min: 1, max: 40_000, why: 'distinct days of history that a UTC day may bring' },
  maxInFlightBytes: {
    type: 'int',
    default: 64 * 1024 * 1024,
    min: 64 * 1024,
    unit: 'bytes',
    why: 'all requests not answered yet; beyond it 429',
    beside: (value, { maxBodyBytes }) =>
      Number(value) >= 3 * Number(maxBodyBytes)
        ? undefined
        : {
            must: `be at least 3 × TRIBUTARY_MAX_BODY_BYTES, ${3 * Number(maxBodyBytes)}`,
            fix: 'Raise it, or lower TRIBUTARY_MAX_BODY_BYTES.',
          },
  },
  maxInFlightEvents: {
    type: 'int',
    default: 50_000,
    min: 1,
    why: 'events being written; beyond it 429',
    beside: (value, { maxBatchEvents }) =>
      Number(value) >= Number(maxBatchEvents)
        ? undefined
        : {
            must: `be at least TRIBUTARY_MAX_BATCH_EVENTS, ${maxBatchEvents}`,
            fix: 'Raise it, or lower TRIBUTARY_MAX_BATCH_EVENTS.',
          },
  },
  maxConnections: { type: 'int', default: 10_000, min: 1, why: 'open connections; more are closed at once' },
  requestTimeoutMs: { type: 'int', default: 30_000, min: 1_000, unit: 'ms', why: 'a request must have arrived whole by then' },
  heartbeatIdleMs: { type: 'int', default: 30_000, min: 100, unit: 'ms', why: 'a partition idle so long gets a heartbeat' },
} as const satisfies ConfigTable;
