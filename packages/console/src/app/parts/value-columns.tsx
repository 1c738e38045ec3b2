/** What definitions say of one user, as a table: the same columns wherever it is shown. */
import type { FigureOf } from './figure-text.ts';
import { Name } from './name.tsx';
import type { Column } from './table.tsx';
import { rawOf, type SignalValue, StateBadge, ValueText } from './value-text.tsx';

/** `addressOf`: where a name leads. */
export function valueColumns(
  figureOf: FigureOf,
  addressOf: (name: string) => string,
): readonly Column<readonly [string, SignalValue]>[] {
  return [
    {
      head: 'Name',
      cell: ([name]) => (
        <a href={addressOf(name)}>
          <Name text={name} beside="text" />
        </a>
      ),
      raw: ([name]) => name,
    },
    {
      head: 'Value',
      cell: ([name, { value }]) => <ValueText value={value} figure={figureOf(name)} />,
      raw: ([, { value }]) => rawOf(value),
    },
    { head: 'State', isBeside: true, cell: ([, { status }]) => <StateBadge status={status} />, raw: ([, { status }]) => status },
  ];
}
