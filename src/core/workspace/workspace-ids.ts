/**
 * Ids of workspaces: made from the unit's id, of a fixed length, and so nothing that a unit could be
 * read from. Which unit one means is remembered; where it is not, a listing of the units tells.
 */
import { SharedRuns } from "../../lib/shared-runs.ts";
import { limits } from "../limits.ts";
import { derivedId, idHeadIn } from "../organization/id.ts";
import type { Organization } from "../organization/organization.ts";
import { orUnavailable } from "../ports/unavailable.ts";
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
	readonly #logged: SharedRuns<ReadonlyMap<string, UnitId>>;
	readonly #plain: SharedRuns<ReadonlyMap<string, UnitId>>;

	constructor(deps: WorkspaceIdsDeps) {
		this.#deps = deps;
		const { directory } = deps;
		this.#logged = new SharedRuns(async () => this.#byId(await directory.listLogged()));
		this.#plain = new SharedRuns(async () => this.#byId(await directory.listPlain()));
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
		const unit = this.#known.get(id) ?? (await orUnavailable(() => this.#listed(id)));
		if (unit === undefined) throw unitNotFound();
		this.#remember(id, unit);
		return unit;
	}

	/** Most units have a log, and logs are sooner listed than everything that is no log. */
	async #listed(id: string): Promise<UnitId | undefined> {
		return (await this.#logged.run()).get(id) ?? (await this.#plain.run()).get(id);
	}

	#byId(units: readonly UnitId[]): ReadonlyMap<string, UnitId> {
		return new Map(units.map((unit) => [this.idOf(unit), unit]));
	}

	#remember(id: string, unit: UnitId): void {
		this.#known.delete(id);
		this.#known.set(id, unit);
		if (this.#known.size <= limits.workspaceIdsKept) return;
		const [oldest] = this.#known.keys();
		if (oldest !== undefined) this.#known.delete(oldest);
	}
}
