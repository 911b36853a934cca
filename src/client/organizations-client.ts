/** The typed client of `/v1/orgs`. */
import type {
	CreateOrganization,
	OrganizationList,
	OrganizationView,
} from "../api/organizations.ts";
import { type CallOptions, callFor } from "./call.ts";
import type { Http } from "./http.ts";
import { allPages } from "./pages.ts";

const root = "/v1/orgs";

/** Every method throws ClientError, and nothing else, when the call does not succeed. */
export class OrganizationsClient {
	readonly #http: Http;

	constructor(http: Http) {
		this.#http = http;
	}

	/** Those that the caller may know of, the default one first, over as many pages as it takes. */
	async list(options: CallOptions = {}): Promise<OrganizationView[]> {
		return await allPages(async ({ cursor }) => {
			const query: [string, string][] = cursor === undefined ? [] : [["cursor", cursor]];
			const request = { method: "GET", path: root, query, repeatable: true, ...options } as const;
			const list = await callFor<OrganizationList>(this.#http, request, "organizations");
			return { items: list.organizations, next: list.next };
		});
	}

	/** Sent once: a second one would find the organization of the first. */
	create(wanted: CreateOrganization, options: CallOptions = {}): Promise<OrganizationView> {
		const request = { method: "POST", path: root, json: wanted, repeatable: false } as const;
		return callFor(this.#http, { ...request, ...options }, "name");
	}

	get(name: string, options: CallOptions = {}): Promise<OrganizationView> {
		const request = { method: "GET", path: pathOf(name), repeatable: true } as const;
		return callFor(this.#http, { ...request, ...options }, "name");
	}

	async delete(name: string, options: CallOptions = {}): Promise<void> {
		const request = { method: "DELETE", path: pathOf(name), repeatable: false } as const;
		await this.#http.json({ ...request, ...options });
	}
}

function pathOf(name: string): string {
	return `${root}/${encodeURIComponent(name)}`;
}
