/**
 * Paths as flows from step to step. Every conversion of the answer is in exactly one flow: what is not listed step by step has a node of its
 * own, so each column that all flows begin in, and the last node, hold the total.
 */
import type { Answer } from '@tributary/client/operations';

export interface Flow {
  /** Names of the nodes that it passes, the conversion left out. */
  readonly steps: readonly string[];
  readonly conversions: number;
}

export const OTHER_PATHS = '(other paths)';
export const OTHER_CHANNELS = '(other channels)';
export const UNATTRIBUTED = '(unattributed)';
export const MORE_STEPS = '(more steps)';
const MOST_STEPS = 5;
const MOST_CHANNELS = 7;

type Paths = Pick<Answer<'paths'>, 'paths' | 'rest' | 'longer' | 'unattributed'>;

export interface Flows {
  readonly flows: readonly Flow[];
  /** Channels that have a node of their own, the largest first. */
  readonly channels: readonly string[];
  /** A layer alone may take conversions back, which no width shows. */
  readonly hasNegative: boolean;
}

export function flowsOf({ paths, rest, longer, unattributed }: Paths): Flows {
  const byChannel = new Map<string, number>();
  for (const { steps, conversions } of paths)
    for (const step of new Set(steps)) byChannel.set(step, (byChannel.get(step) ?? 0) + Number(conversions));
  const channels = [...byChannel]
    .sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
    .slice(0, MOST_CHANNELS)
    .map(([name]) => name);
  const merged = new Map<string, { steps: string[]; conversions: number }>();
  const add = (steps: string[], conversions: number) => {
    if (conversions === 0) return;
    const key = JSON.stringify(steps);
    const flow = merged.get(key) ?? { steps, conversions: 0 };
    flow.conversions += conversions;
    merged.set(key, flow);
  };
  for (const { steps, conversions } of paths) {
    const names = steps.map((step) => (channels.includes(step) ? step : OTHER_CHANNELS));
    const isLong = names.length > MOST_STEPS;
    add(isLong ? [...names.slice(0, MOST_STEPS - 2), MORE_STEPS, ...names.slice(-1)] : names, Number(conversions));
  }
  add([OTHER_PATHS], Number(rest.conversions) + Number(longer.conversions));
  add([UNATTRIBUTED], Number(unattributed.conversions));
  const flows = [...merged.values()];
  return { flows, channels, hasNegative: flows.some(({ conversions }) => conversions < 0) };
}

export interface FlowNode {
  readonly id: string;
  readonly name: string;
  readonly column: number;
}

export interface FlowLink {
  readonly source: string;
  readonly target: string;
  readonly value: number;
}

export const CONVERSION = 'conversion';

/** The nodes and links of a Sankey diagram: a node for each step and name. */
export function graphOf(flows: readonly Flow[]): { readonly nodes: FlowNode[]; readonly links: FlowLink[] } {
  const last = Math.max(0, ...flows.map(({ steps }) => steps.length));
  const nodes = new Map<string, FlowNode>([[CONVERSION, { id: CONVERSION, name: 'Conversion', column: last }]]);
  const links = new Map<string, { source: string; target: string; value: number }>();
  for (const { steps, conversions } of flows) {
    const ids = steps.map((name, column) => {
      const id = `${column} ${name}`;
      if (!nodes.has(id)) nodes.set(id, { id, name, column });
      return id;
    });
    for (const [i, source] of ids.entries()) {
      const target = ids[i + 1] ?? CONVERSION;
      const key = JSON.stringify([source, target]);
      const link = links.get(key) ?? { source, target, value: 0 };
      link.value += conversions;
      links.set(key, link);
    }
  }
  return { nodes: [...nodes.values()], links: [...links.values()] };
}

/** One band of the diagram, by the names of what it joins. */
export interface Band {
  /** Counted from 1. */
  readonly step: number;
  readonly from: string;
  readonly to: string;
  readonly conversions: number;
}

/** In the order of steps, the widest first. */
export function bandsOf(flows: readonly Flow[]): readonly Band[] {
  const { nodes, links } = graphOf(flows);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return links
    .map(({ source, target, value }) => ({
      step: (byId.get(source)?.column ?? 0) + 1,
      from: byId.get(source)?.name ?? source,
      to: byId.get(target)?.name ?? target,
      conversions: value,
    }))
    .sort((a, b) => a.step - b.step || b.conversions - a.conversions);
}
