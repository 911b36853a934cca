/**
 * Ids of workspaces: made from the unit's id, of a fixed length, and so nothing that a unit could be
 * read from. Which unit one means is remembered; where it is not, one listing of all units tells.
 */
import { limits } from "../limits.ts";
import { orUnavailable } from "../log/record-log.ts";
import { derivedId, idHeadIn } from "../organization/id.ts";
import type { Organization } from "../organization/organization.ts";
import type { UnitDirectory } from "../unit/directory.ts";
import { unitNotFound } from "../unit/not-found.ts";
import type { UnitId } from "../unit/unit-id.ts";

export interface WorkspaceIdsDeps {
	readonly directory: UnitDirectory;
	readonly organization: Organization;
}

/** Gives workspaces their ids and finds units by them. */
export class WorkspaceIds {
	readonly #deps: WorkspaceIdsDeps;
	/** The one that was asked for longest ago first. */
	readonly #known = new Map<string, UnitId>();
	#listing: Promise<ReadonlyMap<string, UnitId>> | null = null;
	/** Begins when the running one has ended. */
	#nextListing: Promise<ReadonlyMap<string, UnitId>> | null = null;

	constructor(deps: WorkspaceIdsDeps) {
		this.#deps = deps;
	}

	/** The id of the unit's workspace, for as long as there is the organization. */
	idOf(unit: UnitId): string {
		const id = derivedId("ws", this.#deps.organization, unit);
		this.#remember(id, unit);
		return id;
	}

	/**
	 * The unit behind a workspace's id: one that is there, was there, or was asked for by its name.
	 * Fails with `unit_not_found` only if a listing that began after the call shows none, and with
	 * `storage_unavailable`.
	 */
	async unitOf(id: string): Promise<UnitId> {
		const isOurs = id.startsWith("ws-") && idHeadIn(id) === this.#deps.organization.idHead;
		if (!isOurs) throw unitNotFound();
		const unit = this.#known.get(id) ?? (await orUnavailable(() => this.#listed())).get(id);
		if (unit === undefined) throw unitNotFound();
		this.#remember(id, unit);
		return unit;
	}

	#remember(id: string, unit: UnitId): void {
		this.#known.delete(id);
		this.#known.set(id, unit);
		if (this.#known.size <= limits.workspaceIdsKept) return;
		const [oldest] = this.#known.keys();
		if (oldest !== undefined) this.#known.delete(oldest);
	}

	/** A listing that has not begun yet; those who come while one runs share the next. */
	#listed(): Promise<ReadonlyMap<string, UnitId>> {
		const running = this.#listing;
		if (running === null) return this.#begin();
		this.#nextListing ??= running
			.catch(() => undefined)
			.then(() => {
				this.#nextListing = null;
				return this.#begin();
			});
		return this.#nextListing;
	}

	#begin(): Promise<ReadonlyMap<string, UnitId>> {
		const listing = this.#list().finally(() => {
			if (this.#listing === listing) this.#listing = null;
		});
		this.#listing = listing;
		return listing;
	}

	async #list(): Promise<ReadonlyMap<string, UnitId>> {
		const units = await this.#deps.directory.listIds();
		return new Map(units.map((unit) => [this.idOf(unit), unit]));
	}
}
