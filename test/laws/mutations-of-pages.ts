/** Lies about deltas that are read in pages, of different commits. */
import type { Mutation } from './mutation-list.ts';

const READ = 'packages/store/src/deltas/paged-read.ts';
const ITS_TEST = 'packages/store/src/deltas/paged-read.test.ts';
const ON_REDIS = 'test/laws/law-1-paged-read.redis.test.ts';

const SERVING = 'packages/serving/src';
const HELD_TEST = 'packages/serving/test/held-rows.test.ts';
const WHOLE_TEST = 'packages/serving/test/whole-reads.test.ts';
const TURNS_TEST = 'packages/serving/test/answers-in-turns.test.ts';

export const MUTATIONS_OF_PAGES: readonly Mutation[] = [
  {
    lie: 'a page is of the commit before the one that it names',
    law: '1',
    file: READ,
    from: `    if (!gathered.takeUp(page.entries, page.lastCommit)) return null;
    gathered.take(generation, view, page.hash);
`,
    to: `    gathered.take(generation, view, page.hash);
    if (!gathered.takeUp(page.entries, page.lastCommit)) return null;
`,
    test: ITS_TEST,
  },
  {
    lie: 'rows that no page had are what was committed of them during the read',
    law: '1',
    file: READ,
    from: 'if (!isNew && !isSealed) unread.add(key);',
    to: 'if (isNew) unread.delete(key);',
    test: ITS_TEST,
  },
  {
    lie: 'rows are new before all others are counted',
    law: '1',
    file: READ,
    from: '  const counted = await countRows();',
    to: '  gathered.seal();\n  const counted = await countRows();',
    test: ITS_TEST,
  },
  {
    lie: 'rows that come with every commit are looked up without an end',
    law: '7',
    file: READ,
    from: 'if (!isNew && !isSealed) unread.add(key);',
    to: 'if (!isNew) unread.add(key);',
    test: ITS_TEST,
  },
  {
    lie: 'a row that is not there is looked up again and again',
    law: '7',
    file: READ,
    from: 'for (const key of keys) unread.delete(key);',
    to: '',
    test: ITS_TEST,
  },
  {
    lie: 'rows that are looked up after the count are of the commit of the count',
    law: '1',
    file: READ,
    from: '    end = null;\n',
    to: '',
    test: ITS_TEST,
  },
  {
    lie: 'a page that was lost is not missed',
    law: '7',
    file: READ,
    from: 'count.generations.every((one) => hasAllRows(one, asked.views, gathered)) ?',
    to: 'count.generations.length > 0 ?',
    test: ITS_TEST,
  },
  {
    lie: 'a page whose commits do not follow is taken all the same',
    law: '1',
    file: READ,
    from: 'if (!isChain(commits, at.commitId, to)) return false;',
    to: 'if (commits.length < 0 && !isChain(commits, at.commitId, to)) return false;',
    test: ITS_TEST,
  },
  {
    lie: 'deltas that are retired between two pages are empty',
    law: '7',
    file: READ,
    from: 'if (page.oldest > asked.from)',
    to: 'if (page.oldest > asked.from + 1_000)',
    test: ITS_TEST,
  },
  {
    lie: 'all rows are on the first page',
    law: '7',
    file: READ,
    from: "cursor = next === '0' ? null : next;",
    to: 'cursor = null;',
    test: ITS_TEST,
  },
  {
    lie: 'a large commit empties the feed of who reads in pages',
    law: '7',
    file: 'packages/store/src/commit/commit.lua',
    from: 'local isFed = #json < LARGE or',
    to: 'local isFed = #json < LARGE or #json < LARGE and',
    test: ON_REDIS,
  },
  {
    lie: 'a read in pages that takes long is forgotten by those who commit',
    law: '7',
    file: 'packages/store/src/deltas/read-page.lua',
    from: '< READING_MS / 2 then',
    to: '< -2 then',
    test: ON_REDIS,
  },
  {
    lie: 'who follows gets all that the feed keeps for pages',
    law: '7',
    file: 'packages/store/src/deltas/follow.lua',
    from: 'if bytes > MOST_BYTES then',
    to: 'if bytes < 0 then',
    test: ON_REDIS,
  },
  {
    lie: 'a follower for whom the feed is too short has it read all the same',
    law: '7',
    file: 'packages/store/src/deltas/follow.lua',
    from: "elseif ahead > 0 and redis.call('LLEN', feed) >= ahead then",
    to: 'elseif ahead > 0 then',
    test: ON_REDIS,
  },
  {
    lie: 'a page for which the feed is too short has it read all the same',
    law: '7',
    file: 'packages/store/src/deltas/read-page.lua',
    from: "if ahead > 0 and redis.call('LLEN', prefix .. 'feed') >= ahead then",
    to: 'if ahead > 0 then',
    test: ON_REDIS,
  },
  {
    lie: 'a page names the commit, and not what was committed since',
    law: '1',
    file: 'packages/store/src/deltas/read-page.lua',
    from: 'if #entries ~= ahead or ahead == 0 and commit ~= ARGV[2] then entries = 0 end',
    to: 'entries = {}',
    test: ON_REDIS,
  },
  {
    lie: 'rows that somebody passes over take up what is committed',
    law: '1',
    file: `${SERVING}/deltas/held-rows.ts`,
    from: 'if (passes === 0) takeUp(',
    to: 'if (passes >= 0) takeUp(',
    test: HELD_TEST,
  },
  {
    lie: 'what waited during a pass waits for ever',
    law: '7',
    file: `${SERVING}/deltas/held-rows.ts`,
    from: 'if (!isReleased) passes--;',
    to: '',
    test: HELD_TEST,
  },
  {
    lie: 'a version that was held has what was committed since',
    law: '1',
    file: `${SERVING}/deltas/held.ts`,
    from: 'parts: [...passes.flatMap(({ parts }) => parts), ...since],',
    to: 'parts: [...passes.flatMap(({ parts }) => parts), ...since.slice(since.length)],',
    test: TURNS_TEST,
  },
  {
    lie: 'a partition that was read before a request asked is new enough for it',
    law: '1',
    file: `${SERVING}/deltas/follower.ts`,
    from: 'asOf.every((one) => one.asked > request.asked)',
    to: 'asOf.every((one) => one.asked > 0)',
    test: 'packages/serving/test/delta-follower.test.ts',
  },
  {
    lie: 'a view that joins lacks what was committed while it was read',
    law: '1',
    file: `${SERVING}/deltas/held.ts`,
    from: 'read, apart < 0 ? first : [], changed)',
    to: 'read, apart < 0 ? [] : [], changed)',
    test: WHOLE_TEST,
  },
  {
    lie: 'who asks for what is held waits while other partitions are read whole',
    law: '7',
    file: `${SERVING}/deltas/follower.ts`,
    from: 'if (covers(names, generation) && asOf',
    to: 'if (covers([...views.keys()], generation) && asOf',
    test: WHOLE_TEST,
  },
  {
    lie: 'an answer on what is not at hand is what was found on nothing',
    law: '7',
    file: `${SERVING}/when-ready.ts`,
    from: 'if (missing.size === 0) {',
    to: 'if (missing.size === 0 || run > 0) {',
    test: TURNS_TEST,
  },
  {
    lie: 'a view joins what is held whichever commits are between them',
    law: '1',
    file: `${SERVING}/deltas/held.ts`,
    from: 'if ((first.at(-1)?.id ?? older.commitId) !== newer.commitId) return false;',
    to: 'if (first.length < 0 && older !== newer) return false;',
    test: WHOLE_TEST,
  },
  {
    lie: 'a view that is not asked for any more joins without its commits',
    law: '7',
    file: `${SERVING}/deltas/follower.ts`,
    from: '!one.views.every((view) => names.includes(view)) || ',
    to: '',
    test: WHOLE_TEST,
  },
];
