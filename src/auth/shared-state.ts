/** What the parts of identity share with the other servers: documents, and the right to write them. */
import type { Log } from "../core/ports/log.ts";
import type { Caller } from "../core/principal.ts";
import { systemPrincipal } from "../core/principal.ts";
import { Gate, type Grant } from "../core/rbac/grant.ts";
import type { Register, RegisterDeps, RegisterValue } from "../core/register/register.ts";

export interface SharedState extends RegisterDeps {
	readonly log: Log;
}

const systemCaller: Caller = {
	principal: systemPrincipal,
	surface: "system",
	requestId: "identity",
};

/**
 * The receipt for what the server itself writes into its documents: keys, what a login has told
 * about its subject. What people ask for is authorised where the request comes in.
 */
export async function systemGrant(requestId?: string): Promise<Grant> {
	const caller = requestId === undefined ? systemCaller : { ...systemCaller, requestId };
	return await new Gate(async () => true).authorize(caller, "system.manage", "*");
}

/**
 * The receipt for what everybody may do to what is their own (a token of theirs, their login), or
 * for what the caller has been authorised for otherwise.
 */
export async function ownGrant(caller: Caller): Promise<Grant> {
	return await new Gate(async () => true).authorize(caller, "system.manage", "*");
}

/** The value as it was at most `ageMaxMs` ago; with 0, as it is now. Fails as Register.read. */
export async function readAtMost<T>(
	register: Register<T>,
	ageMaxMs: number,
): Promise<RegisterValue<T>> {
	// A read of the same millisecond may have been before what the caller asks about.
	return ageMaxMs === 0 ? await register.read() : await register.readCached(ageMaxMs);
}

/** Instances by name, at most `max`; the one that was not used for longest goes first. */
export class BoundedMap<T> {
	readonly #entries = new Map<string, T>();
	readonly #max: number;

	constructor(max: number) {
		this.#max = max;
	}

	get size(): number {
		return this.#entries.size;
	}

	get(key: string): T | undefined {
		const value = this.#entries.get(key);
		if (value !== undefined) {
			this.#entries.delete(key);
			this.#entries.set(key, value);
		}
		return value;
	}

	set(key: string, value: T): void {
		this.#entries.delete(key);
		this.#entries.set(key, value);
		for (const oldest of this.#entries.keys()) {
			if (this.#entries.size <= this.#max) break;
			this.#entries.delete(oldest);
		}
	}

	delete(key: string): void {
		this.#entries.delete(key);
	}

	/** The value under `key`, made when there is none. */
	ensure(key: string, make: () => T): T {
		const found = this.get(key);
		if (found !== undefined) return found;
		const made = make();
		this.set(key, made);
		return made;
	}
}
