/** Conversions day by day. What lies behind the cut of the generation comes from the speed layer alone, and is drawn as provisional. */
import { Columns } from '../charts/columns.tsx';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, money } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import { type ReportChoice, rangeIn } from '../parts/report-controls.tsx';
import { NotComplete } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { dayOf, everyDay } from '../state/window.ts';

interface Day {
  readonly day: string;
  readonly conversions: number;
  readonly valueMinor: number | bigint | undefined;
}

export function DaysPanel({ choice }: { readonly choice: ReportChoice }) {
  const { currency, isKnown } = choice;
  const asked = { by: ['day' as const], ...rangeIn(choice) };
  const answered = useAnswer('conversions', isKnown ? asked : null);
  return (
    <WhenAnswered of={answered}>
      {({ rows, meta }) => {
        const all: Day[] = rows.map(({ day, conversions, valueMinor }) => ({
          day: String(day),
          conversions: Number(conversions),
          valueMinor: valueMinor === undefined ? undefined : (valueMinor as number | bigint),
        }));
        const cutDay = meta.cut === null ? '' : dayOf(meta.cut);
        return (
          <Panel
            title="Conversions by day"
            about="UTC days. Hatched: the day of the cut and later, which live events still fill; late ones may change earlier days."
            question={addressOfQuestion('conversions', asked)}
            tools={<NotComplete of={meta} />}
            csv={() => csvOf(COLUMNS(currency), all)}
          >
            {all.length === 0 ? (
              <Empty title="No conversion on these days" />
            ) : (
              <>
                <Columns
                  title="Conversions by day"
                  format={count}
                  columns={everyDay(all, ({ day }) => day, without).map(({ day, conversions }) => ({
                    key: day,
                    label: day.slice(5),
                    value: conversions,
                    text: count(conversions),
                    isProvisional: day >= cutDay,
                  }))}
                />
                <details>
                  <summary>As a table</summary>
                  <Table
                    caption="Conversions by day"
                    columns={COLUMNS(currency)}
                    rows={[...all].reverse()}
                    keyOf={({ day }) => day}
                  />
                </details>
              </>
            )}
          </Panel>
        );
      }}
    </WhenAnswered>
  );
}

function without(day: string): Day {
  return { day, conversions: 0, valueMinor: undefined };
}

const COLUMNS = (currency: string | null): Column<Day>[] => [
  { head: 'Day', cell: ({ day }) => day, raw: ({ day }) => day },
  { head: 'Conversions', isFigure: true, cell: ({ conversions }) => count(conversions), raw: ({ conversions }) => conversions },
  {
    head: 'Value',
    fileHead: 'valueMinor',
    isFigure: true,
    cell: ({ valueMinor }) => money(valueMinor, currency),
    raw: ({ valueMinor }) => valueMinor,
  },
];
