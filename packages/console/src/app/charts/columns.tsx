/** A figure for each of some places in order, such as days: columns that stand on 0. */
import { scaleOf, tickTexts } from './scale.ts';

export interface ColumnOf {
  readonly key: string;
  /** Below the column; only some are written where they are many. */
  readonly label: string;
  readonly value: number;
  readonly text: string;
  /** Drawn as what may still change. */
  readonly isProvisional?: boolean;
  /** There is no value, which is another thing than 0. */
  readonly isMissing?: boolean;
}

interface Props {
  readonly title: string;
  readonly columns: readonly ColumnOf[];
  readonly format: (value: number) => string;
  /** What the speed layer alone says, in its colour. */
  readonly isLive?: boolean;
}

const MOST_LABELS = 8;

export function Columns({ title, columns, format, isLive = false }: Props) {
  const { ticks, at } = scaleOf(
    columns.map(({ value }) => value),
    4,
  );
  const texts = tickTexts(ticks, format);
  const width = 100 / Math.max(1, columns.length);
  const every = Math.ceil(columns.length / MOST_LABELS);
  const zero = at(0);
  return (
    <figure class="columns">
      <figcaption class="hidden-text">{title}</figcaption>
      <div class="columns-plot">
        <div class="columns-axis" aria-hidden="true">
          {ticks.map((tick, i) => (
            <span key={tick} style={{ bottom: `${at(tick)}%` }}>
              {texts[i]}
            </span>
          ))}
        </div>
        <svg
          width="100%"
          height="100%"
          role="img"
          aria-label={`${title}: ${columns.length} columns, the figures are in the table.`}
        >
          <defs>
            <pattern id="provisional" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="6" height="6" class="provisional-ground" />
              <rect width="2.5" height="6" class="provisional-line" />
            </pattern>
          </defs>
          {ticks.map((tick) => (
            <line key={tick} class="tick" x1="0" x2="100%" y1={`${100 - at(tick)}%`} y2={`${100 - at(tick)}%`} />
          ))}
          {columns.map(({ key, value, text, label, isProvisional, isMissing }, i) => {
            const top = Math.max(at(value), zero);
            const high = Math.max(0.4, Math.abs(at(value) - zero));
            return (
              <g key={key} class="column">
                <title>{`${label}: ${text}${isProvisional ? ', may still change' : ''}`}</title>
                <rect
                  class={isMissing ? 'column-missing' : 'column-ground'}
                  x={`${i * width}%`}
                  width={`${width}%`}
                  y="0"
                  height="100%"
                />
                <rect
                  class={isProvisional ? 'bar is-provisional' : isLive ? 'bar is-live' : 'bar'}
                  x={`${(i + 0.14) * width}%`}
                  width={`${width * 0.72}%`}
                  y={`${100 - top}%`}
                  height={value === 0 ? 0 : `${high}%`}
                  rx="2"
                />
              </g>
            );
          })}
        </svg>
      </div>
      <div class="columns-labels" aria-hidden="true">
        {columns.map(({ key, label }, i) =>
          (columns.length - 1 - i) % every === 0 ? (
            <span
              key={key}
              style={{ left: `${(i + 0.5) * width}%` }}
              class={((columns.length - 1 - i) / every) % 2 === 1 ? 'is-odd' : undefined}
            >
              {label}
            </span>
          ) : null,
        )}
      </div>
    </figure>
  );
}
