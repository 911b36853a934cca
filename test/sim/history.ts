/** What clients asked for and were told: the other half of what the checkers read. */

export type AttemptKind =
	| "lock"
	| "unlock"
	| "force-unlock"
	| "write"
	| "read"
	| "get"
	| "create"
	| "update"
	| "delete"
	| "undelete"
	| "restore";

/** What a client means to do; every repetition of it is one attempt. */
export interface Intent {
	readonly op: number;
	readonly client: string;
	/** Whom the server takes the client for. */
	readonly principal: string;
	/** Over S3, not over HTTP: a write names no lock there, and counts as under its login's own. */
	readonly surface?: "s3";
	readonly unit: string;
	readonly kind: AttemptKind;
	readonly lockId: string | null;
	readonly sha256: string | null;
	readonly isForced: boolean;
}

export interface AttemptResult {
	/** Of a read: null when the unit was read without a log. Of a write: the version's. */
	readonly generation: number | null;
	readonly sha256: string | null;
	readonly isUnchanged: boolean;
	/** Lock id that was answered, for `lock` and `get`. */
	readonly lockId: string | null;
}

/** One request. Times are virtual, taken at the server. */
export interface Attempt extends Intent {
	/** Also the request id in the records. */
	readonly id: string;
	readonly server: string;
	readonly start: number;
	end: number | null;
	/** `open`: no answer ever came, or none has yet. */
	outcome: "open" | "ok" | "failed" | "unknown";
	/** Error code of a failure. */
	code: string;
	error: unknown;
	result: AttemptResult | null;
}

/** Codes that a client repeats its request after. */
export const repeatable: ReadonlySet<string> = new Set([
	"storage_unavailable",
	"outcome_unknown",
	"contention",
	"given_up",
	"body_cut_off",
]);

/** A breach of an invariant. */
export interface Violation {
	readonly invariant: string;
	readonly what: string;
}
