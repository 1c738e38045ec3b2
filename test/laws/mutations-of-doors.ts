/** Lies about what lets people and operators in and out: disks, logs, keys, settings, files. */
import type { Mutation } from './mutation-list.ts';

const RUNTIME = 'packages/runtime/src';

export const MUTATIONS_OF_DOORS: readonly Mutation[] = [
  {
    lie: 'a log line that cannot be written is written again until it can be',
    law: '6',
    file: `${RUNTIME}/log-destination.ts`,
    from: '    } catch {\n      return false;\n    }\n  }\n\n  return',
    to: '    } catch {\n      return put(line);\n    }\n  }\n\n  return',
    test: `${RUNTIME}/log-destination.test.ts`,
  },
  {
    lie: 'the free-space mark is looked at once, at the start',
    law: '6',
    file: `${RUNTIME}/disk-space.ts`,
    from: '    void lookOn(look, signal);\n',
    to: '',
    test: `${RUNTIME}/disk-space.test.ts`,
  },
  {
    lie: 'a log line tells the command that Redis refused, with its password',
    law: '6',
    file: `${RUNTIME}/service.ts`,
    from: '  return rest;\n',
    to: '  return { ...rest, command: _ };\n',
    test: 'packages/runtime/test/service.test.ts',
  },
  {
    lie: 'roles write with the modes that they were started with',
    law: '6',
    file: `${RUNTIME}/service.ts`,
    from: '  process.umask(0o077);\n',
    to: '',
    test: 'test/e2e/private-files.e2e.test.ts',
  },
  {
    lie: 'the Redis of npm start takes commands from whoever reaches its port',
    law: '6',
    file: 'infra/local/src/redis-process.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of the file
    from: '`requirepass ${password}\\n`',
    to: "''",
    test: 'test/e2e/private-files.e2e.test.ts',
  },
  {
    lie: 'the command line sends a key from the environment to whatever address it finds',
    law: '6',
    file: 'packages/cli/src/key-source.ts',
    from: "(inEnvironment === undefined && address.source !== 'folder')",
    to: 'inEnvironment === undefined',
    test: 'packages/cli/test/settings.test.ts',
  },
  {
    lie: 'a Node of another hash than the pinned one is brought',
    law: '6',
    file: 'infra/local/node-pin.mjs',
    from: '{ version, integrity } }',
    to: '{ version } }',
    test: 'infra/local/test/node-pin.test.ts',
  },
  {
    lie: 'npm start goes on without the options that npm kept',
    law: '6',
    file: 'infra/local/start.mjs',
    from: 'if (kept.length > 0) {',
    to: 'if (kept.length > 9) {',
    test: 'infra/local/test/start-command.test.ts',
  },
  {
    lie: 'plain HTTP beyond this machine is not worth a word',
    law: '6',
    file: `${RUNTIME}/service.ts`,
    from: '  warnOfPlainHttp(config, log);\n',
    to: '',
    test: 'packages/runtime/test/service.test.ts',
  },
  {
    lie: 'a timer may be set to more than it holds',
    law: '7',
    file: `${RUNTIME}/config.ts`,
    from: ', ms: 2_147_483_647 }',
    to: ', ms: 2_147_483_648 }',
    test: `${RUNTIME}/config.test.ts`,
  },
  {
    lie: 'a table that is not UTF-8 is read all the same',
    law: '7',
    file: 'packages/cli/src/import/csv-rows.ts',
    from: 'if (encoding.isBroken) assertReadable',
    to: 'if (!encoding) assertReadable',
    test: 'packages/cli/test/import-csv.test.ts',
  },
];
