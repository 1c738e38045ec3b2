/** Which rows the conversions are credited to, under several models side by side. */

import type { Asked } from '@tributary/client/operations';
import { CREDIT_IS_SENTENCE } from '@tributary/model/credit-is';
import { Fragment } from 'preact';
import { type EstimateRow, IntervalChart } from '../charts/intervals.tsx';
import { Legend, MOST_SERIES } from '../charts/mark.tsx';
import { Empty, isDown, Problem, WhenAnswered } from '../parts/answered.tsx';
import { Controls, Segmented, Several } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, money } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type ReportChoice, ReportControls, rangeIn, useReportChoice } from '../parts/report-controls.tsx';
import { Seam } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { DaysPanel } from './days.tsx';
import { EarlierPanel } from './earlier.tsx';
import { type Compared, type ComparedRow, figureOf, MEASURES, type Measure, rawFigureOf } from './measures.ts';
import type { PageProps } from './page-props.ts';

type Models = NonNullable<Asked<'compareModels'>['models']>;

const FIRST_MODELS = ['last', 'linear', 'shapley', 'markov'];
const MOST_ROWS = 200;
/** Longer figures of four models need more room than a tablet or a telephone has: `€999,999.99`. */
const LONG = 11;
/** As columns on a telephone, where figures are long. */
const MOST_LONG = 2;
/** More are in the table alone. */
const MOST_DRAWN = 24;
const BY = [
  { value: 'channel', text: 'Channel' },
  { value: 'campaign', text: 'Campaign' },
  { value: 'type', text: 'Type of conversion' },
] as const;

export function AttributionPage({ place }: PageProps) {
  const report = useReportChoice(place);
  const { choice } = report;
  const models = useAnswer('models', {});
  const offered = (models.answer?.models ?? [])
    .filter(({ missing, required }) => missing === null && required.length === 0)
    .map(({ name, rule }) => ({ value: name as string, text: name as string, hint: rule }));
  const named = (place.query.get('models') ?? '').split(',').filter((name) => offered.some(({ value }) => value === name));
  const chosen = (named.length > 0 ? named : FIRST_MODELS).slice(0, MOST_SERIES);
  const withoutIntervals = chosen.filter(
    (name) => !models.answer?.models.some((model) => model.name === name && model.parameters.includes('intervals')),
  );
  const channel = place.query.get('channel');
  const by = BY.find(({ value }) => value === place.query.get('by'))?.value ?? 'channel';
  const measure = MEASURES.find(({ value }) => value === place.query.get('show')) ?? (MEASURES[0] as Measure);
  const asked: Asked<'compareModels'> = {
    models: chosen as Models,
    by: [by],
    ...rangeIn(choice),
    ...(channel !== null && { channel }),
    ...(by === 'channel' && withoutIntervals.length === 0 && { intervals: 1 }),
    sort: 'conversions',
    limit: MOST_ROWS,
  };
  const compared = useAnswer('compareModels', choice.isKnown && models.answer !== undefined ? asked : null);
  return (
    <>
      <Controls>
        <ReportControls {...report} />
        <Segmented
          name="Rows"
          options={BY}
          value={by}
          choose={(value) => choice.change({ by: value === 'channel' ? null : value })}
        />
        {channel !== null && (
          <p class="only">
            Only <Name text={channel} most={40} /> <a href={choice.link({ channel: null })}>All channels</a>
          </p>
        )}
      </Controls>
      {offered.length > 0 && (
        <Several
          name={`Models, up to ${MOST_SERIES}`}
          options={offered}
          values={chosen}
          choose={(values) => choice.change({ models: values.slice(0, MOST_SERIES).join(',') })}
        />
      )}
      {models.answer === undefined && models.problem !== undefined ? (
        <Problem problem={models.problem} again={models.again} />
      ) : (
        <WhenAnswered of={compared}>
          {(answer) => (
            <>
              <Seam meta={answer.meta} />
              <ComparePanel
                answer={answer}
                measure={measure}
                choice={choice}
                question={addressOfQuestion('compareModels', asked)}
                by={by}
                withoutIntervals={by === 'channel' ? withoutIntervals : []}
                rules={offered.filter(({ value }) => chosen.includes(value))}
              />
            </>
          )}
        </WhenAnswered>
      )}
      {!isDown(compared.problem) && !isDown(models.problem) && (
        <>
          {models.answer !== undefined && (
            <EarlierPanel place={place} choice={choice} by={by} models={models.answer.models} chosen={chosen} />
          )}
          <DaysPanel choice={choice} />
        </>
      )}
    </>
  );
}

interface CompareProps {
  readonly answer: Compared;
  readonly measure: Measure;
  readonly choice: ReportChoice;
  readonly question: string;
  readonly by: 'channel' | 'campaign' | 'type';
  /** Chosen models that have none, so that none are asked for. */
  readonly withoutIntervals: readonly string[];
  readonly rules: readonly { readonly value: string; readonly hint: string }[];
}

