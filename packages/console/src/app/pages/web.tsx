/** What people do on pages: which are viewed, and of one of them what they look at, how far they read, what they fill in and where they go. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { Controls, Select } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, duration } from '../parts/format.ts';
import { Name, shortened } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { choiceWithoutMoney, type ReportChoice, ReportControls, rangeIn } from '../parts/report-controls.tsx';
import { Seam } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressWith, go, placeNow } from '../state/place.ts';
import { LAYOUTS } from './layouts.ts';
import type { PageProps } from './page-props.ts';
import { AttentionPanel } from './web-attention.tsx';
import { FormsPanel, LinksPanel, ScrollPanel, ViewsPanel } from './web-parts.tsx';
import { ExitsPanel, SessionsPanel, SessionValuesPanel } from './web-sessions.tsx';

type Pages = Answer<'pages'>;
type PageRow = Pages['rows'][number];

const MOST_PAGES = 200;
const FIRST_PAGES = 12;
/** Letters of a name in the list of pages, which is as wide as its longest. */
const MOST_LETTERS = 40;

export function WebPage({ place }: PageProps) {
  const choice = choiceWithoutMoney(place);
  const layout = Object.keys(LAYOUTS).find((one) => one === place.query.get('layout'));
  const asked: Asked<'pages'> = {
    by: ['page'],
    ...rangeIn(choice),
    ...(layout !== undefined && { layout }),
    sort: 'views',
    limit: MOST_PAGES,
  };
  const pages = useAnswer('pages', asked);
  const rows = pages.answer?.rows ?? [];
  const page = place.query.get('page');
  const names = rows.map((row) => String(row['page']));
  if (page !== null && !names.includes(page)) names.unshift(page);
  return (
    <>
      <Controls>
        <ReportControls choice={choice} currencies={[]} />
        <Select
          name="Width of the viewport"
          options={[{ value: '', text: 'All' }, ...Object.entries(LAYOUTS).map(([value, text]) => ({ value, text }))]}
          value={layout ?? ''}
          choose={(value) => choice.change({ layout: value || null })}
        />
        <Select
          name="Page"
          options={[
            { value: '', text: 'All pages' },
            ...names.map((name) => ({ value: name, text: shortened(name, MOST_LETTERS) })),
          ]}
          value={page ?? ''}
          choose={(value) => go(addressWith(placeNow(), { page: value || null }))}
        />
      </Controls>
      <WhenAnswered of={pages}>
        {(answer) => (
          <>
            <Seam meta={answer.meta} />
            {page === null ? (
              <>
                {answer.rows.length > 0 && <Figures of={answer.totals} />}
                <PagesPanel
                  answer={answer}
                  choice={choice}
                  question={addressOfQuestion('pages', asked)}
                  isWhole={place.query.get('pages') === 'all'}
                />
              </>
            ) : (
              <>
                <div class="of-page">
                  <h2>
                    <Name text={page} most={80} />
                  </h2>
                  <a href={choice.link({ page: null })}>All pages</a>
                </div>
                <OfRow row={answer.rows.find((row) => row['page'] === page)} />
              </>
            )}
          </>
        )}
      </WhenAnswered>
      {page === null && rows.length > 0 && (
        <>
          <div class="two is-wide-first">
            <SessionsPanel place={place} layout={layout} choice={choice} />
            <ExitsPanel layout={layout} choice={choice} />
          </div>
          <SessionValuesPanel place={place} layout={layout} choice={choice} />
        </>
      )}
      {page !== null && pages.answer !== undefined && (
        <>
          <AttentionPanel place={place} page={page} layout={layout} choice={choice} />
          <div class="two">
            <ViewsPanel page={page} layout={layout} choice={choice} />
            <ScrollPanel page={page} layout={layout} choice={choice} />
          </div>
          <div class="two">
            <FormsPanel page={page} choice={choice} />
            <LinksPanel page={page} choice={choice} />
          </div>
        </>
      )}
    </>
  );
}

/** Less viewed pages than those that are listed have figures of their own below alone. */
function OfRow({ row }: { readonly row: PageRow | undefined }) {
  return row === undefined ? null : <Figures of={row as Sums} />;
}

type Sums = Pages['totals'];

function Figures({ of: { views = 0, engagedMs = 0, botViews = 0 } }: { readonly of: Sums }) {
  return (
    <dl class="figures">
      <div>
        <dt>Views</dt>
        <dd>{count(views)}</dd>
      </div>
      <div>
        <dt>Engaged, all together</dt>
        <dd>{duration(Number(engagedMs))}</dd>
      </div>
      <div>
        <dt>Engaged in a view</dt>
        <dd>{perView(engagedMs, views)}</dd>
      </div>
      <div>
        <dt>Views by known bots, not among them</dt>
        <dd>{count(botViews)}</dd>
      </div>
    </dl>
  );
}

/** A sum over a sum: of one layer alone either may be negative. */
function perView(ms: number | bigint, views: number | bigint): string {
  return views > 0 && ms >= 0 ? duration(Math.round(Number(ms) / Number(views))) : duration(null);
}

interface PagesProps {
  readonly answer: Pages;
  readonly choice: ReportChoice;
  readonly question: string;
  /** All rows are listed, not the first alone. */
  readonly isWhole: boolean;
}

function PagesPanel({ answer, choice, question, isWhole }: PagesProps) {
  const { rows, rest } = answer;
  const shown = isWhole ? rows : rows.slice(0, FIRST_PAGES);
  const columns = columnsOf(choice);
  const left = Number(rest?.['rows'] ?? 0);
  return (
    <Panel
      title="Pages"
      about="The most viewed first. Choose one to see which of its elements hold attention, how far it is read, its forms and links."
      question={question}
      csv={() => csvOf(columns, rows)}
    >
      {rows.length === 0 ? (
        <Empty title="No page on these days">
          Choose more days, or another layer. Pages are counted where the definitions have <code>web</code>, and reported by the
          tracker: <code>{'<script async src="COLLECTOR/web.js" data-key="tb_…"></script>'}</code>
        </Empty>
      ) : (
        <Table caption="Pages" columns={columns} rows={shown} keyOf={(row) => String(row['page'])} />
      )}
      {rows.length > FIRST_PAGES && (
        <p class="small">
          {isWhole ? (
            <a href={choice.link({ pages: null })}>The first {FIRST_PAGES} alone</a>
          ) : (
            <>
              The first {FIRST_PAGES} of {count(rows.length)}. <a href={choice.link({ pages: 'all' })}>All of them</a>
            </>
          )}
        </p>
      )}
      {left > 0 && <p class="small">{count(left)} less viewed pages are left out; the sums have them.</p>}
    </Panel>
  );
}

function columnsOf(choice: ReportChoice): Column<PageRow>[] {
  const figure = (head: string, name: string, format: (value: number) => string, isBeside = false): Column<PageRow> => ({
    head,
    fileHead: name,
    isFigure: true,
    isBeside,
    cell: (row) => format(Number(row[name])),
    raw: (row) => row[name],
  });
  return [
    {
      head: 'Page',
      fileHead: 'page',
      cell: (row) => {
        const name = String(row['page']);
        return (
          <a href={choice.link({ page: name })}>
            <Name text={name} />
          </a>
        );
      },
      raw: (row) => row['page'],
    },
    figure('Views', 'views', count),
    { head: 'Engaged in a view', isFigure: true, cell: (row) => perView(row['engagedMs'] as number, row['views'] as number) },
    figure('Engaged', 'engagedMs', duration),
    figure('Visible', 'visibleMs', duration, true),
    figure('Views by bots', 'botViews', count, true),
  ];
}
