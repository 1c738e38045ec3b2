/** Lies about pages: what their tracker keeps, counts and leaves out, and what a collector believes of it. */
import type { Mutation } from './mutation-list.ts';

const WEB = 'services/collector/src/formats/web.ts';
const OF_COLLECTOR = 'services/collector/test/web.test.ts';

export const MUTATIONS_OF_TRACKER: readonly Mutation[] = [
  {
    lie: 'each view in a document is another touch',
    law: '4',
    file: WEB,
    from: "name === 'page' && given['nav'] === 'load'",
    to: "name === 'page'",
    test: OF_COLLECTOR,
  },
  {
    lie: 'elements of a page may have more than the page',
    law: '4',
    file: WEB,
    from: 'refusalOf(given, rules) ?? excessOf(given)',
    to: 'refusalOf(given, rules) ?? (given === null ? excessOf(given) : undefined)',
    test: OF_COLLECTOR,
  },
  {
    lie: 'a page may send any property',
    law: '7',
    file: WEB,
    from: '  if (other === undefined) return undefined;\n',
    to: '  if (other !== null) return undefined;\n',
    test: OF_COLLECTOR,
  },
  {
    lie: 'a page may have any key',
    law: '7',
    file: 'services/collector/src/keys/grant.ts',
    from: "  if (isPublic) return undefined;\n  return invalid('forbidden', { field: 'the key of a page'",
    to: "  if (isPublic || !isPublic) return undefined;\n  return invalid('forbidden', { field: 'the key of a page'",
    test: OF_COLLECTOR,
  },
];
