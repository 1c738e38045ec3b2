/**
 * A command's time limit, without replies that came in time. After a turn that took long Node runs timers before it reads sockets: the library gives up a command
 * whose reply lies in the socket. It is given up a turn later, when what came has been read.
 */
import { Command } from 'ioredis';

interface Timed {
  isSettled: boolean;
  _commandTimeoutTimer?: NodeJS.Timeout;
  reject(error: Error): void;
}

/** For every connection of this process, in place of the library's (6.0.0). */
export function giveUpAfterReading(): void {
  Command.prototype.setTimeout = function setCommandTimeout(ms: number) {
    const command = this as unknown as Timed;
    command._commandTimeoutTimer ??= setTimeout(() => timedOut(command), ms);
  };
}

function timedOut(command: Timed): void {
  setImmediate(() => {
    if (!command.isSettled) command.reject(new Error('Command timed out'));
  });
}
