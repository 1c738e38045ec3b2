/**
 * From paths to counts, and from counts of order k to those of a lower order.
 *
 * Order k: the states of a path are its k-grams, one step apart; a path of at most k touches is one state.
 * A path a, b, c at order 2: start → (a, b) → (b, c) → end.
 */
import { type Coalition, canonicalCoalitions, canonicalTransitions, type PathCount, type Transition } from './counts.ts';

export interface Step {
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
export function transitionsOfPaths(paths: readonly PathCount[], order: number): Transition[] {
  return canonicalTransitions(
    paths.flatMap(({ path, conversions, value, nulls }) =>
      transitionsOfPath(path, order).map((step) => ({ ...step, conversions, nulls, value: step.to.length === 0 ? value : 0 })),
    ),
  );
}

/** Counts of the sets of channels over all paths, canonical. */
export function coalitionsOfPaths(paths: readonly PathCount[]): Coalition[] {
  return canonicalCoalitions(paths.map(({ path, ...counts }) => ({ channels: path, ...counts })));
}

/**
 * The counts of `order` from counts of a higher one, exactly as if they had been counted at that order: an edge into the
 * first state holds the beginning of its journeys, every other edge between states adds one touch to them.
 */
export function lowerOrder(transitions: readonly Transition[], order: number): Transition[] {
  return canonicalTransitions(
    transitions.flatMap(({ from, to, conversions, nulls, value }) =>
      stepsBelow(from, to, order).map((step) => ({ ...step, conversions, nulls, value: step.to.length === 0 ? value : 0 })),
    ),
  );
}

function stepsBelow(from: readonly string[], to: readonly string[], order: number): Step[] {
  if (from.length === 0) return transitionsOfPath(to, order).slice(0, -1);
  return [{ from: from.slice(-order), to: to.slice(-order) }];
}
