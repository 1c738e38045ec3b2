/** Lines that could not be imported: all are counted, the first few are shown. */

export interface Problem {
  readonly line: number;
  readonly reason: string;
  /** The beginning of the line, for people. */
  readonly text?: string;
}

export interface Problems {
  readonly count: number;
  readonly first: readonly Problem[];
}

const SHOWN = 5;
const SHOWN_LENGTH = 100;

export function createProblems(): Problems & { add(problem: Problem): void } {
  const first: Problem[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    first,
    add(problem) {
      count += 1;
      if (first.length >= SHOWN) return;
      const text = problem.text;
      first.push(
        text === undefined || text.length <= SHOWN_LENGTH ? problem : { ...problem, text: `${text.slice(0, SHOWN_LENGTH)}…` },
      );
    },
  };
}