function ComparePanel({ answer, measure, choice, question, by, withoutIntervals, rules }: CompareProps) {
  const { models, rows, totals } = answer;
  const { currency, change } = choice;
  const [valueField, lowField, highField] = measure.fields;
  const sumOf = (model: string) => {
    const sum = totals.models[model] as Readonly<Record<string, number | bigint | null | undefined>> | undefined;
    return measure.hasSum ? measure.format(sum?.[valueField], currency) : '';
  };
  const isLong = models.some((model) => sumOf(model).length > LONG);
  const columns = columnsOf(answer, measure, choice, by, isLong);
  const hasIntervals = answer.uncertainty !== null;
  const level = answer.parameters.level ?? 0.9;
  const drawn: EstimateRow[] = rows.slice(0, MOST_DRAWN).map((row) => ({
    key: nameOf(row, by),
    name: <Name text={nameOf(row, by)} most={40} />,
    estimates: models.map((model) => ({
      value: figureOf(row.models[model], valueField),
      low: figureOf(row.models[model], lowField),
      high: figureOf(row.models[model], highField),
    })),
  }));
  const isShown = drawn.some(({ estimates }) => estimates.some(({ value }) => value !== null));
  return (
    <Panel
      title={`${measure.text} by ${by === 'type' ? 'type of conversion' : by}`}
      about={`${measure.about}${hasIntervals ? ` Lines are intervals of ${Math.round(level * 100)} %, from samples of users.` : ''}`}
      question={question}
      csv={() => csvOf(columns, rows)}
      tools={
        <Segmented
          name="Figure"
          options={MEASURES}
          value={measure.value}
          choose={(value) => change({ show: value === 'conversions' ? null : value })}
        />
      }
    >
      {rows.length === 0 ? (
        <Empty title="No conversion on these days">Choose more days, or another layer.</Empty>
      ) : (
        <>
          {withoutIntervals.length > 0 && (
            <p class="small">
              Without intervals, as {withoutIntervals.join(', ')} {withoutIntervals.length === 1 ? 'has' : 'have'} none.
            </p>
          )}
          {isShown ? (
            <>
              <Legend names={models} />
              <IntervalChart series={models} rows={drawn} format={(value) => measure.format(value, currency)} />
            </>
          ) : (
            <Empty
              title={measure.isMoney && currency === null ? 'Amounts of several currencies' : 'These rows have no such figure'}
            >
              {measure.isMoney && currency === null
                ? 'They are not added up: choose one currency above.'
                : 'It needs a cost, and a model that hands out credit.'}
            </Empty>
          )}
          <Table
            isWide={isLong}
            caption={`${measure.text} by ${by} and model`}
            columns={columns}
            rows={rows}
            keyOf={(row) => nameOf(row, by)}
            foot={['All rows', count(totals.touches), money(totals.costMinor, currency), ...models.map(sumOf)]}
          />
          <p class="small">{CREDIT_IS_SENTENCE}</p>
          <details>
            <summary>What these models say</summary>
            <dl class="facts">
              {rules.map(({ value, hint }) => (
                <Fragment key={value}>
                  <dt>{value}</dt>
                  <dd>{hint}</dd>
                </Fragment>
              ))}
            </dl>
          </details>
          {answer.rest !== null && answer.rest.rows > 0 && (
            <p class="small">{count(answer.rest.rows)} smaller rows are left out; the sums have them.</p>
          )}
        </>
      )}
    </Panel>
  );
}

function nameOf(row: ComparedRow, by: 'channel' | 'campaign' | 'type'): string {
  return row[by] ?? '';
}

function columnsOf(
  { models, uncertainty }: Compared,
  measure: Measure,
  { currency, link }: ReportChoice,
  by: CompareProps['by'],
  isLong: boolean,
): Column<ComparedRow>[] {
  const [valueField, lowField, highField, cautionsField] = measure.fields;
  return [
    {
      head: BY.find(({ value }) => value === by)?.text ?? by,
      cell: (row) =>
        by === 'channel' && row.channel !== undefined ? (
          <a href={link({ by: 'campaign', channel: row.channel })} title="Its campaigns">
            <Name text={row.channel} />
          </a>
        ) : (
          <Name text={nameOf(row, by)} />
        ),
      raw: (row) => nameOf(row, by),
    },
    {
      head: 'Touches',
      isFigure: true,
      isBeside: true,
      cell: ({ touches }) => count(touches),
      raw: ({ touches }) => touches,
    },
    {
      head: 'Cost',
      fileHead: 'costMinor',
      isFigure: true,
      isBeside: true,
      cell: ({ costMinor }) => money(costMinor, currency),
      raw: ({ costMinor }) => costMinor,
    },
    ...models.map(
      (model, at): Column<ComparedRow> => ({
        head: model,
        fileHead: `${model} ${valueField}`,
        isFigure: true,
        ...(isLong && at >= MOST_LONG && { isBeside: 'phone' }),
        cell: (row) => {
          const figures = row.models[model];
          const [low, high] = [figureOf(figures, lowField), figureOf(figures, highField)];
          const cautions = cautionsField === null ? undefined : figures?.[cautionsField];
          return (
            <>
              {measure.format(rawFigureOf(figures, valueField), currency)}
              {low !== null && high !== null ? (
                <span class="small">
                  {measure.format(low, currency)} to {measure.format(high, currency)}
                </span>
              ) : (
                uncertainty !== null &&
                typeof cautions === 'string' &&
                cautions !== '' && (
                  <span class="small" title={cautions}>
                    no interval
                  </span>
                )
              )}
            </>
          );
        },
        raw: (row) => rawFigureOf(row.models[model], valueField),
      }),
    ),
  ];
}
