/** A part of the program that is loaded when it is first needed. */
import { useEffect, useState } from 'preact/hooks';

/** undefined while it loads; null where it cannot be loaded: the API is away, or was upgraded since and has files of other names. */
export function useLater<T extends object>(load: () => Promise<T>): T | null | undefined {
  const [part, setPart] = useState<T | null>();
  useEffect(() => {
    let isGone = false;
    const set = (loaded: T | null) => !isGone && setPart(() => loaded);
    load().then(set, () => set(null));
    return () => {
      isGone = true;
    };
  }, []);
  return part;
}
