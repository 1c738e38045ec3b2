/** `tributary attribution explain ID`: every touch of one conversion, its credit under each model, and why. */
import { span } from '@tributary/model/span';
import type { Command } from 'commander';
import { orWhere } from '../api-client.ts';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { conversions, counted, instant, money } from '../terminal/figures.ts';
import { renderWide, shortName } from '../terminal/table.ts';

type Explanation = AnswerOf<'explainConversion'>;

interface Options {
  readonly user?: string;
  readonly model?: string;
}

export function addAttributionExplain(parent: Command, act: Act): void {
  parent
    .command('explain')
    .description('one conversion: each touch, its credit under every model, and why')
    .argument('<conversion-id>', 'id of the conversion event')
    .option('--user <key>', 'its user key, where several users have an event of that id')
    .option('--model <names>', 'only these models, comma-separated')
    .action(act(explain));
}

async function explain(context: Context, id: string, options: Options): Promise<ExitCode> {
  const got = await orWhere(
    context.api('read').get<Explanation>(`/v1/conversions/${encodeURIComponent(id)}`, { user: options.user }),
    'Take an id of "tributary conversions list"; "tributary events tail" shows conversions as they come.',
  );
  const models = options.model?.split(',') ?? got.models;
  const unknown = models.find((model) => !got.models.includes(model));
  if (unknown !== undefined) throw new UsageError(`--model must be one of ${got.models.join(', ')} (got "${unknown}")`);
  for (const warning of got.meta.warnings) context.terminal.say(`warning: ${warning}`);
  await answer(context, got, () => explanationText(got, models, context));
  return EXIT.ok;
}

function explanationText(got: Explanation, models: readonly string[], { terminal }: Context): string {
  const { conversion, touches, meta } = got;
  const value =
    typeof conversion['valueMinor'] === 'number'
      ? money(conversion['valueMinor'], String(conversion['currency'] ?? ''))
      : 'no value';
  const head = `${conversion['type']} ${conversion['id']} of ${got.userId}, ${instant(Number(conversion['ts']))}, ${value}`;
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const table = renderWide(
    {
      columns: [
        right('#'),
        { title: 'touch' },
        { title: 'type' },
        { title: 'channel' },
        ...models.map(right),
        { title: 'why', wraps: true },
      ],
      rows: touches.map((touch, i) => [
        String(i + 1),
        instant(touch.ts),
        touch.type,
        shortName(touch.channel),
        ...models.map((model) => {
          const credit = touch.credits[model];
          return credit === undefined ? '–' : conversions(credit.creditMicros);
        }),
        touch.reason,
      ]),
      total: [
        '',
        'total',
        '',
        '',
        ...models.map((model) => conversions(touches.reduce((sum, touch) => sum + (touch.credits[model]?.creditMicros ?? 0), 0))),
        '',
      ],
    },
    terminal.width,
    terminal.bold,
  );
  const notes = [
    ...(got.attributed ? [] : ['no touch is eligible: all credit goes to (unattributed)']),
    ...(got.omittedTouches > 0 ? [`left out: ${counted(got.omittedTouches, 'older touch', 'older touches')}, not eligible`] : []),
  ];
  const line = `generation ${meta.generation} · from ${meta.sources.join(' and ') || 'nothing'} · lookback ${span(meta.lookbackMs)} · definitions ${meta.definitions} · ${meta.complete ? 'complete' : 'INCOMPLETE'}`;
  return [head, ...(touches.length > 0 ? [table] : []), ...notes, terminal.dim(line)].join('\n');
}
