/** The package has no types of its own. */
declare module 'cluster-key-slot' {
  /** The slot of a cluster that a key lies in, 0 to 16 383: of what stands in its first braces, else of all of it. */
  export default function calculateSlot(key: string): number;
}
