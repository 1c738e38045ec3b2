/** Figures of several series beside each other, each with its interval where there is one. */
import type { ComponentChildren } from 'preact';
import { Fragment } from 'preact';
import { SeriesMark } from './mark.tsx';
import { scaleOf, tickTexts } from './scale.ts';

export interface Estimate {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface EstimateRow {
  readonly key: string;
  readonly name: ComponentChildren;
  /** In the order of the series. */
  readonly estimates: readonly Estimate[];
}

interface Props {
  readonly series: readonly string[];
  readonly rows: readonly EstimateRow[];
  readonly format: (value: number) => string;
}

const LINE_PX = 15;

export function IntervalChart({ series, rows, format }: Props) {
  const all = rows.flatMap(({ estimates }) => estimates.flatMap(({ value, low, high }) => [value, low, high]));
  const { ticks, at } = scaleOf(all.filter((value): value is number => value !== null));
  const texts = tickTexts(ticks, format);
  const height = series.length * LINE_PX + 9;
  return (
    <div class="intervals" aria-hidden="true">
      {rows.map(({ key, name, estimates }) => (
        <Fragment key={key}>
          <div class="intervals-name">{name}</div>
          <svg width="100%" height={height} aria-hidden="true">
            {ticks.map((tick) => (
              <line key={tick} class="tick" x1={`${at(tick)}%`} x2={`${at(tick)}%`} y1="0" y2="100%" />
            ))}
            {estimates.map(({ value, low, high }, i) => {
              const y = i * LINE_PX + 12;
              const label = `${series[i]}: ${value === null ? 'no figure' : format(value)}${low !== null && high !== null ? ` (${format(low)} to ${format(high)})` : ''}`;
              return (
                <g key={series[i]} class={`mark-${i}`}>
                  <title>{label}</title>
                  {low !== null && high !== null && (
                    <line class="interval" x1={`${at(low)}%`} x2={`${at(high)}%`} y1={y} y2={y} />
                  )}
                  {value !== null && <SeriesMark series={i} x={at(value)} y={y} />}
                </g>
              );
            })}
          </svg>
        </Fragment>
      ))}
      <div />
      <div class="axis">
        {ticks.map((tick, i) => (
          <span key={tick} style={{ left: `${at(tick)}%` }} class={i % 2 === 1 ? 'is-odd' : undefined}>
            {texts[i]}
          </span>
        ))}
      </div>
    </div>
  );
}
