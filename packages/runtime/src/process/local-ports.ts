/** The ports of a platform on one machine: a block of consecutive ports from a base, so that one number moves them all. */

/** Distance from the base port. The last three serve health and metrics only. */
const PORT_OFFSETS = { collector: 0, api: 1, redis: 2, speed: 3, archiver: 4, recompute: 5 } as const;

export type PortName = keyof typeof PORT_OFFSETS;
export type Ports = Readonly<Record<PortName, number>>;

export const PORTS_OF_A_PLATFORM = Object.keys(PORT_OFFSETS).length;

export function portsFrom(base: number): Ports {
  const ports = Object.entries(PORT_OFFSETS).map(([name, offset]) => [name, base + offset]);
  return Object.fromEntries(ports) as Ports;
}

/** Where `npm start` listens unless --port says otherwise, and so where roles and commands look for each other. */
export const DEFAULT_PORTS = portsFrom(7400);
