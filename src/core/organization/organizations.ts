/** Every organization of the store, with the core of each. */
import type { Core } from "../core.ts";
import { DomainError } from "../errors.ts";
import type { Log } from "../ports/log.ts";
import type { Caller } from "../principal.ts";
import type { OpenOrganization } from "./organization.ts";

export interface OrganizationsDeps {
	readonly core: Core;
	readonly defaultName: string;
	readonly log: Log;
}

/** Finds organizations and what is in them. */
export class Organizations {
	readonly #deps: OrganizationsDeps;
	/** The default one, which is always there. */
	readonly root: OpenOrganization;

	constructor(deps: OrganizationsDeps) {
		this.#deps = deps;
		this.root = {
			organization: { name: deps.defaultName, isDefault: true },
			core: deps.core,
		};
	}

	/** The organization of this name. Fails with `not_found`; the log then says which there are. */
	async open(caller: Caller, name: string): Promise<OpenOrganization> {
		const { organization } = this.root;
		if (name === organization.name) return this.root;
		this.#deps.log.write("info", "an organization was asked for that does not exist", {
			request_id: caller.requestId,
			organizations: organization.name,
		});
		throw new DomainError("not_found", "there is no such organization", {
			hint: `the default one is named "${organization.name}"; the server's log says which there are`,
		});
	}
}
