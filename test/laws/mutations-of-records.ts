/** Lies about users' records on their way out: what is bounded before it is read, and what waits for what. */
import type { Mutation } from './mutation-list.ts';

const API = 'services/api/src';

export const MUTATIONS_OF_RECORDS: readonly Mutation[] = [
  {
    lie: 'records are read first and bounded afterwards',
    law: '7',
    file: `${API}/http/record-reader.ts`,
    from: '          demandBound(owners, records);\n',
    to: '',
    test: 'services/api/test/record-reader.test.ts',
  },
  {
    lie: 'a record that is a byte too long is given without its first byte',
    law: '7',
    file: 'packages/store/src/records/record-reads.ts',
    from: '-maxBytes - 1, -1',
    to: '-maxBytes, -1',
    test: 'test/contract/store.redis.test.ts',
  },
  {
    lie: 'records together beyond the bound are read',
    law: '7',
    file: 'packages/store/src/records/record-lengths.lua',
    from: 'return left < 0 and lengths or {}',
    to: 'return {}',
    test: 'test/contract/store.redis.test.ts',
  },
  {
    lie: 'long answers go before short ones',
    law: '7',
    file: 'packages/store/src/records/record-reads.ts',
    from: 'maxBytes <= SHORT_ANSWER_BYTES ? redis : bulk',
    to: 'redis',
    test: 'services/api/test/large-records.redis.test.ts',
  },
  {
    lie: 'one key may take all slots for large records',
    law: '7',
    file: `${API}/http/serial-limit.ts`,
    from: 'if (inside.has(owner))',
    to: "if (owner === '')",
    test: 'services/api/test/record-reader.test.ts',
  },
  {
    lie: 'large records are read side by side',
    law: '7',
    file: `${API}/http/serial-limit.ts`,
    from: 'last.then(work)',
    to: 'work()',
    test: 'services/api/test/record-reader.test.ts',
  },
];
