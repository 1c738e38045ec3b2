/** `tributary attribution explain ID`: every touch of one conversion, its credit under each model, and why. */
import { isModelName } from '@tributary/attribution/models/catalogue';
import { CREDIT_IS } from '@tributary/model/credit-is';
import { DAY_MS } from '@tributary/model/time';
import type { Command } from 'commander';
import { orWhere } from '../api-client.ts';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { conversions, counted, instant, money } from '../terminal/figures.ts';
import { printable, renderWide, shortName, type Table } from '../terminal/table.ts';

type Explanation = AnswerOf<'explainConversion'>;

interface Options {
  readonly user?: string;
  readonly model?: string;
}

export function fillAttributionExplain(command: Command, act: Act): void {
  command
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
  if (unknown !== undefined) throw new UsageError(notExplained(unknown, got.models));
  for (const warning of got.meta.warnings) context.terminal.say(`warning: ${warning}`);
  await answer(context, got, () => explanationText(got, models, context));
  return EXIT.ok;
}

/** Shares of channels come from all journeys together: no conversion has a credit of its own. */
function notExplained(model: string, models: readonly string[]): string {
  const rule = `--model must be one of ${models.join(', ')}`;
  if (!isModelName(model)) return `${rule} (got "${model}")`;
  return `${rule} (got "${model}", whose shares come from all journeys together and not from one). "tributary attribution report --model ${model}" has them.`;
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
  const worth = valueTable(got, models);
  const notes = [
    ...correctionLines(got),
    ...refundLines(got),
    ...(got.attributed ? [] : ['no touch is eligible: all credit goes to (unattributed)']),
    ...(got.omittedTouches > 0 ? [`left out: ${counted(got.omittedTouches, 'older touch', 'older touches')}, not eligible`] : []),
  ];
  const line = `generation ${meta.generation} · from ${meta.sources.join(' and ') || 'nothing'} · lookback ${Number((meta.lookbackMs / DAY_MS).toFixed(2))} d · definitions ${meta.definitions} · ${meta.complete ? 'complete' : 'INCOMPLETE'}`;
  const tables =
    touches.length === 0 ? [] : [table, ...(worth === null ? [] : ['', renderWide(worth, terminal.width, terminal.bold), ''])];
  return [head, ...tables, ...notes, terminal.dim([...(touches.length === 0 ? [] : [CREDIT_IS]), line].join('\n'))].join('\n');
}

/** An older API does not say. */
function correctionLines({ corrections = [] }: Partial<Pick<Explanation, 'corrections'>>): string[] {
  return corrections.map(({ id, name, author, reason }) => printable(`${id}: corrected by "${name}" of ${author} (${reason})`));
}

/** Nothing where the conversion names no order: which refunds are of it is not known then. */
function refundLines({ order, refunds }: Explanation): string[] {
  // An older API does not say.
  if (!order) return [];
  const name = `order ${shortName(printable(order))}`;
  if (refunds.length === 0) return [`${name}: no refund`];
  return refunds.map(({ id, ts, type, valueMinor, currency, counts }) => {
    const how = counts ? 'a conversion of its own, credited by its own path' : 'reports do not count it';
    return `${name}: refunded ${money(valueMinor, currency)} by ${printable(`${type} ${id}`)}, ${instant(ts)} (${how})`;
  });
}

/** What each touch is given of the conversion's value; null where it has none. */
function valueTable({ conversion, touches }: Explanation, models: readonly string[]): Table | null {
  const { valueMinor, currency } = conversion;
  if (typeof valueMinor !== 'number' || valueMinor === 0) return null;
  const amount = (minor: number) => money(minor, String(currency ?? ''));
  return {
    columns: [
      { title: '#', align: 'right' },
      { title: 'value to' },
      ...models.map((title) => ({ title, align: 'right' }) as const),
    ],
    keys: 2,
    rows: touches.map(({ channel, credits }, i) => [
      String(i + 1),
      shortName(channel),
      ...models.map((model) => {
        const { [model]: credit } = credits;
        return credit === undefined ? '–' : amount(credit.valueMinor);
      }),
    ]),
  };
}
