/** Lies about what visits do to sessions where no timeline is opened for it. */
import type { Mutation } from './mutation-list.ts';

const STEP = 'packages/views/src/step-packed.ts';
const JOINING = 'packages/views/src/sessions/joining.ts';
const JOINING_TEST = 'test/laws/law-1-joining.test.ts';

export const MUTATIONS_OF_JOINING: readonly Mutation[] = [
  {
    lie: 'a visit joins the session of the day before, whatever was before that',
    law: '1',
    file: JOINING,
    from: 'if (ownTs < dayFromMs) return undefined;',
    to: '',
    test: JOINING_TEST,
  },
  {
    lie: 'a session that somebody converts in is one without',
    law: '1',
    file: JOINING,
    from: 'if (converts) return undefined;',
    to: '',
    test: JOINING_TEST,
  },
  {
    lie: 'what comes before a session begins is of it',
    law: '1',
    file: JOINING,
    from: 'if (opens(earlier)) {',
    to: '{',
    test: JOINING_TEST,
  },
  {
    lie: 'a visit exactly 30 min later joins the session',
    law: '1',
    file: JOINING,
    from: 'if (firstTs - ownTs >= GAP_MS) break;',
    to: 'if (firstTs - ownTs > GAP_MS) break;',
    test: JOINING_TEST,
  },
  {
    lie: 'a session ends on the page that it ended on before',
    law: '1',
    file: JOINING,
    from: 'exit: isView ? pageOfExit(visit.place) : exit,',
    to: 'exit,',
    test: JOINING_TEST,
  },
  {
    lie: 'a visit that comes late joins the session as if it were the last',
    law: '1, 2',
    file: JOINING,
    from: '(to > from && held.tsAt(to - 1) >= ts)',
    to: 'false',
    test: JOINING_TEST,
  },
  {
    lie: 'a visit to a session whose begin is frozen changes it',
    law: '1, 8',
    file: STEP,
    from: 'incoming.ts > logTimeMs - definitions.latenessMs && ',
    to: '',
    test: JOINING_TEST,
  },
  {
    lie: 'a session whose begin may be cut off is joined',
    law: '1, 7',
    file: STEP,
    from: ' && user.cutTs === NEVER_CUT',
    to: '',
    test: JOINING_TEST,
  },
  {
    lie: 'each visit opens the timeline',
    law: '7',
    file: STEP,
    from: 'mayJoin ? timelines.joining(user, incoming) : undefined',
    to: 'undefined',
    test: JOINING_TEST,
  },
  {
    lie: 'sessions are looked for where no work is left',
    law: '7',
    file: STEP,
    from: 'mayJoin && isLeft',
    to: 'mayJoin',
    test: JOINING_TEST,
  },
];
