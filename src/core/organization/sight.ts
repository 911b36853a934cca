/**
 * Which organizations a caller may know of. It stands in each organization's own roles and teams, so
 * to list them is to look into one after the other: no further than is asked for, never into more
 * than a few at once whoever asks, and not again for as long as roles may be old.
 */
import { createHash } from "node:crypto";
import { Turns } from "../../lib/turns.ts";
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Caller, Principal } from "../principal.ts";
import { everything } from "../rbac/resource.ts";
import type { OpenOrganization } from "./open-organization.ts";
import { type OrganizationEntry, type OrganizationSummary, summaryOf } from "./register.ts";

/** What one caller was seen to be, by key of the organization. Older than none of its looks. */
interface Sighting {
	readonly since: number;
	readonly isSomebody: Map<string, Promise<boolean>>;
}

export interface OrganizationsWanted {
	/** At most so many; without it all. */
	readonly limit?: number | undefined;
	/** Only those behind this name, whether there is one of it or not. */
	readonly after?: string | undefined;
	readonly wants?: ((name: string) => boolean) | undefined;
}

export interface OrganizationsPage {
	readonly organizations: readonly OrganizationSummary[];
	/** The `after` of the next page; absent on the last one. */
	readonly next?: string;
}

export interface SightDeps {
	readonly clock: Pick<Clock, "monotonic">;
	readonly root: OpenOrganization;
	/** Whether a core of the organization is there, which hears at once of changes on this server. */
	readonly isOpen: (entry: OrganizationEntry) => boolean;
	/** Lends a core for a look. */
	readonly look: <T>(
		entry: OrganizationEntry,
		act: (open: OpenOrganization) => Promise<T>,
	) => Promise<T>;
}

/** Tells whom which organizations are shown to. */
export class Sight {
	readonly #deps: SightDeps;
	readonly #turns = new Turns(limits.organizationLooksAtOnce);
	/** By caller, the oldest first. */
	readonly #sightings = new Map<string, Sighting>();

	constructor(deps: SightDeps) {
		this.#deps = deps;
	}

	/** Whether the caller may create and delete organizations, and so sees all. Fails as the gate. */
	async mayManage(caller: Caller): Promise<boolean> {
		return await this.#deps.root.core.parts.gate.may(caller, "system.manage", everything);
	}

	/** Whether the caller may know of this one. Fails as the gate. */
	async maySee(caller: Caller, { core }: OpenOrganization): Promise<boolean> {
		return (await core.parts.gate.hasStanding(caller)) || (await this.mayManage(caller));
	}

	/**
	 * The page of those that the caller may know of: the default one, then of these, which are in
	 * order of their names. Fails with `invalid_request` for a limit out of bounds, or as the gate.
	 */
	async page(
		caller: Caller,
		living: readonly OrganizationEntry[],
		{ limit = limits.organizationsMax + 1, after = "", wants = () => true }: OrganizationsWanted,
	): Promise<OrganizationsPage> {
		if (limit < 1 || limit > limits.organizationsMax + 1) {
			throw new DomainError("invalid_request", "the limit is not a whole number in range", {
				hint: `give a limit from 1 to ${limits.organizationsMax + 1}`,
			});
		}
		const { organization } = this.#deps.root;
		const isFirst = after === "" && wants(organization.name);
		const start = after === organization.name ? "" : after;
		const possible = living.filter(({ name }) => name > start && wants(name));
		// One more than is shown tells whether there is another page.
		const seen = await this.#firstSeen(caller, possible, isFirst ? limit : limit + 1);
		const all = [...(isFirst ? [{ organization, created: null }] : []), ...seen.map(summaryOf)];
		const organizations = all.slice(0, limit);
		const last = all.length > limit ? organizations.at(-1) : undefined;
		return { organizations, ...(last === undefined ? {} : { next: last.organization.name }) };
	}

	async #firstSeen(
		caller: Caller,
		entries: readonly OrganizationEntry[],
		max: number,
	): Promise<readonly OrganizationEntry[]> {
		if (await this.mayManage(caller)) return entries.slice(0, max);
		// A credential of one organization is nobody in all others.
		const { organization } = caller.principal;
		const possible =
			organization === undefined ? entries : entries.filter(({ key }) => key === organization);
		const known = this.#sightingOf(caller.principal);
		const seen: OrganizationEntry[] = [];
		const step = limits.organizationLooksAtOnce;
		for (let at = 0; at < possible.length && seen.length < max; at += step) {
			const some = possible.slice(at, at + step);
			const found = await Promise.all(some.map((one) => this.#isSomebody(caller, one, known)));
			seen.push(...some.filter((_, index) => found[index]));
		}
		return seen.slice(0, max);
	}

	async #isSomebody(
		caller: Caller,
		entry: OrganizationEntry,
		{ isSomebody }: Sighting,
	): Promise<boolean> {
		const { isOpen, look } = this.#deps;
		const ask = () =>
			this.#turns.run(() => look(entry, ({ core }) => core.parts.gate.hasStanding(caller)));
		if (isOpen(entry)) return await ask();
		const known = isSomebody.get(entry.key);
		if (known !== undefined) return await known;
		const asked = ask();
		isSomebody.set(entry.key, asked);
		asked.catch(() => isSomebody.delete(entry.key));
		return await asked;
	}

	/** What is remembered of the caller; a new memory when the one before is too old. */
	#sightingOf(principal: Principal): Sighting {
		const now = this.#deps.clock.monotonic();
		for (const [caller, { since }] of this.#sightings) {
			const isFresh = now - since <= limits.policyAgeMaxMs;
			if (isFresh && this.#sightings.size < limits.organizationSightingsKept) break;
			this.#sightings.delete(caller);
		}
		// All of it: groups, roles and scope decide as much as the name.
		const caller = createHash("sha256").update(JSON.stringify(principal)).digest("base64");
		const known = this.#sightings.get(caller);
		if (known !== undefined) return known;
		const made: Sighting = { since: now, isSomebody: new Map() };
		this.#sightings.set(caller, made);
		return made;
	}
}
