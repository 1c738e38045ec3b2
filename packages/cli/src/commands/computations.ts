/** `tributary computations …`: programs beside the platform that write events back, and how far each is. */
import { span } from '@tributary/model/span';
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { actorOf } from '../report/actor.ts';
import { definitionsAsWritten } from '../report/definition-file.ts';
import { instant } from '../terminal/figures.ts';
import { renderWide } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

type Computation = AnswerOf<'computations'>['computations'][number];

const ROUTE = '/v1/computations';

export function fillComputations(computations: Command, act: Act): void {
  computations
    .command('list')
    .description('each computation, and how far it is')
    .addHelpText('after', '\nExit code 1 where one stands still or is behind.')
    .action(act(list));
  computations
    .command('register')
    .description('register a computation, whatever was registered under its name')
    .argument('<file>', 'YAML or JSON: name, version, reads, writes, mostLagMs')
    .action(act(register));
  computations.command('remove').description('remove a computation from the list').argument('<name>').action(act(remove));
}

async function list(context: Context): Promise<ExitCode> {
  const got = await context.api('read').get<AnswerOf<'computations'>>(ROUTE);
  await answer(context, got, () => tableOf(got.computations, context.terminal));
  return got.computations.every(({ state }) => state === 'RUNNING' || state === 'NOT_STARTED') ? EXIT.ok : EXIT.found;
}

async function register(context: Context, file: string): Promise<ExitCode> {
  const body = (await definitionsAsWritten(context.shell.cwd, file, '<file>')) as object;
  const got = await context.api('admin').post<AnswerOf<'registerComputation'>>(ROUTE, body);
  await answer(context, got, () => tableOf([got.computation], context.terminal));
  return EXIT.ok;
}

async function remove(context: Context, name: string): Promise<ExitCode> {
  const got = await context.api('admin').delete<AnswerOf<'removeComputation'>>(`${ROUTE}/${encodeURIComponent(name)}`);
  await answer(context, got, () => `computation ${got.removed} is removed`);
  return EXIT.ok;
}

function tableOf(computations: readonly Computation[], { width, bold }: Terminal): string {
  if (computations.length === 0) return 'no computation is registered: "tributary computations register FILE" registers one';
  const columns = ['computation', 'version', 'state', 'a line waits', 'said at', 'writes', 'by'].map((title) => ({ title }));
  return renderWide({ columns, rows: computations.map(rowOf) }, width, bold);
}

function rowOf({ name, version, state, lagMs, reportedAt, writes, by }: Computation): string[] {
  const waits = lagMs === null ? '' : lagMs === 0 ? 'none' : span(lagMs);
  return [name, version, state, waits, reportedAt === null ? '' : instant(reportedAt), writes.fields.join(', '), actorOf(by)];
}
