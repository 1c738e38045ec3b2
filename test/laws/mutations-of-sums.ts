/** Lies about sums: beyond 2^53, beyond 64 bits, and of one layer alone. */
import type { Mutation } from './mutation-list.ts';

const STORE = 'test/contract/store.redis.test.ts';
const ANSWERS = 'services/api/test/large-sums.test.ts';

export const MUTATIONS_OF_SUMS: readonly Mutation[] = [
  {
    lie: 'the script adds beyond 2^53 in doubles',
    law: '4',
    file: 'packages/store/src/commit.lua',
    from: 'if sum <= SAFE and sum >= -SAFE then return sum end',
    to: 'return sum',
    test: STORE,
  },
  {
    lie: 'the script loses the carry from one word to the next',
    law: '4',
    file: 'packages/store/src/commit.lua',
    from: 'if low >= WORD then low, middle = low - WORD, middle + 1 end',
    to: 'if low >= WORD then low = low - WORD end',
    test: STORE,
  },
  {
    lie: 'readers of the store take the highest word of a sum as if it had no sign',
    law: '4',
    file: 'packages/store/src/words.ts',
    from: 'packed.readInt32LE(at + 8)',
    to: 'packed.readUInt32LE(at + 8)',
    test: STORE,
  },
  {
    lie: 'sums that leave the safe integers are rounded',
    law: '4',
    file: 'packages/model/src/integer.ts',
    from: 'if (Number.isSafeInteger(sum)) return sum;',
    to: 'return sum;',
    test: ANSWERS,
  },
  {
    lie: 'answers round what no double holds',
    law: '4',
    file: 'packages/model/src/exact-json.ts',
    from: 'rawJson(String(value))',
    to: 'Number(value)',
    test: ANSWERS,
  },
  {
    lie: 'a value beyond 2^53 is shared out in doubles',
    law: '4',
    file: 'packages/attribution/src/distribute.ts',
    from: 'return distributeExactly(total, shares);',
    to: 'total = Number(total);',
    test: ANSWERS,
  },
  {
    lie: 'a part of a sum beyond 64 bits is missing in the files of a generation',
    law: '4',
    file: 'jobs/recompute/src/compute/view-files.ts',
    from: ')::BIGINT)) AS i FROM summed',
    to: ')::BIGINT - 1)) AS i FROM summed',
    test: 'jobs/recompute/src/compute/view-files.test.ts',
  },
  {
    lie: 'sets and transitions that a layer takes back are left out of its answer',
    law: '1',
    file: 'packages/reports/src/journeys/sets-and-edges.ts',
    from: 'rows: all.map(',
    to: 'rows: kept.map(',
    test: 'services/api/test/layers.test.ts',
  },
  {
    lie: 'models that share out a window leave out the conversions without a path',
    law: '4',
    file: 'packages/reports/src/credit/shares.ts',
    from: '  addRows(rows, unattributed);\n',
    to: '',
    test: 'packages/reports/test/pipeline.test.ts',
  },
  {
    lie: 'an answer whose credit is not its conversions is complete',
    law: '4',
    file: 'packages/reports/src/sums.ts',
    from: '&& value === total) continue;',
    to: '|| value !== null) continue;',
    test: 'packages/reports/test/pipeline.test.ts',
  },
  {
    lie: 'the command line reads sums as doubles',
    law: '4',
    file: 'packages/cli/src/api-client.ts',
    from: 'return parseExactJson(text) as T;',
    to: 'return (parseExactJson(text) === undefined ? undefined : JSON.parse(text)) as T;',
    test: 'packages/cli/test/large-sums.test.ts',
  },
];
