/** Lies about what is looked at before a start: settings, folders, ports, servers; and what is said when it changes later. */
import type { Mutation } from './mutation-list.ts';

const RUNTIME = 'packages/runtime/src';
const WALK = `${RUNTIME}/settings/every-setting.test.ts`;
const CONFIGURED = 'infra/local/test/configured.test.ts';

export const MUTATIONS_OF_SETTINGS: readonly Mutation[] = [
  {
    lie: 'a setting in milliseconds may be more than a timer holds',
    law: '7',
    file: `${RUNTIME}/config-value.ts`,
    from: 'ms: 2_147_483_647,',
    to: 'ms: 2 ** 40,',
    test: WALK,
  },
  {
    lie: 'a number may have blanks around it',
    law: '7',
    file: `${RUNTIME}/config-value.ts`,
    from: '/^-?\\d{1,16}$/.test(text)',
    to: '/^\\s*-?\\d{1,16}\\s*$/.test(text)',
    test: WALK,
  },
  {
    lie: 'a setting of blanks alone is given',
    law: '7',
    file: `${RUNTIME}/config.ts`,
    from: "text.trim() === ''",
    to: "text === ''",
    test: WALK,
  },
  {
    lie: 'a refusal shows the password that it refuses',
    law: '6',
    file: `${RUNTIME}/config-value.ts`,
    from: 'shown === undefined ? quoted(text) : shown(text)',
    to: 'quoted(text)',
    test: WALK,
  },
  {
    lie: 'a misspelt setting is named and the start goes on',
    law: '7',
    file: `${RUNTIME}/check/configuration.ts`,
    from: ', ...misspelt])],',
    to: '])],',
    test: CONFIGURED,
  },
  {
    lie: 'keys are read by the roles alone',
    law: '7',
    file: `${RUNTIME}/check/folders.ts`,
    from: '...thrownBy(() => readKeys(keyFileOf(folder))), ',
    to: '',
    test: CONFIGURED,
  },
  {
    lie: 'a file will do for a data folder',
    law: '7',
    file: `${RUNTIME}/check/folders.ts`,
    from: "    if (!statSync(folder).isDirectory()) return 'it is not a folder';\n",
    to: '',
    test: CONFIGURED,
  },
  {
    lie: 'the look at the configuration does not log in to the brokers',
    law: '7',
    file: 'packages/cli/src/doctor/configuration.ts',
    from: 'troubles.length === 0 ? await kafkaTroubles(shell, redisUrl) : []',
    to: '[]',
    test: 'packages/cli/test/doctor.redis.test.ts',
  },
  {
    lie: 'a role waits for brokers that refuse its password',
    law: '7',
    file: 'packages/log/src/kafka/refused.ts',
    from: '/SASL authentication failed|Authentication failed/',
    to: '/never/',
    test: 'packages/log/src/kafka/refused.test.ts',
  },
  {
    lie: 'a port that this user may not open is another error',
    law: '7',
    file: `${RUNTIME}/listen-trouble.ts`,
    from: "code === 'EACCES'",
    to: "code === 'EPERM'",
    test: `${RUNTIME}/listen-trouble.test.ts`,
  },
  {
    lie: 'a segment that could not be written waits until it is due again',
    law: '7',
    file: 'services/archiver/src/pipeline.ts',
    from: '          owed = new Set(closing.map(({ partition }) => partition));\n',
    to: '',
    test: 'test/faults/archiver-disk-full.test.ts',
  },
  {
    lie: 'a collector whose log was away for a while takes nothing ever after',
    law: '6',
    file: 'services/collector/src/lost-log.ts',
    from: 'if (isBack && !signal.aborted)',
    to: 'if (false)',
    test: 'services/collector/test/main.redis.test.ts',
  },
];
