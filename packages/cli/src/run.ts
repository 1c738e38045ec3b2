/** One call of the command line, from arguments to an exit code. Nothing here touches the process: see main.ts. */
import { Command, CommanderError } from 'commander';
import { addAttributionCompare } from './commands/attribution-compare.ts';
import { addAttributionExplain } from './commands/attribution-explain.ts';
import { addAttributionPaths } from './commands/attribution-paths.ts';
import { addAttributionReport } from './commands/attribution-report.ts';
import { addAttributionRun } from './commands/attribution-run.ts';
import { addBatch } from './commands/batch.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEventsSend } from './commands/events-send.ts';
import { addEventsTail } from './commands/events-tail.ts';
import { addAccessLog } from './commands/import-access-log.ts';
import { addCsv } from './commands/import-csv.ts';
import { addKeys } from './commands/keys.ts';
import { addReconcile } from './commands/reconcile.ts';
import { addRoles } from './commands/roles.ts';
import { addSignals } from './commands/signals.ts';
import { addStatus } from './commands/status.ts';
import { type Act, type Context, createContext, type Shell } from './context.ts';
import { EXIT, type ExitCode, failureOf } from './exit.ts';
import { printable } from './terminal/table.ts';

export async function run(shell: Shell): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = createProgram(shell, (code) => (exitCode = code));
  try {
    await program.parseAsync([...shell.argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, shell);
  }
}

/** The whole grammar of the command line. */
export function createProgram(shell: Shell, onExitCode: (code: ExitCode) => void): Command {
  const program = new Command('tributary')
    .description(
      'Signals and attribution whose real-time and recomputed answers are one. Data goes to stdout, messages to stderr.',
    )
    .option('--json', 'answer as JSON')
    .option('--url <url>', 'the serving API [TRIBUTARY_URL]')
    .option('--collector-url <url>', 'the collector [TRIBUTARY_COLLECTOR_URL]')
    .option('--redis-url <url>', 'Redis, for "events tail" and "doctor" [TRIBUTARY_REDIS_URL]')
    .option('--key <key>', 'API key of the needed scope [TRIBUTARY_KEY, TRIBUTARY_WRITE_KEY, …]')
    .option('--data-dir <dir>', 'the data folder, whose keys.local.json names the rest [TRIBUTARY_DATA_DIR, .tributary]')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 found something or failed, 2 wrong usage, 3 a dependency is missing or does not answer.',
    )
    .showHelpAfterError('(--help shows what there is)')
    .configureOutput({ writeOut: (text) => void shell.stdout.write(text), writeErr: (text) => void shell.stderr.write(text) })
    .exitOverride();
  const act: Act =
    (handler) =>
    async (...args) => {
      // Commander adds the command itself as the last argument.
      const given = args.slice(0, -1) as Parameters<typeof handler> extends [unknown, ...infer Rest] ? Rest : never;
      onExitCode(
        await (handler as (context: Context, ...rest: unknown[]) => Promise<ExitCode>)(
          createContext(shell, program.opts()),
          ...given,
        ),
      );
    };

  addRoles(program, act);
  const imports = program.command('import').description('load history from files');
  addAccessLog(imports, act);
  addCsv(imports, act);
  const events = program.command('events').description('send events, follow the log');
  addEventsSend(events, act);
  addEventsTail(events, act);
  addSignals(program, act);
  const attribution = program.command('attribution').description('which channels earned the conversions');
  addAttributionReport(attribution, act);
  addAttributionCompare(attribution, act);
  addAttributionPaths(attribution, act);
  addAttributionExplain(attribution, act);
  addAttributionRun(attribution, act);
  addBatch(program, act);
  addReconcile(program, act);
  addKeys(program, act);
  addStatus(program, act);
  addDoctor(program, act);
  return program;
}

function report(error: unknown, shell: Shell): ExitCode {
  // Commander has written its own message already; asking for help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { exitCode, ...failure } = failureOf(error);
  const text = shell.argv.includes('--json')
    ? JSON.stringify({ error: { ...failure, exitCode } })
    : // A message quotes what files hold.
      `error: ${failure.message}${failure.fix === undefined ? '' : `\n  fix: ${failure.fix}`}`
        .split('\n')
        .map(printable)
        .join('\n');
  shell.stderr.write(`${text}\n`);
  return exitCode;
}
