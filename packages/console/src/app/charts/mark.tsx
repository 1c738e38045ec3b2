/** One mark for each series: a colour and a shape, so that neither is needed to tell them apart. */
export const MOST_SERIES = 8;

const SHAPES = [
  <circle key="circle" r="4.5" />,
  <rect key="square" x="-4" y="-4" width="8" height="8" rx="1" />,
  <path key="diamond" d="M0-5.6 5.6 0 0 5.6-5.6 0Z" />,
  <path key="up" d="M0-5 5 4H-5Z" />,
  <path key="down" d="M0 5 5-4H-5Z" />,
  <path key="plus" d="M-1.8-5h3.6v3.2H5v3.6H1.8V5h-3.6V1.8H-5v-3.6h3.2Z" />,
  <circle key="ring" r="3.6" class="is-hollow" />,
  <rect key="hollow" x="-3.5" y="-3.5" width="7" height="7" class="is-hollow" />,
];

/** At a place of an SVG, in percent of its width. */
export function SeriesMark({ series, x, y }: { readonly series: number; readonly x: number; readonly y: number }) {
  return (
    <svg x={`${x}%`} y={y} overflow="visible" class={`mark-${series % MOST_SERIES}`} aria-hidden="true">
      {SHAPES[series % SHAPES.length]}
    </svg>
  );
}

export function Legend({ names }: { readonly names: readonly string[] }) {
  return (
    <ul class="legend">
      {names.map((name, series) => (
        <li key={name}>
          <svg width="14" height="14" aria-hidden="true">
            <SeriesMark series={series} x={50} y={7} />
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
