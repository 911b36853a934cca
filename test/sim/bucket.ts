/** The simulated bucket: objects, the store's clock, and everything that ever happened to them. */
import { wallTime } from "./clock.ts";
import type { Scheduler } from "./scheduler.ts";

/** One effect on an object, as the checkers read it. */
export interface Change {
	readonly at: number;
	readonly kind: "create" | "put" | "delete";
	readonly key: string;
	/** The new bytes; null for a delete. */
	readonly bytes: Uint8Array | null;
	/** What was there before. */
	readonly before: Uint8Array | null;
	/** `server1`, or `foreign`. */
	readonly by: string;
	/** How much of the history there was when the request was sent. */
	readonly sentAt: number;
}

export interface StoredObject {
	readonly bytes: Uint8Array;
	readonly modified: number;
}

export class Bucket {
	readonly #scheduler: Scheduler;
	/** The store's clock goes in such steps. */
	readonly #dateStepMs: number;
	readonly objects = new Map<string, StoredObject>();
	readonly history: Change[] = [];
	/** Who looked at plain states, and how much of the history there was then. */
	readonly looks: { readonly by: string; readonly key: string; readonly index: number }[] = [];
	/** Keys that were read or listed under, each with the servers that did. */
	readonly asked = new Map<string, Set<string>>();
	/** For listings of the past: when each key was there. */
	readonly #presence = new Map<string, { from: number; until: number }[]>();

	constructor(scheduler: Scheduler, dateStepMs: number) {
		this.#scheduler = scheduler;
		this.#dateStepMs = dateStepMs;
	}

	date(): number {
		const now = wallTime(this.#scheduler);
		return now - (now % this.#dateStepMs);
	}

	get(key: string): StoredObject | undefined {
		return this.objects.get(key);
	}

	/** Notes that the object was looked at, when there was so much of the history. */
	look(key: string, by: string, index: number): void {
		if (key.endsWith(".tfstate")) this.looks.push({ by, key, index });
	}

	/** Notes that the key was asked for; listing everything asks for nobody's in particular. */
	ask(key: string, by: string): void {
		if (key !== "") this.asked.set(key, (this.asked.get(key) ?? new Set()).add(by));
	}

	put(key: string, bytes: Uint8Array, by: string, sentAt: number): void {
		this.#set("put", key, bytes, by, sentAt);
	}

	/** True when it was created. */
	putIfAbsent(key: string, bytes: Uint8Array, by: string, sentAt: number): boolean {
		if (this.objects.has(key)) return false;
		this.#set("create", key, bytes, by, sentAt);
		return true;
	}

	delete(key: string, by: string, sentAt: number): void {
		const before = this.objects.get(key);
		if (before === undefined) return;
		this.objects.delete(key);
		this.#record("delete", key, null, before, by, sentAt);
		const last = this.#presence.get(key)?.at(-1);
		if (last !== undefined) last.until = this.#scheduler.now;
	}

	/** Keys in order, as they were at a time. */
	keys(prefix: string, at: number = this.#scheduler.now): string[] {
		const isNow = at >= this.#scheduler.now;
		const keys: string[] = [];
		for (const [key, times] of this.#presence) {
			if (!key.startsWith(prefix)) continue;
			const isThere = isNow
				? this.objects.has(key)
				: times.some((time) => time.from <= at && at < time.until);
			if (isThere) keys.push(key);
		}
		return keys.sort();
	}

	#set(kind: "create" | "put", key: string, bytes: Uint8Array, by: string, sentAt: number): void {
		const before = this.objects.get(key);
		this.objects.set(key, { bytes, modified: this.date() });
		this.#record(kind, key, bytes, before, by, sentAt);
		if (before !== undefined) return;
		const times = this.#presence.get(key) ?? [];
		times.push({ from: this.#scheduler.now, until: Number.POSITIVE_INFINITY });
		this.#presence.set(key, times);
	}

	#record(
		kind: Change["kind"],
		key: string,
		bytes: Uint8Array | null,
		before: StoredObject | undefined,
		by: string,
		sentAt: number,
	): void {
		this.history.push({
			at: this.#scheduler.now,
			kind,
			key,
			bytes,
			before: before?.bytes ?? null,
			by,
			sentAt,
		});
		this.#scheduler.note(`${by} ${kind} ${key} ${bytes?.length ?? ""}`);
	}
}
