/** What the start command says of roles that end, or run without being ready. */
import type { PlatformEvent } from './launch.ts';
import { seconds } from './terminal.ts';

/** Returns the line about an event, undefined where there is nothing to say. A role that ends for the same reason again says it once. */
export function describeTroubles(): (event: PlatformEvent) => string | undefined {
  const quoted = new Map<string, string | undefined>();
  return (event) => {
    if (event.type === 'unready') return notReady(event.name, event.why);
    if (event.type === 'ready') {
      if (!event.wasUnready && !event.isRestart) return undefined;
      return `  ${event.name} is ready ${event.wasUnready ? 'now' : 'again'}`;
    }
    const { name, how, againInMs, said } = event;
    const isSame = said !== undefined && quoted.get(name) === said;
    quoted.set(name, said);
    const next = againInMs === null ? 'it is not started again' : `starting it again in ${seconds(againInMs)}`;
    const why = said === undefined ? '' : `\n    It said: ${said}`;
    return `  ${name} ended with ${how}${isSame ? ', for the same reason' : ''}; ${next}${isSame ? '' : why}`;
  };
}

export function notReady(name: string, why: string): string {
  return `  ${name} runs and is not ready: ${why}`;
}
