import { OUTPUT_LOG_SETTINGS } from '@tributary/log/settings';
import { MEMBER_SETTINGS } from '@tributary/membership/settings';
import type { ConfigTable } from '@tributary/runtime/config/read-config';
import { SHARED_SETTINGS } from './shared.ts';

export const SPEED_SETTINGS = {
  ...SHARED_SETTINGS,
  commitEntries: {
    type: 'int',
    default: 200,
    min: 1,
    max: 10_000,
    why: 'log entries of one partition in one commit',
  },
  cachedEvents: {
    type: 'int',
    default: 3_200_000,
    unit: 'events',
    why: 'bound on timelines held in memory, over all partitions (about 130 bytes each)',
  },
  timelineEvents: {
    type: 'int',
    default: 10_000,
    min: 100,
    unit: 'events',
    why: 'events in the timeline of one user; beyond it, rows that look at what was cut are exact only after the next generation',
  },
  ...MEMBER_SETTINGS,
  outputs: {
    type: 'string',
    default: 'none',
    oneOf: ['none', 'conversions', 'segments', 'all'],
    why: 'what is passed on to the output log: none, conversions (as they are attributed), segments (these, and who enters and leaves a segment, and ends of sessions), or all (enriched events too)',
  },
  ...OUTPUT_LOG_SETTINGS,
} as const satisfies ConfigTable;
