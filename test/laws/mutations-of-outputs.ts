/** Lies about what the output log says of users who were erased, and of conversions that come to count for another key. */
import type { Mutation } from './mutation-list.ts';

const LINES = 'services/speed/src/apply/output-lines.ts';
const HEARD = 'test/laws/law-3-outputs.test.ts';

export const MUTATIONS_OF_OUTPUTS: readonly Mutation[] = [
  {
    lie: 'who listens does not hear that a user is erased',
    law: '9',
    file: 'services/speed/src/apply/apply-erasure.ts',
    from: 'if (event.type !== LIFT_TYPE && options.isSaid',
    to: "if (event.type === '' && options.isSaid",
    test: HEARD,
  },
  {
    lie: 'that a user is erased is said before what the same commit said of them',
    law: '9',
    file: LINES,
    from: 'outputs.push(erasedLine(',
    to: 'outputs.unshift(erasedLine(',
    test: HEARD,
  },
  {
    lie: 'a user who is erased from a store that was put back is so without a word',
    law: '9',
    file: LINES,
    from: "if (limits.outputs === 'none') return;\n  const at =",
    to: "if (limits.outputs === 'none' || isAgain) return;\n  const at =",
    test: 'services/speed/test/erased-before.test.ts',
  },
  {
    lie: 'that a user is erased is not sent either',
    law: '9',
    file: 'services/api/src/stream/session.ts',
    from: 'if (line === null || line.type === ERASED) return line;',
    to: 'if (line === null) return line;',
    test: 'services/api/test/stream-outputs.test.ts',
  },
  {
    lie: 'a conversion that comes to count for another key leaves no line where it was',
    law: '1',
    file: LINES,
    from: 'if (moved !== undefined) all.push(',
    to: 'if (moved !== undefined) void (',
    test: HEARD,
  },
  {
    lie: 'a link that moves several events says several things of a conversion under one name',
    law: '3',
    file: LINES,
    from: 'return outcomes.length === 1 ? all',
    to: 'return outcomes.length > 0 ? all',
    test: 'services/speed/src/apply/output-lines.test.ts',
  },
  {
    lie: 'a conversion that is taken back has another name when that is said again',
    law: '3',
    file: 'packages/views/src/outputs/lines.ts',
    from: 'id: sha256Hex(JSON.stringify([userKey, id, cause.id])).slice(0, 32),',
    to: 'id: sha256Hex(JSON.stringify([userKey, id, cause.id, Math.random()])).slice(0, 32),',
    test: HEARD,
  },
  {
    lie: 'a commit leaves its lines user by user, so that their numbers are those of others where entries are gathered otherwise',
    law: '3',
    file: 'services/speed/src/apply/apply.ts',
    from: '...(outputs.length === 0 ? {} : { outputs }),',
    to: '...(outputs.length === 0 ? {} : { outputs: outputs.toSorted((a, b) => JSON.parse(a).userKey.localeCompare(JSON.parse(b).userKey)) }),',
    test: HEARD,
  },
  {
    lie: 'a conversion whose rows are frozen is taken back, and nothing comes in its place',
    law: '8',
    file: 'packages/views/src/leave.ts',
    from: "leaving.kind === 'conversion' && leaving.ts > logTimeMs - definitions.latenessMs",
    to: "leaving.kind === 'conversion'",
    test: 'packages/views/src/leave.test.ts',
  },
];
