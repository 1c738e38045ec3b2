/** Lies about deltas that are read in pages, of different commits. */
import type { Mutation } from './mutation-list.ts';

const READ = 'packages/store/src/deltas/paged-read.ts';
const ITS_TEST = 'packages/store/src/deltas/paged-read.test.ts';
const ON_REDIS = 'test/laws/law-1-paged-read.redis.test.ts';

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
    from: 'if (!isNew) unread.add(key);',
    to: 'if (isNew) unread.delete(key);',
    test: ITS_TEST,
  },
  {
    lie: 'what is committed after the last look at new rows has none',
    law: '1',
    file: READ,
    from: '    if (gathered.unread(1) !== null) continue;\n',
    to: '',
    test: ITS_TEST,
  },
  {
    lie: 'a page that was lost is not missed',
    law: '7',
    file: READ,
    from: 'if (!end.generations.every(',
    to: 'if (end.generations.length < 0 && !end.generations.every(',
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
    lie: 'a page names the commit, and not what was committed since',
    law: '1',
    file: 'packages/store/src/deltas/read-page.lua',
    from: 'if #entries ~= ahead or ahead == 0 and commit ~= ARGV[2] then entries = 0 end',
    to: 'entries = {}',
    test: ON_REDIS,
  },
];
