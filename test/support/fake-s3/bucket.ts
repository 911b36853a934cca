/** One bucket in memory, with AWS's rules for conditions, listings and versions. */

import { createHash } from "node:crypto";
import { Refusal } from "./refusal.ts";

export interface StoredObject {
	readonly bytes: Uint8Array;
	readonly etag: string;
	readonly modifiedMs: number;
	readonly versionId: string | null;
}

export type Versioning = "off" | "enabled" | "suspended";

export interface BucketRules {
	/** `If-None-Match` and `If-Match` are taken and not looked at: like s3rver. */
	ignoreConditions: boolean;
	/** The same, in a bucket that keeps versions: like Ceph. */
	ignoreConditionsWhenVersioned: boolean;
	versioning: Versioning;
}

export interface ListRequest {
	readonly prefix: string;
	readonly delimiter: string;
	readonly maxKeys: number;
	/** Keys greater than this only. */
	readonly startAfter: string;
	/** From an earlier page: the last key or folded prefix that was given. */
	readonly continueAfter: string | null;
}

export interface Listing {
	readonly objects: readonly (readonly [string, StoredObject])[];
	readonly prefixes: readonly string[];
	readonly truncated: boolean;
	readonly last: string;
}

export class FakeBucket {
	readonly rules: BucketRules = {
		ignoreConditions: false,
		ignoreConditionsWhenVersioned: false,
		versioning: "off",
	};
	#objects = new Map<string, StoredObject>();
	/** What listings show instead, while they are frozen. */
	#frozen: Map<string, StoredObject> | null = null;
	#sorted: string[] | null = null;
	#versions = 0;

	/** From now on listings show what they would show now. */
	freezeListings(): void {
		this.#frozen = new Map(this.#objects);
		this.#sorted = null;
	}

	thawListings(): void {
		this.#frozen = null;
		this.#sorted = null;
	}

	get(key: string): StoredObject | null {
		return this.#objects.get(key) ?? null;
	}

	keys(): string[] {
		return [...this.#objects.keys()];
	}

	/** Throws a Refusal (412, 404, 501) where a condition does not hold. */
	put(
		key: string,
		bytes: Uint8Array,
		nowMs: number,
		conditions: { ifNoneMatch?: string; ifMatch?: string } = {},
	): StoredObject {
		const ignored =
			this.rules.ignoreConditions ||
			(this.rules.ignoreConditionsWhenVersioned && this.rules.versioning === "enabled");
		if (!ignored) this.#checkConditions(key, conditions);
		const md5 = createHash("md5").update(bytes).digest("hex");
		const stored: StoredObject = {
			bytes,
			etag: `"${md5}"`,
			modifiedMs: nowMs,
			versionId: this.rules.versioning === "enabled" ? `v${++this.#versions}` : null,
		};
		if (!this.#objects.has(key)) this.#sorted = null;
		this.#objects.set(key, stored);
		return stored;
	}

	#checkConditions(
		key: string,
		{ ifNoneMatch, ifMatch }: { ifNoneMatch?: string; ifMatch?: string },
	): void {
		const present = this.#objects.get(key);
		if (ifNoneMatch !== undefined) {
			if (ifNoneMatch !== "*") throw new Refusal(501, "NotImplemented");
			if (present !== undefined) throw new Refusal(412, "PreconditionFailed");
		}
		if (ifMatch !== undefined) {
			if (present === undefined) throw new Refusal(404, "NoSuchKey");
			if (present.etag !== ifMatch) {
				throw new Refusal(412, "PreconditionFailed");
			}
		}
	}

	delete(key: string): void {
		if (this.#objects.delete(key)) this.#sorted = null;
	}

	list(request: ListRequest): Listing {
		const source = this.#frozen ?? this.#objects;
		this.#sorted ??= [...source.keys()].sort((a, b) =>
			Buffer.compare(Buffer.from(a), Buffer.from(b)),
		);
		const objects: [string, StoredObject][] = [];
		const prefixes: string[] = [];
		let last = "";
		for (const key of this.#sorted) {
			if (!key.startsWith(request.prefix)) continue;
			if (!isAfter(key, request.startAfter)) continue;
			const folded = foldedOf(key, request);
			const name = folded ?? key;
			if (request.continueAfter !== null) {
				if (!isAfter(name, request.continueAfter)) continue;
			}
			if (folded !== null && folded === prefixes.at(-1)) continue;
			if (objects.length + prefixes.length === request.maxKeys) {
				return { objects, prefixes, truncated: true, last };
			}
			last = name;
			if (folded !== null) prefixes.push(folded);
			else objects.push([key, source.get(key) as StoredObject]);
		}
		return { objects, prefixes, truncated: false, last };
	}
}

function isAfter(key: string, other: string): boolean {
	return Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;
}

function foldedOf(key: string, request: ListRequest): string | null {
	if (request.delimiter === "") return null;
	const at = key.indexOf(request.delimiter, request.prefix.length);
	return at === -1 ? null : key.slice(0, at + request.delimiter.length);
}
