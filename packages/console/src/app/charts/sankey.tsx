/** Flows as a Sankey diagram: the width of a band is how many conversions went that way. */
import { sankey, sankeyLinkHorizontal } from 'd3-sankey';
import { useEffect, useRef, useState } from 'preact/hooks';
import { count } from '../parts/format.ts';
import { isolated } from '../parts/name.tsx';
import { CONVERSION, type Flow, type FlowLink, type FlowNode, graphOf } from './flows.ts';
import { MOST_SERIES } from './mark.tsx';

const LEAST_WIDTH_PX = 680;
const NODE_PX = 12;
const GAP_PX = 14;
/** Room for a name beside the last column. */
const LABEL_PX = 128;
const MOST_LETTERS = 22;
/** A band beside less than this is not written at. */
const LEAST_LABEL_PX = 9;

export function SankeyChart({ flows, channels }: { readonly flows: readonly Flow[]; readonly channels: readonly string[] }) {
  const box = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(LEAST_WIDTH_PX);
  useEffect(() => {
    if (box.current === null) return;
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.max(LEAST_WIDTH_PX, Math.floor(entry?.contentRect.width ?? 0))),
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const graph = graphOf(flows);
  const inFirst = graph.nodes.filter(({ column }) => column === 0).length;
  const height = Math.max(280, inFirst * 44);
  const { nodes, links } = sankey<FlowNode, FlowLink>()
    .nodeId(({ id }) => id)
    .nodeAlign(({ column }) => column)
    .nodeWidth(NODE_PX)
    .nodePadding(GAP_PX)
    .extent([
      [0, 6],
      [width - LABEL_PX, height - 6],
    ])({ nodes: graph.nodes.map((node) => ({ ...node })), links: graph.links.map((link) => ({ ...link })) });
  const path = sankeyLinkHorizontal<FlowNode, FlowLink>();
  const colourOf = (name: string) => {
    const at = channels.indexOf(name);
    return at < 0 ? 'mark-none' : `mark-${at % MOST_SERIES}`;
  };
  const total = flows.reduce((sum, { conversions }) => sum + conversions, 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keys
    <section ref={box} class="sankey" tabIndex={0} aria-label="Flows from step to step">
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`${count(total)} conversions by the steps of their paths. The table below has the paths.`}
      >
        {links.map((link) => {
          const source = link.source as FlowNode;
          const target = link.target as FlowNode;
          return (
            <path
              key={`${source.id} ${target.id}`}
              class={`band ${colourOf(source.name)}`}
              d={path(link) ?? ''}
              stroke-width={Math.max(1, link.width ?? 0)}
            >
              <title>{`${isolated(source.name)} to ${isolated(target.name)}: ${count(link.value)}`}</title>
            </path>
          );
        })}
        {nodes.map((node) => {
          const { x0 = 0, x1 = 0, y0 = 0, y1 = 0 } = node;
          const isLast = node.id === CONVERSION;
          const isWritten = y1 - y0 >= LEAST_LABEL_PX;
          return (
            <g key={node.id} class={`node ${isLast ? 'mark-end' : colourOf(node.name)}`}>
              <title>{`${isolated(node.name)}: ${count(node.value)}`}</title>
              <rect x={x0} y={y0} width={x1 - x0} height={Math.max(1, y1 - y0)} rx="2" />
              {isWritten && (
                <text x={x1 + 6} y={(y0 + y1) / 2} dy="0.35em">
                  <tspan class="node-name">{shortened(node.name)}</tspan> <tspan class="node-figure">{count(node.value)}</tspan>
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </section>
  );
}

function shortened(name: string): string {
  const letters = [...name];
  return letters.length > MOST_LETTERS ? `${letters.slice(0, MOST_LETTERS - 1).join('')}…` : name;
}
