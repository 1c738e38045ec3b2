/** Connections by address, made when needed and again after they broke. */

import { type Address, type Connection, connectTo } from './connection.ts';
import type { KafkaSettings } from './settings.ts';

export interface Connections {
  to(address: Address): Promise<Connection>;
  /** Ends the one to this address, if any. */
  drop(address: Address): void;
  closeAll(): void;
}

interface Kept {
  readonly connecting: Promise<Connection>;
  connection: Connection | null;
}

export function createConnections(settings: KafkaSettings): Connections {
  const kept = new Map<string, Kept>();
  let closed = false;

  function connect(address: Address, key: string): Kept {
    const one: Kept = { connecting: connectTo(address, settings), connection: null };
    one.connecting.then(
      (connection) => {
        one.connection = connection;
        if (closed) connection.close();
      },
      () => {
        if (kept.get(key) === one) kept.delete(key);
      },
    );
    kept.set(key, one);
    return one;
  }

  return {
    to(address) {
      const key = keyOf(address);
      const known = kept.get(key);
      // Two that ask while it is being made get the same one.
      const isUsable = known !== undefined && (known.connection === null || known.connection.isOpen());
      return (isUsable ? known : connect(address, key)).connecting;
    },
    drop(address) {
      const key = keyOf(address);
      const one = kept.get(key);
      // Who asks from now on gets another one.
      kept.delete(key);
      if (one !== undefined) closeOnceMade(one);
    },
    closeAll() {
      closed = true;
      for (const one of kept.values()) closeOnceMade(one);
      kept.clear();
    },
  };
}

function closeOnceMade({ connecting }: Kept): void {
  connecting.then(
    (connection) => connection.close(),
    () => {},
  );
}

function keyOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
