/** A page drawn from data alone: the mean boxes of its elements, each with its share and rank, and heat over them. No page is loaded for it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { isolated, shortened } from '../parts/name.tsx';
import { drawHeat, type Spot } from './heat.ts';

export interface Box {
  readonly element: string;
  /** Such as `6.7 % #1`. */
  readonly text: string;
  /** Its part of the largest, 0 to 1: how strong its ground is. */
  readonly part: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A cell of an element's box: by rows of 16. */
export interface Cell {
  readonly element: string;
  readonly cell: number;
  readonly n: number;
}

/** Before its room is known. */
const LEAST_WIDTH_PX = 240;
/** A page of a telephone is not drawn larger than it is. */
const MOST_SCALE = 0.75;
/** Pages are drawn so far down. */
const MOST_HEIGHT_PX = 2_400;
const COLUMNS = 16;
const ROWS_OF_TALL = 64;
const TALL_PX = 1_600;
const LETTER_PX = 7;
const LINE_PX = 18;

interface Props {
  readonly title: string;
  readonly boxes: readonly Box[];
  readonly cells: readonly Cell[];
}

export function Schematic({ title, boxes, cells }: Props) {
  const frame = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [room, setRoom] = useState(LEAST_WIDTH_PX);
  const pageWidth = Math.max(1, ...boxes.map((box) => box.x + box.width));
  const pageHeight = Math.max(1, ...boxes.map((box) => box.y + box.height));
  const scale = Math.min(MOST_SCALE, room / pageWidth);
  const [width, height] = [Math.ceil(pageWidth * scale), Math.min(MOST_HEIGHT_PX, Math.ceil(pageHeight * scale))];
  useEffect(() => {
    if (frame.current === null) return;
    const observer = new ResizeObserver(([entry]) =>
      setRoom(Math.max(LEAST_WIDTH_PX, Math.floor(entry?.contentRect.width ?? 0))),
    );
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current !== null) drawHeat(canvas.current, spotsOf(boxes, cells, scale));
  }, [boxes, cells, width]);
  // What is large lies below what is within it.
  const drawn = boxes.toSorted((a, b) => b.width * b.height - a.width * a.height).map((box) => placed(box, scale));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keys
    <section ref={frame} class="schematic" tabIndex={0} aria-label={title}>
      <div>
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`${boxes.length} elements where they are on the page. The table has their figures.`}
        >
          {drawn.map(({ element, text, part, x, y, width: wide, height: high }) => (
            <g key={element} class="outline">
              <title>{`${isolated(element)}: ${text}`}</title>
              <rect
                x={x + 0.5}
                y={y + 0.5}
                width={Math.max(1, wide - 1)}
                height={Math.max(1, high - 1)}
                rx="3"
                style={{ '--part': String(part) }}
              />
            </g>
          ))}
        </svg>
        <canvas ref={canvas} width={width} height={height} />
        <svg class="outline-words" width={width} height={height} aria-hidden="true">
          {drawn.map((box) => (
            <Words key={box.element} box={box} />
          ))}
        </svg>
      </div>
    </section>
  );
}

/** Above the heat, where there is room for them. */
function Words({ box: { element, text, x, y, width, height } }: { readonly box: Box }) {
  const letters = Math.floor((width - 12) / LETTER_PX);
  if (height < LINE_PX || letters < text.length) return null;
  return (
    <>
      <text x={x + 7} y={y + 14} class="outline-figure">
        {text}
      </text>
      {height >= 2 * LINE_PX && (
        <text x={x + 7} y={y + 14 + LINE_PX}>
          {shortened(element, letters)}
        </text>
      )}
    </>
  );
}

function placed(box: Box, scale: number): Box {
  const { x, y, width, height } = box;
  return { ...box, x: x * scale, y: y * scale, width: width * scale, height: height * scale };
}

function spotsOf(boxes: readonly Box[], cells: readonly Cell[], scale: number): Spot[] {
  const byElement = new Map(boxes.map((box) => [box.element, box]));
  const most = Math.max(1, ...cells.map(({ n }) => n));
  return cells.flatMap(({ element, cell, n }) => {
    const box = byElement.get(element);
    if (box === undefined || n <= 0) return [];
    const rows = box.height > TALL_PX ? ROWS_OF_TALL : COLUMNS;
    const [wide, high] = [box.width / COLUMNS, box.height / rows];
    const x = box.x + ((cell % COLUMNS) + 0.5) * wide;
    const y = box.y + (Math.floor(cell / COLUMNS) + 0.5) * high;
    return [{ x: x * scale, y: y * scale, part: n / most, sidePx: Math.max(wide, high) * scale }];
  });
}
