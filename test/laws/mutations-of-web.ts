/** Lies about pages: what people do there, in both layers (decision 48). */
import type { Mutation } from './mutation-list.ts';

export const MUTATIONS_OF_WEB: readonly Mutation[] = [
  {
    lie: 'what goes to another key stays counted on its page',
    law: '1',
    file: 'packages/views/src/leave.ts',
    from: 'if (leaving.web !== undefined) replace(',
    to: 'if (Number.isNaN(at)) replace(',
    test: 'test/laws/law-1-adoption.test.ts',
  },
  {
    lie: 'a generation without web events is built upon where pages are counted',
    law: '1',
    file: 'packages/archive/src/plan/base.ts',
    from: ' || !keepsWeb(published, definitions)',
    to: '',
    test: 'jobs/recompute/test/web.test.ts',
  },
  {
    lie: 'a worker shows pages what timelines keep of an event',
    law: '1',
    file: 'packages/views/src/member.ts',
    from: ' || isOfWeb(type, definitions);',
    to: ';',
    test: 'services/speed/test/corrections.test.ts',
  },
  {
    lie: 'what a correction dropped counts on its page',
    law: '1',
    file: 'packages/views/src/member.ts',
    from: 'member.place === DROPPED || !isOfWeb',
    to: '!isOfWeb',
    test: 'services/speed/test/corrections.test.ts',
  },
  {
    lie: 'in SQL a view by a bot is a view',
    law: '5',
    file: 'packages/views/src/pages/batch.sql',
    from: "type = 'page' AND NOT is_bot",
    to: "type = 'page'",
    test: 'test/golden/views.test.ts',
  },
  {
    lie: 'in SQL a page has the last name that fits',
    law: '5',
    file: 'packages/views/src/web/events.sql',
    from: 'arg_min(parts.host || pattern, number)',
    to: 'arg_max(parts.host || pattern, number)',
    test: 'test/laws/two-engines.test.ts',
  },
];
