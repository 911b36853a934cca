/** Teams: `/v1/teams` and `/v1/team-access`. */
import type {
	CreateTeam,
	CreateTeamAccess,
	TeamAccessList,
	TeamAccessView,
	TeamList,
	TeamMember,
	TeamMemberList,
	TeamView,
	UpdateTeam,
	UpdateTeamAccess,
} from "../api/teams.ts";
import { type CallOptions, callFor } from "./call.ts";
import type { Http } from "./http.ts";

const root = "/v1/teams";
const accessRoot = "/v1/team-access";

/** Which accesses to list; what is absent lets all through. */
export interface TeamAccessFilter {
	/** A team's id. */
	readonly team?: string | undefined;
	readonly unit?: string | undefined;
	/** A project's id. */
	readonly project?: string | undefined;
}

/** Every method throws ClientError, and nothing else, when the call does not succeed. */
export class TeamsClient {
	readonly #http: Http;

	constructor(http: Http) {
		this.#http = http;
	}

	/** Those that the caller sees, in order of their names. */
	async list(options: CallOptions = {}): Promise<TeamView[]> {
		const request = { method: "GET", path: root, repeatable: true, ...options } as const;
		return (await callFor<TeamList>(this.#http, request, "teams")).teams;
	}

	get(id: string, options: CallOptions = {}): Promise<TeamView> {
		const request = { method: "GET", path: pathOf(id), repeatable: true } as const;
		return callFor(this.#http, { ...request, ...options }, "id");
	}

	/** Sent once: a second one would find the team of the first. */
	create(team: CreateTeam, options: CallOptions = {}): Promise<TeamView> {
		const request = { method: "POST", path: root, json: team, repeatable: false } as const;
		return callFor(this.#http, { ...request, ...options }, "id");
	}

	/** What the change does not name stays. */
	update(id: string, change: UpdateTeam, options: CallOptions = {}): Promise<TeamView> {
		const request = { method: "PATCH", path: pathOf(id), json: change, repeatable: true } as const;
		return callFor(this.#http, { ...request, ...options }, "id");
	}

	async delete(id: string, options: CallOptions = {}): Promise<void> {
		const request = { method: "DELETE", path: pathOf(id), repeatable: false } as const;
		await this.#http.json({ ...request, ...options });
	}

	/** Who is in the team, as far as the caller may know. */
	async members(id: string, options: CallOptions = {}): Promise<TeamMember[]> {
		const path = `${pathOf(id)}/members`;
		const request = { method: "GET", path, repeatable: true, ...options } as const;
		return (await callFor<TeamMemberList>(this.#http, request, "members")).members;
	}

	/** By address or subject; who is in the team already stays. Gives who is in it then. */
	async addMembers(
		id: string,
		members: readonly string[],
		options: CallOptions = {},
	): Promise<TeamMember[]> {
		const path = `${pathOf(id)}/members`;
		const request = { method: "POST", path, json: { members }, repeatable: true } as const;
		const call = { ...request, ...options };
		return (await callFor<TeamMemberList>(this.#http, call, "members")).members;
	}

	/** By address, subject or the membership's id; who is not in the team is no failure. */
	async removeMember(id: string, member: string, options: CallOptions = {}): Promise<void> {
		const path = `${pathOf(id)}/members/${encodeURIComponent(member)}`;
		await this.#http.json({ method: "DELETE", path, repeatable: true, ...options });
	}

	/** Accesses to units that the caller may read, and to projects. */
	async access(filter: TeamAccessFilter, options: CallOptions = {}): Promise<TeamAccessView[]> {
		const query = Object.entries(filter).flatMap(([name, value]): [string, string][] =>
			value === undefined ? [] : [[name, value]],
		);
		const request = { method: "GET", path: accessRoot, query, repeatable: true } as const;
		const call = { ...request, ...options };
		return (await callFor<TeamAccessList>(this.#http, call, "team_access")).team_access;
	}

	getAccess(id: string, options: CallOptions = {}): Promise<TeamAccessView> {
		const request = { method: "GET", path: accessPathOf(id), repeatable: true } as const;
		return callFor(this.#http, { ...request, ...options }, "id");
	}

	/** Sent once: a second one would find the access of the first. */
	giveAccess(access: CreateTeamAccess, options: CallOptions = {}): Promise<TeamAccessView> {
		const request = { method: "POST", path: accessRoot, json: access, repeatable: false } as const;
		return callFor(this.#http, { ...request, ...options }, "id");
	}

	/** Details that the change does not name stay. */
	changeAccess(
		id: string,
		change: UpdateTeamAccess,
		options: CallOptions = {},
	): Promise<TeamAccessView> {
		const path = accessPathOf(id);
		const request = { method: "PATCH", path, json: change, repeatable: true } as const;
		return callFor(this.#http, { ...request, ...options }, "id");
	}

	async takeAccess(id: string, options: CallOptions = {}): Promise<void> {
		const request = { method: "DELETE", path: accessPathOf(id), repeatable: false } as const;
		await this.#http.json({ ...request, ...options });
	}
}

function pathOf(id: string): string {
	return `${root}/${encodeURIComponent(id)}`;
}

function accessPathOf(id: string): string {
	return `${accessRoot}/${encodeURIComponent(id)}`;
}
