/**
 * From paths to counts, and from counts of order k to those of a lower order.
 *
 * Order k: the states of a path are its k-grams, one step apart; a path of at most k touches is one state.
 * A path a, b, c at order 2: start → (a, b) → (b, c) → end.
 */
import { type Coalition, canonicalCoalitions, canonicalTransitions, type PathCount, type Transition } from './counts.ts';

interface Step {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** The edges that one journey traverses, in order; none for an empty path. At most `path.length + 1`. */
export function transitionsOfPath(path: readonly string[], order: number): Step[] {
  if (path.length === 0) return [];
  const steps: Step[] = [];
  let from: readonly string[] = [];
  for (let end = Math.min(order, path.length); end <= path.length; end++) {
    const to = path.slice(Math.max(0, end - order), end);
    steps.push({ from, to });
    from = to;
  }
  steps.push({ from, to: [] });
  return steps;
}

/** Counts of the chain of `order` over all paths, canonical. */
export function transitionsOfPaths(paths: Iterable<PathCount>, order: number): Transition[] {
  return canonicalTransitions(traversals(paths, order));
}

function* traversals(paths: Iterable<PathCount>, order: number): Generator<Transition> {
  for (const { path, ...counts } of paths) for (const step of transitionsOfPath(path, order)) yield traversal(step, counts);
}

/** Counts of the sets of channels over all paths, canonical. */
export function coalitionsOfPaths(paths: readonly PathCount[]): Coalition[] {
  return canonicalCoalitions(paths.map(({ path, ...counts }) => ({ channels: path, ...counts })));
}

/**
 * The counts of `order` from counts of a higher one, exactly as if they had been counted at that order: an edge into the
 * first state holds the beginning of its journeys, every other edge between states adds one touch to them.
 */
export function lowerOrder(transitions: Iterable<Transition>, order: number): Transition[] {
  return canonicalTransitions(traversalsBelow(transitions, order));
}

function* traversalsBelow(transitions: Iterable<Transition>, order: number): Generator<Transition> {
  for (const { from, to, ...counts } of transitions) {
    if (from.length > 0) yield traversal({ from: from.slice(-order), to: to.slice(-order) }, counts);
    else for (const step of transitionsOfPath(to, order).slice(0, -1)) yield traversal(step, counts);
  }
}

/** Value belongs to the edge into the end only. */
function traversal(step: Step, { conversions, nulls, value }: Omit<Transition, 'from' | 'to'>): Transition {
  return { ...step, conversions, nulls, value: step.to.length === 0 ? value : 0 };
}
