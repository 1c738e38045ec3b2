/** `tributary dev` and `tributary start <role>`: the platform, or one process of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import type { Act, Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';

const ENTRIES: Readonly<Record<string, string>> = {
  collector: 'services/collector/src/main.ts',
  speed: 'services/speed/src/main.ts',
  archiver: 'services/archiver/src/main.ts',
  api: 'services/api/src/main.ts',
  recompute: 'jobs/recompute/src/main.ts',
};

export function fillDev(command: Command, act: Act): void {
  passingUnknownOptionsOn(command).argument('[arguments...]', 'as of "npm start"').action(act(dev));
}

export function fillStart(command: Command, act: Act): void {
  passingUnknownOptionsOn(command)
    .addArgument(new Argument('<role>', 'which').choices(Object.keys(ENTRIES)))
    .argument('[settings...]', 'settings of the role')
    .action(act(start));
}

function passingUnknownOptionsOn(command: Command): Command {
  return command.allowUnknownOption();
}

async function dev(context: Context, args: readonly string[]): Promise<ExitCode> {
  const { shell, settings } = context;
  const file = demandCheckout(join(shell.home, 'infra/local/start.mjs'));
  // Its own Redis, and the folder as a flag.
  return shell.run(process.execPath, [file, '--data-dir', settings.dataDir, ...args], shell.env) as Promise<ExitCode>;
}

/** The command is installed without the roles. */
function demandCheckout(file: string): string {
  if (existsSync(file)) return file;
  throw new CommandError({
    code: 'dependency_missing',
    message: `${file} is not there: this command was installed without the roles of the platform`,
    fix: 'Run it in a checkout: "npm start", or "npx tributary start ROLE".',
    exitCode: EXIT.missing,
  });
}

async function start(context: Context, role: string, settings: readonly string[]): Promise<ExitCode> {
  return runNode(context, [demandCheckout(join(context.shell.home, ENTRIES[role] as string)), ...settings]);
}

/** Our own options are not passed on as flags but as the environment that every role reads. */
async function runNode({ shell, settings }: Context, args: readonly string[]): Promise<ExitCode> {
  const env = { ...shell.env, TRIBUTARY_DATA_DIR: settings.dataDir, TRIBUTARY_REDIS_URL: settings.redisUrl };
  return (await shell.run(process.execPath, args, env)) as ExitCode;
}
