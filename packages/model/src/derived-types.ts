/** Types of events that programs write of a user: what a detector found, what was done about it, and what was computed. */
export const DERIVED_TYPES: readonly string[] = ['verdict', 'intervention', 'computed'];
