/** Lies about the console: who its sessions are for, and what its pages leave out. */
import type { Mutation } from './mutation-list.ts';

const SESSIONS = 'services/api/src/console';
const APP = 'packages/console/src/app';
const OF_SESSIONS = 'services/api/test/console.test.ts';
const IN_CHROMIUM = 'test/conformance/console.browser.test.ts';

export const MUTATIONS_OF_CONSOLE: readonly Mutation[] = [
  {
    lie: 'a session of the console counts for pages of any origin',
    law: '6',
    file: `${SESSIONS}/session-cookie.ts`,
    from: '  if (!isOwnPage(request)) return null;\n',
    to: '',
    test: OF_SESSIONS,
  },
  {
    lie: 'a session of the console changes what its key may change',
    law: '6',
    file: `${SESSIONS}/session-cookie.ts`,
    from: "  if (request.method !== 'GET' && request.method !== 'HEAD') return null;\n",
    to: '',
    test: OF_SESSIONS,
  },
  {
    lie: 'a session of the console that is used never ends',
    law: '6',
    file: `${SESSIONS}/sessions.ts`,
    from: 'now() >= endsAt || now() - usedAt >= IDLE_MS',
    to: 'endsAt < 0 || now() - usedAt >= IDLE_MS',
    test: OF_SESSIONS,
  },
  {
    lie: 'a link to the console logs in as often as it is opened',
    law: '6',
    file: `${SESSIONS}/sessions.ts`,
    from: '      codes.remove(code);\n',
    to: '',
    test: OF_SESSIONS,
  },
  {
    lie: 'the console keeps any number of sessions',
    law: '7',
    file: `${SESSIONS}/sessions.ts`,
    from: 'return entries.size < most;',
    to: 'return most > 0;',
    test: OF_SESSIONS,
  },
  {
    lie: 'conversions of paths that are not listed are in no band of the diagram',
    law: '4',
    file: `${APP}/charts/flows.ts`,
    from: '  add([OTHER_PATHS], Number(rest.conversions) + Number(longer.conversions));\n',
    to: '',
    test: 'packages/console/test/figures.test.ts',
  },
  {
    lie: 'amounts in the console are in the currency of conversions, whatever costs are in',
    law: '4',
    file: `${APP}/parts/currencies.ts`,
    from: 'const rows = totals.flatMap(',
    to: 'const rows = totals.slice(0, 1).flatMap(',
    test: 'packages/console/test/format.test.ts',
  },
  {
    lie: 'figures of the question before have the words of the next in the console',
    law: '7',
    file: `${APP}/parts/answered.tsx`,
    from: 'if (!isWaiting) drawn.current =',
    to: 'drawn.current =',
    test: IN_CHROMIUM,
  },
  {
    lie: 'a page of the console does not say what is missing',
    law: '7',
    file: `${APP}/parts/seam.tsx`,
    from: 'if (complete && warnings.length === 0) return null;',
    to: 'if (complete || warnings.length > 0) return null;',
    test: IN_CHROMIUM,
  },
  {
    lie: 'each layer of a page of the console shows the merged figures',
    law: '1',
    file: `${APP}/pages/attribution.tsx`,
    from: "    ...(layer !== 'merged' && { layer }),\n",
    to: '',
    test: IN_CHROMIUM,
  },
  {
    lie: 'a link to the console takes the place of an open session',
    law: '6',
    file: 'packages/console/src/app/state/session.ts',
    from: "if (code !== undefined && session.is === 'out')",
    to: 'if (code !== undefined)',
    test: 'test/conformance/console.browser.test.ts',
  },
  {
    lie: 'what one tab of the console logs out of stays to be seen in others',
    law: '6',
    file: 'packages/console/src/app/state/session.ts',
    from: "  others.addEventListener('message', () => void check());\n",
    to: '',
    test: 'test/conformance/console.browser.test.ts',
  },
  {
    lie: 'a partition looks behind for what was appended while it was asked',
    law: '7',
    file: 'services/api/src/routes/operations.ts',
    from: 'const ends = await deps.logReach.ends()',
    to: 'const first = await fromStore(deps.store.states());\n  deps.store.states = async () => first;\n  const ends = await deps.logReach.ends()',
    test: 'services/api/test/status.test.ts',
  },
];
