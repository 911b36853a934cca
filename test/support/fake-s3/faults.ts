/** Faults as data, so that a test can also send them to a fake in another process. */

export type FakeOperation = "get" | "put" | "put-if-absent" | "delete" | "list" | "versioning";

export type FaultAction =
	/** Answers so, without effect. */
	| {
			readonly kind: "refuse";
			readonly status: number;
			readonly code: string;
			/** Where the bucket is said to be. */
			readonly region?: string;
	  }
	/** Takes effect, and then answers so. */
	| {
			readonly kind: "refuse-after";
			readonly status: number;
			readonly code: string;
	  }
	/** Closes the connection without effect. */
	| { readonly kind: "drop" }
	/** Takes effect and closes the connection without an answer. */
	| { readonly kind: "drop-after" }
	/** Holds the request; effect and answer come when `release` is called. */
	| { readonly kind: "hold" }
	/** Takes effect and holds the answer until `release` is called. */
	| { readonly kind: "hold-after" }
	/** Sends so many bytes of the body and closes the connection. */
	| { readonly kind: "truncate"; readonly bytes: number }
	/** Sends so many bytes of the body and then nothing until `release` is called. */
	| { readonly kind: "stall"; readonly bytes: number }
	/** Answers with a `Content-Encoding` header, the bytes as they are. */
	| { readonly kind: "content-encoding"; readonly value: string }
	/** Answers without a `Date` header. */
	| { readonly kind: "no-date" };

export interface FaultRule {
	/** Any operation without it. */
	readonly operation?: FakeOperation;
	/** Only objects or prefixes whose name contains this. */
	readonly keyIncludes?: string;
	/** Lets so many matching requests pass first; 0 by default. */
	readonly skip?: number;
	/** For so many requests; 1 by default. */
	readonly times?: number;
	readonly action: FaultAction;
}

/** Picks the action for each request, in the order in which the rules were added. */
export class FaultPlan {
	#rules: { rule: FaultRule; skip: number; times: number }[] = [];

	add(rule: FaultRule): void {
		this.#rules.push({ rule, skip: rule.skip ?? 0, times: rule.times ?? 1 });
	}

	clear(): void {
		this.#rules = [];
	}

	/** True while a rule has not been used up. */
	get pending(): boolean {
		return this.#rules.some((entry) => entry.times > 0);
	}

	next(operation: FakeOperation, key: string): FaultAction | null {
		for (const entry of this.#rules) {
			const { rule } = entry;
			if (entry.times === 0) continue;
			if (rule.operation !== undefined && rule.operation !== operation) continue;
			if (rule.keyIncludes !== undefined && !key.includes(rule.keyIncludes)) {
				continue;
			}
			if (entry.skip > 0) {
				entry.skip--;
				continue;
			}
			entry.times--;
			return rule.action;
		}
		return null;
	}
}
