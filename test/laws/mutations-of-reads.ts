/** Lies about what readers are given, and about who says that they are well. */
import type { Mutation } from './mutation-list.ts';

const API = 'services/api/src';

export const MUTATIONS_OF_READS: readonly Mutation[] = [
  {
    lie: 'an unread entry is as old as the look that found it',
    law: '7',
    file: `${API}/speed-health.ts`,
    from: 'appendedMs: askedMs - ageMs',
    to: 'appendedMs: askedMs',
    test: 'test/laws/law-7-lag.test.ts',
  },
  {
    lie: 'a report of a minute ago passes for one of now',
    law: '7',
    file: `${API}/snapshot.ts`,
    from: 'holes: stale === null ? findings.holes : [stale, ...findings.holes]',
    to: 'holes: findings.holes',
    test: 'services/api/test/no-silent-holes.test.ts',
  },
  {
    lie: 'what is held is as young as its youngest partition',
    law: '7',
    file: `${API}/delta-follower.ts`,
    from: 'Math.min(...asOfMs)',
    to: 'Math.max(...asOfMs)',
    test: 'services/api/test/delta-follower.test.ts',
  },
  {
    lie: 'a view that no generation has reads as nothing',
    law: '7',
    file: `${API}/snapshot.ts`,
    from: "  if (layers !== 'speed') demandViews(loaded, views);\n",
    to: '',
    test: 'services/api/test/no-silent-holes.test.ts',
  },
  {
    lie: 'records are read first and bounded afterwards',
    law: '7',
    file: `${API}/record-reader.ts`,
    from: '          demandBound(owners, records);\n',
    to: '',
    test: 'services/api/test/record-reader.test.ts',
  },
  {
    lie: 'a partition that stands still is well as long as the log grows',
    law: '7',
    file: 'services/speed/src/standing-still.ts',
    from: 'known.position !== position',
    to: 'known.position !== end',
    test: 'services/speed/test/standing-still.test.ts',
  },
  {
    lie: 'a collector is ready as long as the log says where it ends',
    law: '6',
    file: 'services/collector/src/activity.ts',
    from: '          failures++;\n',
    to: '',
    test: 'services/collector/test/activity.test.ts',
  },
  {
    lie: 'events are taken until Redis itself is full',
    law: '6',
    file: 'packages/log/src/redis-stream/redis-stream-log.ts',
    from: "      if (record.kind === 'events') memory.assertRoom();\n",
    to: '',
    test: 'test/contract/log.redis.test.ts',
  },
];
