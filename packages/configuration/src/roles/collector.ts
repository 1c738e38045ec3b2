import type { ConfigTable } from '@tributary/runtime/config/read-config';
import type { Value, Values, Wrong } from '@tributary/runtime/config/setting';
import { DEFAULT_PORTS } from '@tributary/runtime/process/local-ports';
import { SHARED_SETTINGS } from './shared.ts';
import { baseUrlRule, hashKeyRule, minimiseRule, originsRule, trackerPathRule } from './text-rules.ts';

/** With a key that anybody may have, and without one in the header: the libraries that send either stop at 500 KB. */
export const PUBLIC_BODY_BYTES = 512 * 1024;
/** The part of `maxInFlightBytes` that bodies may hold whose key was not verified yet. 8 MB by default. */
export const KEYLESS_SHARE = 1 / 8;
/** What is written of an event beside what was sent of it: names of fields, its id, its key, when it came. */
const LINE_BYTES = 256;

export const COLLECTOR_SETTINGS = {
  ...SHARED_SETTINGS,
  collectorPort: { type: 'int', default: DEFAULT_PORTS.collector, unit: 'port', why: 'events come in here' },
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
  trackerPath: {
    type: 'string',
    default: '/web',
    why: 'where the tracker of pages sends to; its script is at this path with .js behind it',
    wrong: trackerPathRule,
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
  maxPages: {
    type: 'int',
    default: 8_000,
    min: 1,
    max: 1_000_000,
    why: 'distinct pages of a UTC day, by their name in the definitions; more read (other)',
  },
  maxElements: {
    type: 'int',
    default: 2_000,
    min: 1,
    max: 1_000_000,
    why: 'distinct names of elements, forms, fields and hosts of links that pages of a UTC day have; more read (other)',
  },
  maxCountedValues: {
    type: 'int',
    default: 50_000,
    min: 1,
    max: 1_000_000,
    why: 'distinct values that a UTC day brings of what definitions count; more count as (other)',
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
    beside: holdsOneRequest,
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
  minimise: {
    type: 'string',
    default: '',
    why: 'fields that are dropped or hashed before an event is written, such as drop:properties.ip, hash:properties.**.email',
    wrong: minimiseRule,
    beside: (value, { minimiseKey }) =>
      /hash:/.test(String(value)) && minimiseKey === ''
        ? { must: 'hash no field without TRIBUTARY_MINIMISE_KEY', fix: 'Set that key, or drop the field.' }
        : undefined,
  },
  minimiseKey: {
    type: 'string',
    default: '',
    why: 'the secret that TRIBUTARY_MINIMISE hashes with; with another one equal values are equal no longer',
    shown: () => 'a key that is not shown',
    wrong: hashKeyRule,
  },
  heartbeatIdleMs: { type: 'int', default: 30_000, min: 100, unit: 'ms', why: 'a partition idle so long gets a heartbeat' },
} as const satisfies ConfigTable;

/** A request that is alone and too large for its share would be answered 429 for ever: a body, and beside it the lines that are written of it. */
function holdsOneRequest(value: Value, { maxBodyBytes, maxBatchEvents }: Values): Wrong | undefined {
  const body = Number(maxBodyBytes);
  const keyed = (2 * body + LINE_BYTES * Number(maxBatchEvents)) / (1 - KEYLESS_SHARE);
  const keyless = Math.min(PUBLIC_BODY_BYTES, body) / KEYLESS_SHARE;
  const least = Math.ceil(Math.max(3 * body, keyed, keyless));
  if (Number(value) >= least) return undefined;
  return {
    must: `be at least ${least}, what a request of TRIBUTARY_MAX_BODY_BYTES and TRIBUTARY_MAX_BATCH_EVENTS may need`,
    fix: 'Raise it, or lower one of these.',
  };
}
