/** What an examination of a store finds. */

export const findingCodes = {
	/** A record, page or body that a head or chain needs is not there. */
	missing: "error",
	/** Stored bytes are not those that were written. */
	damaged: "error",
	/** A record does not continue the one before it. */
	"broken-chain": "error",
	/** A serial fell within a lineage without being forced. */
	"serial-fell": "error",
	/** A write or an unlock that the lock before it did not allow. */
	"lock-violated": "error",
	/** An overlay that changed more than what is shown, or came while the unit was locked. */
	"overlay-violated": "error",
	/** A write acknowledges other versions of upstream units than its lock remembers. */
	"acknowledgement-odd": "warning",
	/** A newer version of this program wrote it. */
	"schema-too-new": "error",
	/** A plain object is not what the head says; repaired by a server's sweep or by --repair. */
	"projection-behind": "warning",
	/** Somebody wrote a plain object behind the server's back. */
	"outside-write": "warning",
	/** A version written from outside did not become current. */
	"kept-aside": "warning",
	/** An adoption was begun and not finished; the next lock or write finishes it. */
	"adoption-open": "warning",
	/** An object that is none of ours lies among ours. */
	stray: "warning",
	/** Units of an organization that is deleted, so that nobody reaches them. */
	forgotten: "error",
	/** A plain state whose key no unit id can stand for. */
	unaddressable: "warning",
	/** A body or an index that no version refers to; removed by the pruner after its grace. */
	orphan: "info",
	/** The index of a state is not whole; it is made anew when somebody asks for it. */
	"index-damaged": "info",
	/** Old records are not there: pruned where the operator asked for it, else lost. */
	pruned: "info",
} as const;

export type FindingCode = keyof typeof findingCodes;
export type Severity = (typeof findingCodes)[FindingCode];

export interface Finding {
	readonly code: FindingCode;
	readonly severity: Severity;
	/** The unit's id, or the key of what belongs to none. */
	readonly subject: string;
	/** In whose part of the store; absent: the default organization. */
	readonly organization?: string;
	readonly message: string;
}

/** A finding with its code's severity. */
export function finding(code: FindingCode, subject: string, message: string): Finding {
	return { code, severity: findingCodes[code], subject, message };
}

export interface Examination {
	readonly units: number;
	readonly plainUnits: number;
	readonly records: number;
	readonly versions: number;
	/** Bodies whose bytes were hashed. */
	readonly bodiesVerified: number;
	readonly findings: readonly Finding[];
	/** Findings that were mended. */
	readonly repaired: readonly Finding[];
}

/** Several examinations as one, each with the name of its organization; null: the default one. */
export function together(
	parts: readonly { readonly organization: string | null; readonly found: Examination }[],
): Examination {
	const sum = (of: (found: Examination) => number) =>
		parts.reduce((total, { found }) => total + of(found), 0);
	const all = (of: (found: Examination) => readonly Finding[]) =>
		parts.flatMap(({ organization, found }) =>
			of(found).map((one) => (organization === null ? one : { ...one, organization })),
		);
	return {
		units: sum((found) => found.units),
		plainUnits: sum((found) => found.plainUnits),
		records: sum((found) => found.records),
		versions: sum((found) => found.versions),
		bodiesVerified: sum((found) => found.bodiesVerified),
		findings: all((found) => found.findings),
		repaired: all((found) => found.repaired),
	};
}
