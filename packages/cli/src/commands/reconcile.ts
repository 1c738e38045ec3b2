/** `tributary reconcile show`: where real time differed from the recomputed truth, and why. */
import type { Command } from 'commander';
import { orWhere } from '../api-client.ts';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { reconciliationText } from '../report/reconciliation.ts';
import { numberOf } from './batch.ts';

type Reconciled = AnswerOf<'reconciliation'>;

export function addReconcile(program: Command, act: Act): void {
  program
    .command('reconcile')
    .description('real time against the recomputed truth')
    .command('show')
    .description('what readers saw before a generation was published, against what it computed; exit 1 when they differ')
    .argument('[generation]', 'default: the newest that was compared')
    .action(act(show));
}

async function show(context: Context, text: string | undefined): Promise<ExitCode> {
  const api = context.api('read');
  const got =
    text === undefined
      ? (await api.get<AnswerOf<'reconciliations'>>('/v1/reconciliations', { limit: 1 })).reconciliations[0]
      : await orWhere(
          api.get<Reconciled>(`/v1/reconciliations/${numberOf(text)}`),
          'See "tributary batch status": reconciliations are deleted with their generation (state "retired"), and a failed one never had any.',
        );
  if (got === undefined) {
    context.terminal.say('no generation was compared yet: the first reconciliation comes with the second generation');
    if (context.json) await answer(context, null, () => '');
    return EXIT.found;
  }
  await answer(context, got, () => reconciliationText(got.reconciliation, context.terminal));
  return got.reconciliation.equal ? EXIT.ok : EXIT.found;
}
