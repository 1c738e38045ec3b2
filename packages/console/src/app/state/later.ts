/** A part of the program that is loaded when it is first needed. */
import { useEffect, useState } from 'preact/hooks';

/** undefined while it loads, and where it cannot be loaded: what it draws is in a table as well. */
export function useLater<T>(load: () => Promise<T>): T | undefined {
  const [part, setPart] = useState<{ readonly loaded: T }>();
  useEffect(() => {
    let isGone = false;
    load().then(
      (loaded) => !isGone && setPart({ loaded }),
      () => {},
    );
    return () => {
      isGone = true;
    };
  }, []);
  return part?.loaded;
}
