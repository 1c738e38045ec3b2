/** Several questions of a page that have the same problem: the first in the page says so for all of them, and asks all of them again. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

interface Shown {
  readonly said: string;
  again(): void;
  /** How many below it have the same problem; null: one above it has. */
  set(others: number | null): void;
}

const shown = new Map<HTMLElement, Shown>();

function place(): void {
  const inOrder = [...shown].sort(([a], [b]) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
  const count = new Map<string, number>();
  for (const [, { said }] of inOrder) count.set(said, (count.get(said) ?? 0) + 1);
  for (const [, { said, set }] of inOrder) {
    const many = count.get(said);
    set(many === undefined ? null : many - 1);
    count.delete(said);
  }
}

/** `again`: undefined for what a form was answered, which stands beside its form. */
export function useEqualProblems(said: string, again: (() => void) | undefined) {
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(again);
  latest.current = again;
  const [others, set] = useState<number | null>(0);
  const isOfPage = again !== undefined;
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || !isOfPage) return;
    shown.set(element, { said, set, again: () => latest.current?.() });
    place();
    return () => {
      shown.delete(element);
      place();
    };
  }, [said, isOfPage]);
  return {
    box,
    others,
    askAll: () => {
      for (const one of [...shown.values()]) if (one.said === said) one.again();
    },
  };
}
