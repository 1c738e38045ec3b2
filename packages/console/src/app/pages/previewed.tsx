/** A preview of definitions, answered: which of them say something else, of how many users, and what. */
import type { Answer, Asked } from '@tributary/client/operations';
import { useState } from 'preact/hooks';
import { Empty } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { type FigureOf, type FigureText, useFigureTexts } from '../parts/figure-text.ts';
import { count, instant } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { CsvButton, CurlButton } from '../parts/panel.tsx';
import { Missing } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { rawOf, type SignalValue, ValueText } from '../parts/value-text.tsx';
import { useAnswer } from '../state/answers.ts';

type Preview = Answer<'previewDefinitions'>;
type Definition = Preview['definitions'][number];
type Value = SignalValue | undefined;

const CHANGES: Readonly<Record<Definition['change'], string>> = {
  new: 'is-good',
  changed: 'is-pending',
  same: 'is-plain',
  removed: 'is-bad',
};

interface ChangesProps {
  readonly answer: Preview;
  readonly asked: Asked<'previewDefinitions'>;
}

export function PreviewedChanges({ answer, asked }: ChangesProps) {
  const { definitions, results, asOf, meta } = answer;
  const columns: readonly Column<Definition>[] = [
    { head: 'Name', cell: ({ name }) => <Name text={name} beside="text" />, raw: ({ name }) => name },
    {
      head: 'Definition',
      cell: ({ change }) => <span class={`badge ${CHANGES[change]}`}>{change}</span>,
      raw: ({ change }) => change,
    },
    {
      head: 'Users that differ',
      fileHead: 'differing',
      isFigure: true,
      cell: ({ differing }) => `${count(differing)} of ${count(results.length)}`,
      raw: ({ differing }) => differing,
    },
    { head: 'Says', isBeside: true, cell: ({ says }) => <bdi class="sentence">{says}</bdi>, raw: ({ says }) => says },
  ];
  return (
    <>
      <Missing of={meta} />
      <Head title="What would change" about={`${count(results.length)} users, as of ${instant(asOf)} UTC.`}>
        <CsvButton name="What would change" csv={() => csvOf(columns, definitions)} />
        <CurlButton title="What would change" question="/v1/signals/preview" body={JSON.stringify(asked)} />
      </Head>
      <Table caption="What would change" columns={columns} rows={definitions} keyOf={({ name }) => name} />
    </>
  );
}

interface Row {
  readonly userId: string;
  readonly name: string;
  readonly before: Value;
  readonly after: Value;
  readonly differs: boolean;
}

export function PreviewedValues({ answer: { definitions, results } }: { readonly answer: Preview }) {
  const [isWhole, setIsWhole] = useState(false);
  const now = useAnswer('signalDefinitions', {});
  const columns = valueColumns(useFigureTexts(now.answer?.definitions), useFigureTexts(definitions));
  const all = definitions.flatMap(({ name }) =>
    results.map(({ userId, values, inForce }): Row => {
      const [before, after]: [Value, Value] = [inForce[name], values[name]];
      return { userId, name, before, after, differs: areOther(before, after) };
    }),
  );
  const rows = isWhole ? all : all.filter(({ differs }) => differs);
  return (
    <>
      <Head title={isWhole ? 'Values of these users' : 'Values that differ'}>
        <button type="button" class="quiet" aria-pressed={isWhole} onClick={() => setIsWhole(!isWhole)}>
          All values
        </button>
        <CsvButton name="Values of these users" csv={() => csvOf(columns, all)} />
      </Head>
      {rows.length === 0 ? (
        <Empty title="No value of these users differs">Name other users, or look at all values.</Empty>
      ) : (
        <Table caption="Values of these users" columns={columns} rows={rows} keyOf={({ name, userId }) => `${name} ${userId}`} />
      )}
    </>
  );
}

function Head({ title, about, children }: { title: string; about?: string; children: preact.ComponentChildren }) {
  return (
    <header class="panel-head">
      <div class="panel-words">
        <h3>{title}</h3>
        {about !== undefined && <p class="about">{about}</p>}
      </div>
      <div class="panel-tools">{children}</div>
    </header>
  );
}

/** As the API counts them: not where a value is not known. */
function areOther(before: Value, after: Value): boolean {
  const isKnown = [before, after].every((one) => one === undefined || one.status === 'READY');
  return isKnown && String(rawOf(before?.value ?? null)) !== String(rawOf(after?.value ?? null));
}

/** Why there is none, where it is not that no event has one. */
function Cell({ of: one, figure }: { readonly of: Value; readonly figure: FigureText | undefined }) {
  if (one === undefined) return <span class="nothing">not defined</span>;
  if (one.status !== 'READY') return <span class="badge is-pending">{one.status.toLowerCase().replaceAll('_', ' ')}</span>;
  return <ValueText value={one.value} figure={figure} />;
}

/** A name may have another field, so another unit, in the text than in force. */
const valueColumns = (inForce: FigureOf, previewed: FigureOf): readonly Column<Row>[] => [
  { head: 'Name', cell: ({ name }) => <Name text={name} beside="text" />, raw: ({ name }) => name },
  { head: 'User', isBeside: true, cell: ({ userId }) => <Name text={userId} most={40} />, raw: ({ userId }) => userId },
  {
    head: 'In force',
    cell: ({ name, before }) => <Cell of={before} figure={inForce(name)} />,
    raw: ({ before }) => rawOf(before?.value ?? null),
  },
  {
    head: 'Previewed',
    cell: ({ name, after }) => <Cell of={after} figure={previewed(name)} />,
    raw: ({ after }) => rawOf(after?.value ?? null),
  },
];
