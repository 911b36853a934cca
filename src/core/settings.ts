/** What an operator may choose, as the core needs it. Defaults are in limits.ts. */
export interface CoreSettings {
	/** Bodies kept per unit; 0 keeps all. */
	readonly versionsKept: number;
	/** Records kept per unit; 0 keeps all: the records are the audit trail (I13). */
	readonly recordsKept: number;
	/** Whether the HTTP backend creates a unit at its first lock or write. */
	readonly isAutoCreating: boolean;
	/** How old a record or body must be before it may be removed, ms. */
	readonly pruneGraceMs: number;
	readonly headAgeMaxMs: number;
	readonly actDeadlineMs: number;
	/** After this long the store can no longer accept a late copy of our own request, ms. */
	readonly projectionSettleMs: number;
	readonly directoryFreshMs: number;
	/** Changes of the graph within this time are written into the system unit's state together, ms. */
	readonly systemStateSettleMs: number;
}
