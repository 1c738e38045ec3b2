/** One call of the command line, from arguments to an exit code. Nothing here touches the process: see main.ts. */
import { Command, CommanderError } from 'commander';
import { addCommands, type Named } from './commands.ts';
import { type Act, type Context, createContext, type Shell } from './context.ts';
import { EXIT, type ExitCode, failureOf, UsageError } from './exit.ts';
import { printable, printableJson } from './terminal/table.ts';
import { nameUnknownVariables } from './unknown-variables.ts';
import { VERSION } from './version.ts';

export async function run(shell: Shell): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  try {
    const program = await createProgram(shell, (code) => (exitCode = code));
    await program.parseAsync(helpOfGroup(program, shell.argv), { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, shell);
  }
}

/** The grammar of the command line: every command by name, and those that are named with all they take. */
export async function createProgram(
  shell: Shell,
  onExitCode: (code: ExitCode) => void,
  named: Named = shell.argv,
): Promise<Command> {
  const program = new Command('tributary')
    .description(
      'Signals and attribution whose real-time and recomputed answers are one. Data goes to stdout, messages to stderr.',
    )
    .version(VERSION, '--version', 'the version of this program')
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
    .configureOutput({
      writeOut: (text) => void shell.stdout.write(text),
      writeErr: (text) => void shell.stderr.write(text),
    })
    .exitOverride();
  for (const option of program.options) refuseTwice(program, option.name());
  const act: Act =
    (handler) =>
    async (...args) => {
      // Commander adds the command itself as the last argument.
      const given = args.slice(0, -1) as Parameters<typeof handler> extends [unknown, ...infer Rest] ? Rest : never;
      const context = createContext(shell, program.opts());
      const command = args.at(-1) as Command;
      // Roles name them themselves, and a look at the configuration does.
      if (!STARTS_ROLES.has(command.name()) && command.opts()['config'] !== true) await nameUnknownVariables(shell);
      onExitCode(await (handler as (context: Context, ...rest: unknown[]) => Promise<ExitCode>)(context, ...given));
    };

  await addCommands(program, act, named, () => createProgram(shell, onExitCode, 'all'));
  refuseInSentences(program);
  return program;
}

/** The parser takes one word after `help`, and shows the group of a command of a group: that is asked as the group's own `help`. */
function helpOfGroup(program: Command, argv: readonly string[]): string[] {
  const [help, group, ...rest] = argv;
  const isGroup = program.commands.some((one) => one.name() === group && one.commands.length > 0);
  return help === 'help' && group !== undefined && isGroup && rest.length > 0 ? [group, help, ...rest] : [...argv];
}

function refuseInSentences(command: Command): void {
  command.configureOutput({ outputError: (text, write) => write(refusalOf(text, command)) });
  for (const one of command.commands) refuseInSentences(one);
}

/** The parser takes the last one: of two folders or two keys it may be the wrong one. */
function refuseTwice(program: Command, name: string): void {
  let times = 0;
  program.on(`option:${name}`, () => {
    if (++times > 1) throw new UsageError(`--${name} must be given once (got it twice). Leave one of them out.`);
  });
}

/** The parser's words, in the form of all other refusals. */
function refusalOf(text: string, command: Command): string {
  for (const [words, sentence] of REFUSALS) {
    const [found, ...parts] = words.exec(text) ?? [];
    if (found !== undefined) return `error: ${sentence(command, parts)}\n`;
  }
  return text;
}

/** What the parser says, and what is said in its place: of a command, and the parts in brackets, of which some may be missing. */
const REFUSALS: readonly (readonly [RegExp, (command: Command, parts: readonly (string | undefined)[]) => string])[] = [
  [
    /^error: (?:option '(.*?)' argument|command-argument value) '(.*)' is invalid(?: for argument '(.*)')?\. Allowed choices are (.*)\.$/m,
    (_, [option, value, argument, choices]) =>
      `${option?.split(' ')[0] ?? `<${argument}>`} must be one of ${choices} (got "${value}")`,
  ],
  [
    /^error: unknown (option|command) '(.*?)'(?:\n\((Did you mean [^\n]*\?)\))?$/ms,
    (command, [kind, value, nearest]) =>
      `${kind === 'option' ? 'an' : 'a'} ${kind} of "${pathOf(command)}" must be one that it has (got "${value}")${nearest === undefined ? '' : `. ${nearest}`}`,
  ],
  [
    /^error: option '(.*)' argument missing$/m,
    (command, [flags]) => `${longOf(command, flags)} must have a value (got none)${aboutOption(command, flags)}`,
  ],
  [
    /^error: required option '(.*)' not specified$/m,
    (command, [flags]) =>
      `${longOf(command, flags)} must be given to "${pathOf(command)}" (got none)${aboutOption(command, flags)}`,
  ],
  [
    /^error: missing required argument '(.*)'$/m,
    (command, [name]) => {
      const { argChoices, description = '' } = command.registeredArguments.find((one) => one.name() === name) ?? {};
      if (argChoices !== undefined) return `<${name}> must be one of ${argChoices.join(', ')} (got none)`;
      return `<${name}> must be given to "${pathOf(command)}" (got none)${description === '' ? '' : `: ${description}`}`;
    },
  ],
  [
    /^error: too many arguments(?: for '.*')?\. Expected (\d+) arguments? but got \d+: (.*)\.$/ms,
    (command, [most, values]) =>
      `"${pathOf(command)}" must have ${most === '0' ? 'no argument' : `at most ${most} argument${most === '1' ? '' : 's'}`} (got ${values})`,
  ],
];

/** As it is called: `tributary attribution run`. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function optionOf(command: Command, flags: string | undefined) {
  return command.options.find((one) => one.flags === flags);
}

function longOf(command: Command, flags: string | undefined): string {
  return optionOf(command, flags)?.long ?? `${flags}`;
}

/** What its value is. */
function aboutOption(command: Command, flags: string | undefined): string {
  const { argChoices, description = '' } = optionOf(command, flags) ?? {};
  const about = argChoices === undefined ? description : `one of ${argChoices.join(', ')}`;
  return about === '' ? '' : `: ${about}`;
}

const STARTS_ROLES: ReadonlySet<string> = new Set(['dev', 'start']);

function report(error: unknown, shell: Shell): ExitCode {
  // Commander has written its own message already; asking for help is not an error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { exitCode, ...failure } = failureOf(error);
  const text = shell.argv.includes('--json')
    ? printableJson(JSON.stringify({ error: { ...failure, exitCode } }))
    : // A message quotes what files hold.
      `error: ${failure.message}${failure.fix === undefined ? '' : `\n  fix: ${failure.fix}`}`
        .split('\n')
        .map(printable)
        .join('\n');
  shell.stderr.write(`${text}\n`);
  return exitCode;
}
