/**
 * What comes in just now, once a second, from the stream of the API. Where there is none (a proxy that holds it back, as many listen as may), the
 * same is asked for every two seconds. A page that is not seen lets go after a minute, and takes it up when it is seen again.
 */
import { parseAnswer } from '@tributary/client/exact-answer';
import type { Answer } from '@tributary/client/operations';
import { useEffect, useState } from 'preact/hooks';
import { type Answered, useAnswer } from './answers.ts';

export type Arrivals = Answer<'stream'>;

const ADDRESS = '/v1/stream?kinds=arrivals';
const PATIENCE_MS = 5_000;
const POLL_MS = 2_000;
const HIDDEN_MS = 60_000;

export function useArrivals(): Answered<'stream'> & { readonly isStreamed: boolean } {
  const [moment, setMoment] = useState<Arrivals>();
  const [polls, setPolls] = useState(false);
  const polled = useAnswer('stream', polls ? {} : null, POLL_MS);
  useEffect(() => {
    let source: EventSource | undefined;
    let patience: ReturnType<typeof setTimeout> | undefined;
    let hidden: ReturnType<typeof setTimeout> | undefined;
    const wait = () => {
      clearTimeout(patience);
      patience = setTimeout(() => setPolls(true), PATIENCE_MS);
    };
    const close = () => {
      source?.close();
      source = undefined;
      clearTimeout(patience);
    };
    const open = () => {
      if (source !== undefined) return;
      wait();
      source = new EventSource(ADDRESS);
      source.addEventListener('arrivals', ({ data }) => {
        wait();
        setPolls(false);
        setMoment(parseAnswer(String(data)) as Arrivals);
      });
      // Refused, and not asked again by the browser: the polls say why.
      source.addEventListener('error', () => {
        if (source?.readyState !== EventSource.CLOSED) return;
        close();
        setPolls(true);
      });
    };
    const follow = () => {
      clearTimeout(hidden);
      if (document.hidden) hidden = setTimeout(close, HIDDEN_MS);
      else open();
    };
    open();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      clearTimeout(hidden);
      close();
    };
  }, []);
  if (polls) return { ...polled, isStreamed: false };
  return { answer: moment, problem: undefined, isWaiting: moment === undefined, again: () => setPolls(true), isStreamed: true };
}
