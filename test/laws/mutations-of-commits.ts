/** Lies of the commit's script, and of small commits: events that gather under load, and commits of several partitions that go to Redis as one call (decision 36). */
import type { Mutation } from './mutation-list.ts';

const GATHERING = 'services/speed/src/read/gathering.ts';
const GATHERS = 'services/speed/test/gathering.test.ts';
const GROUPED = 'packages/store/src/redis/grouped.ts';
const GROUPS = 'packages/store/src/redis/grouped.test.ts';
const SCRIPT = 'packages/store/src/commit/commit.lua';
const STORE = 'test/contract/store.redis.test.ts';
const PACKED = 'packages/store/src/redis/packed-call.ts';
const PACKS = 'packages/store/src/redis/packed-call.test.ts';
const AHEAD = 'services/speed/src/read/read-ahead.ts';
const TAKES = 'services/speed/test/read-ahead.test.ts';
const ENTRIES = 'packages/log/src/kafka/entries.ts';
const JOINS = 'packages/log/src/kafka/entries.test.ts';

export const MUTATIONS_OF_COMMITS: readonly Mutation[] = [
  {
    lie: 'a store that lost a commit still has the views that it counted',
    law: '7',
    file: 'packages/store/src/commit/redis-speed-store.ts',
    from: "        storedViews.set(partition, fields['views'] ?? '');\n",
    to: '',
    test: 'test/contract/store.redis.test.ts',
  },
  {
    lie: 'rows beyond the first thousand of a view in one commit are dropped',
    law: '1',
    file: SCRIPT,
    from: 'for first = 1, #rows, CHUNK * width do',
    to: 'for first = 1, math.min(1, #rows) do',
    test: STORE,
  },
  {
    lie: 'the window in which events gather has no bound',
    law: '7',
    file: GATHERING,
    from: 'Math.min(1, faded(sinceMs) / FULL_RATE)',
    to: '(faded(sinceMs) / FULL_RATE)',
    test: GATHERS,
  },
  {
    lie: 'the window in which events gather begins again with each look at it',
    law: '7',
    file: GATHERING,
    from: 'return Math.max(0, windowMs - sinceMs);',
    to: 'return windowMs;',
    test: GATHERS,
  },
  {
    lie: 'what became of the first commit of a call is said of all',
    law: '3',
    file: GROUPED,
    from: 'replies[i] ??',
    to: 'replies[0] ??',
    test: STORE,
  },
  {
    lie: 'the fence of all commits of a call is that of its first partition',
    law: '3',
    file: SCRIPT,
    from: 'pcall(commit, KEYS[call], at + 1)',
    to: 'pcall(commit, KEYS[1], at + 1)',
    test: STORE,
  },
  {
    lie: 'a commit that Redis refuses ends those that are sent with it',
    law: '7',
    file: SCRIPT,
    from: 'local done, reply = pcall(commit, KEYS[call], at + 1)',
    to: 'local done, reply = true, commit(KEYS[call], at + 1)',
    test: STORE,
  },
  {
    lie: 'records that Redis refuses end the reads that are sent with theirs',
    law: '7',
    file: 'packages/store/src/commit/read-records.lua',
    from: 'local done, reply = pcall(records_of, KEYS[call], at + 1, last)',
    to: 'local done, reply = true, records_of(KEYS[call], at + 1, last)',
    test: STORE,
  },
  {
    lie: 'each partition that is asked for records may fill the answer',
    law: '7',
    file: 'packages/store/src/commit/read-records.lua',
    from: 'local prefix, records = ARGV[from], {}',
    to: 'local prefix, records, left, given = ARGV[from], {}, tonumber(ARGV[from + 1]), false',
    test: STORE,
  },
  {
    lie: 'who finds the answer full gets none of their records',
    law: '7',
    file: 'packages/store/src/commit/redis-speed-store.ts',
    from: 'givesNone(shared) ? await reads.alone(call) : shared',
    to: 'shared',
    test: STORE,
  },
  {
    lie: 'any number of characters goes to Redis in one call',
    law: '7',
    file: GROUPED,
    from: 'if (length <= MOST_LENGTH)',
    to: 'if (groups.length > 0)',
    test: GROUPS,
  },
  {
    lie: 'on a cluster commits of several nodes go to one of them',
    law: '3',
    file: GROUPED,
    from: '      if (redis.isCluster) return this.alone(call);\n',
    to: '',
    test: GROUPS,
  },
  {
    lie: 'of the entries that go from the feed together only the first one is counted',
    law: '7',
    file: SCRIPT,
    from: 'for i = 1, #gone do',
    to: 'for i = 1, 1 do',
    test: STORE,
  },
  {
    lie: 'what is taken away from the rows of an anchor is added to them',
    law: '1',
    file: 'packages/views/src/difference.ts',
    from: 'signEmitted = sign;',
    to: 'signEmitted = 1;',
    test: 'test/laws/law-1-merge.test.ts',
  },
  {
    lie: 'events of another day are filed under the day of the last one',
    law: '1',
    file: 'packages/views/src/activity/fold.ts',
    from: 'if (day !== dayOfKeys || keys.size >= MOST_KEYS) keys.clear();',
    to: 'if (keys.size >= MOST_KEYS) keys.clear();',
    test: 'test/laws/law-1-merge.test.ts',
  },
  {
    lie: 'conversions beyond the first thousand of a commit are not found',
    law: '7',
    file: SCRIPT,
    from: 'for from = at, filed and at + conversions - 1 or 0, 2 * CHUNK do',
    to: 'for from = at, filed and math.min(at, at + conversions - 1) or 0, 2 * CHUNK do',
    test: STORE,
  },
  {
    lie: 'a long text beyond ASCII goes to Redis with as many bytes as it has characters',
    law: '3',
    file: PACKED,
    from: 'if (data.write(text, at) !== length) return -1;',
    to: 'data.write(text, at);',
    test: PACKS,
  },
  {
    lie: 'a short text beyond ASCII loses the upper bits of its characters',
    law: '3',
    file: PACKED,
    from: '      if (code > 0x7f) return -1;\n',
    to: '',
    test: PACKS,
  },
  {
    lie: 'a commit whose outcome is not known is sent again',
    law: '3',
    file: PACKED,
    from: "if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;",
    to: '',
    test: PACKS,
  },
  {
    lie: 'what was read and not taken is forgotten',
    law: '1',
    file: AHEAD,
    from: 'rest = { entries: fresh.slice(taken), reached, hasMore };',
    to: 'rest = { entries: [], reached, hasMore };',
    test: TAKES,
  },
  {
    lie: 'what waits to be taken of a partition that goes on elsewhere is applied all the same',
    law: '3',
    file: AHEAD,
    from: 'reached.has(partition) && cursors.get(partition) === reached.get(partition)',
    to: 'reached.has(partition)',
    test: TAKES,
  },
  {
    lie: 'all that was read is taken at once',
    law: '7',
    file: AHEAD,
    from: 'if (bytes >= mostBytes && partition !== entries[i - 1]?.partition) return i;',
    to: '',
    test: TAKES,
  },
  {
    lie: 'two partitions that are read at the same time write their lines to one place',
    law: '2',
    file: ENTRIES,
    from: '  spare = undefined;\n',
    to: '  spare = taken;\n',
    test: JOINS,
  },
  {
    lie: 'a line of megabytes is held room for from then on',
    law: '7',
    file: ENTRIES,
    from: 'if (joined !== undefined && joined.length <= SPARE_BYTES) spare = joined;',
    to: 'spare = joined;',
    test: JOINS,
  },
  {
    lie: 'the image lets the heap of a speed worker grow to four times of what lives',
    law: '7',
    file: 'infra/docker/Dockerfile',
    from: '"--heap-growing-percent=100", ',
    to: '',
    test: 'infra/checks/deploy.test.ts',
  },
];
