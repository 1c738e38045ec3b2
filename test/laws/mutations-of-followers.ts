/** Lies about followers of the deltas: what is held, what is read whole beside it, and which generation it is held for. */
import type { Mutation } from './mutation-list.ts';

const DELTAS = 'packages/serving/src/deltas';
const GENERATIONS = 'packages/serving/src/generations';

export const MUTATIONS_OF_FOLLOWERS: readonly Mutation[] = [
  {
    lie: 'a partition is replaced by what it was compared with before commits were added',
    law: '1',
    file: `${DELTAS}/held.ts`,
    from: 'if (before !== read.before) return false;',
    to: 'if (before === null && read.before !== null) return false;',
    test: 'packages/serving/test/whole-reads.test.ts',
  },
  {
    lie: 'a view joins what is held of older generations than it was read of',
    law: '1',
    file: `${DELTAS}/held.ts`,
    from: 'read.from > before.from || ',
    to: '',
    test: 'packages/serving/test/held.test.ts',
  },
  {
    lie: 'older generations join without the views that are held',
    law: '7',
    file: `${DELTAS}/held.ts`,
    from: 'if (read.from < before.from && ![...before.views].every((view) => read.views.includes(view))) return false;',
    to: '',
    test: 'packages/serving/test/held.test.ts',
  },
  {
    lie: 'what is pending of a commit that was held counts again when a view joins',
    law: '1',
    file: `${DELTAS}/held.ts`,
    from: 'const counted = generation >= before.from ? NOTHING : commit;',
    to: 'const counted = commit;',
    test: 'packages/serving/test/held.test.ts',
  },
  {
    lie: 'what is remembered of a view that joins lacks the commits that led it there',
    law: '1',
    file: `${DELTAS}/held.ts`,
    from: `    changed({ partition, generation, rows, sign: 1 });
    const counted`,
    to: '    const counted',
    test: 'packages/serving/test/held.test.ts',
  },
  {
    lie: 'of rows that leave the memory those that wait stay in what is remembered',
    law: '1',
    file: `${DELTAS}/held.ts`,
    from: 'for (const part of rows.parts())',
    to: 'for (const part of rows.parts().slice(0, 1))',
    test: 'packages/serving/test/held.test.ts',
  },
  {
    lie: 'what waits beside the rows is left out of what differs',
    law: '1',
    file: `${DELTAS}/differences.ts`,
    from: `  for (const rows of others)
`,
    to: `  for (const rows of others.slice(1))
`,
    test: 'packages/serving/test/held.test.ts',
  },
  {
    lie: 'what differs is found in one turn',
    law: '7',
    file: `${DELTAS}/differences.ts`,
    from: 'const paced = () => (++compared % ROWS_PER_TURN === 0 ? goOn() : null);',
    to: 'const paced = () => (++compared < 0 ? goOn() : null);',
    test: 'packages/serving/test/whole-reads-end.test.ts',
  },
  {
    lie: 'all that waited during a pass is added with the next commit',
    law: '7',
    file: `${DELTAS}/held-rows.ts`,
    from: 'left -= Math.max(1, some.size);',
    to: 'left -= 1;',
    test: 'packages/serving/test/held-rows.test.ts',
  },
  {
    lie: 'partitions that are behind again are read again before the others',
    law: '7',
    file: `${DELTAS}/whole-reads.ts`,
    from: 'return lack === null || wasRead.has(',
    to: 'return lack === null || wasRead.size > 1e9 && wasRead.has(',
    test: 'packages/serving/test/catching-up.test.ts',
  },
  {
    lie: 'a read that was given up goes on',
    law: '7',
    file: `${DELTAS}/whole-reads.ts`,
    from: `      if (error !== null) throw error;
`,
    to: '',
    test: 'packages/serving/test/whole-reads-end.test.ts',
  },
  {
    lie: 'a whole read goes on for as long as pages come',
    law: '7',
    file: `${DELTAS}/whole-reads.ts`,
    from: 'const longest = setTimeout(giveUp, LONGEST_MS,',
    to: 'const longest = setTimeout(giveUp, 1e9,',
    test: 'packages/serving/test/whole-reads-end.test.ts',
  },
  {
    lie: 'a whole read of many pages is given up though each came in time',
    law: '7',
    file: `${DELTAS}/whole-reads.ts`,
    from: `      idle.refresh();
`,
    to: '',
    test: 'packages/serving/test/whole-reads-end.test.ts',
  },
  {
    lie: 'partitions that a whole read leaves out are as empty',
    law: '7',
    file: `${DELTAS}/whole-reads.ts`,
    from: `    assertAnswered(read, some);
`,
    to: '',
    test: 'packages/serving/test/whole-reads-end.test.ts',
  },
  {
    lie: 'what was held before the clock went back is of now',
    law: '7',
    file: `${DELTAS}/follower.ts`,
    from: 'Math.max(...asOf.map(({ askedMs }) => Math.abs(now() - askedMs)))',
    to: 'Math.max(0, ...asOf.map(({ askedMs }) => now() - askedMs))',
    test: 'packages/serving/test/delta-follower.test.ts',
  },
  {
    lie: 'a generation that loads while another one is published is not served',
    law: '7',
    file: `${GENERATIONS}/served.ts`,
    from: 'if (wanted !== null && (served?.generation ?? -1) < generation && generation < wanted.generation) served = loaded;',
    to: '',
    test: 'packages/serving/test/served.test.ts',
  },
  {
    lie: 'a generation that was rolled back while it loads is served on the way',
    law: '7',
    file: `${GENERATIONS}/served.ts`,
    from: ' && generation < wanted.generation) served = loaded;',
    to: ') served = loaded;',
    test: 'packages/serving/test/served.test.ts',
  },
  {
    lie: 'after the clock went back a generation is not loaded again',
    law: '7',
    file: `${GENERATIONS}/served.ts`,
    from: 'Math.abs(now() - failed.atMs) < retry',
    to: 'now() - failed.atMs < retry',
    test: 'packages/serving/test/served.test.ts',
  },
  {
    lie: 'after the clock went back no staged generation is looked for',
    law: '7',
    file: `${GENERATIONS}/staged.ts`,
    from: 'Math.abs(now() - found.atMs) >= LOOKED_UP_MS',
    to: 'now() - found.atMs >= LOOKED_UP_MS',
    test: 'packages/serving/test/staged.test.ts',
  },
  {
    lie: 'deltas of several generations are added up in one turn',
    law: '7',
    file: 'packages/store/src/deltas/delta-reads.ts',
    from: 'if (++added % ROWS_PER_TURN === 0) await pause();',
    to: 'if (++added < 0) await pause();',
    test: 'packages/store/src/deltas/sum.test.ts',
  },
];
