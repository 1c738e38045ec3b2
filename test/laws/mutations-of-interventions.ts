/** Lies about what acts on signals: once, after any crash, to receivers that may be called. */
import type { Mutation } from './mutation-list.ts';

const INTERVENTIONS = 'packages/cli/src/interventions';

export const MUTATIONS_OF_INTERVENTIONS: readonly Mutation[] = [
  {
    lie: 'a line that comes again after a crash is acted on again',
    law: '3',
    file: `${INTERVENTIONS}/acting.ts`,
    from: "if (state === 'finished' || acting.underWay.has(id)) return",
    to: 'if (acting.underWay.has(id)) return',
    test: 'packages/cli/test/interventions-crashes.test.ts',
  },
  {
    lie: 'a line that comes again while its webhook is under way is sent twice',
    law: '3',
    file: `${INTERVENTIONS}/acting.ts`,
    from: "if (state === 'finished' || acting.underWay.has(id)) return",
    to: "if (state === 'finished') return",
    test: 'packages/cli/test/interventions-crashes.test.ts',
  },
  {
    lie: 'an intervention is carried out before it is noted',
    law: '3',
    file: `${INTERVENTIONS}/acting.ts`,
    from: '    journal.decide(id, rule.name, userKey, now());\n',
    to: '',
    test: 'packages/cli/test/interventions-crashes.test.ts',
  },
  {
    lie: 'the place of the stream passes what is not finished',
    law: '3',
    file: `${INTERVENTIONS}/acting.ts`,
    from: 'if (step.open > 0) steps.push(step);',
    to: 'if (step.open < 0) steps.push(step);',
    test: 'packages/cli/test/interventions-crashes.test.ts',
  },
  {
    lie: 'a journal has keys of users',
    law: '9',
    file: `${INTERVENTIONS}/journal.ts`,
    from: 'const who = hash(userKey);',
    to: 'const who = userKey;',
    test: 'packages/cli/test/interventions-crashes.test.ts',
  },
  {
    lie: 'a queue of a receiver is as long as what comes',
    law: '7',
    file: `${INTERVENTIONS}/delivery.ts`,
    from: 'if (queue.jobs.length + queue.running >= MOST_WAITING)',
    to: 'if (queue.jobs.length + queue.running < 0)',
    test: 'packages/cli/test/interventions-crashes.test.ts',
  },
  {
    lie: 'a receiver whose name has a private address is called',
    law: '7',
    file: `${INTERVENTIONS}/webhook.ts`,
    from: 'lookup: allowPrivate ? lookup : resolvePublic,',
    to: 'lookup,',
    test: 'packages/cli/test/interventions.test.ts',
  },
  {
    lie: 'a value that is not known meets a condition as none',
    law: '7',
    file: `${INTERVENTIONS}/running.ts`,
    from: " || values.some(([, { status }]) => status !== 'READY')",
    to: '',
    test: 'packages/cli/test/interventions.test.ts',
  },
  {
    lie: 'a program reads what a definition of another version says as its own',
    law: '7',
    file: 'packages/signals/src/typescript.ts',
    from: ' && found.version === VERSIONS[name];',
    to: ';',
    test: 'packages/cli/test/client-generate.test.ts',
  },
  {
    lie: 'a value of another type is written than definitions give',
    law: '5',
    file: 'packages/signals/src/typescript.ts',
    from: "type === 'sum' ? 'number | bigint' : TYPES[type]",
    to: "type === 'sum' ? 'number' : TYPES[type]",
    test: 'packages/cli/test/client-generate.test.ts',
  },
];
