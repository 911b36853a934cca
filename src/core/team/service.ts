/** Teams, and the people in the organization and in them. Every change is a record (I13). */
import { newId } from "../organization/id.ts";
import type { Caller } from "../principal.ts";
import { everything } from "../rbac/resource.ts";
import {
	changedTeam,
	membershipNotFound,
	membershipOf,
	type Named,
	type TeamInput,
	teamIn,
	withMembers,
	withMembership,
	withoutMembers,
	withoutMembership,
	withoutTeam,
	withPeople,
	withTeam,
	withTeamChange,
} from "./changes.ts";
import {
	isMembershipOf,
	type Membership,
	noTeams,
	type Team,
	type TeamsDocument,
	teamsOf,
} from "./model.ts";
import {
	authorizeTeam,
	changeTeams,
	isIn,
	isSeen,
	personHere,
	readTeams,
	seenTeam,
	type TeamRights,
	type TeamsDeps,
	teamRights,
} from "./shared.ts";

/** A team with what the caller has to do with it. */
export interface SeenTeam {
	readonly team: Team;
	readonly rights: TeamRights;
	readonly isMember: boolean;
}

/** Somebody of the organization, with the teams that the caller sees. */
export interface SeenMembership {
	readonly membership: Membership;
	/** Ids. */
	readonly teams: readonly string[];
}

/** A member of a team: an id of a membership, or a person who becomes one. */
export type MemberInput = { readonly membership: string } | Named;

/** Lists, makes, changes and deletes teams and memberships. */
export class TeamService {
	readonly #deps: TeamsDeps;

	constructor(deps: TeamsDeps) {
		this.#deps = deps;
	}

	/** The teams that the caller sees, in order of their names. Fails as Register.read. */
	async list(caller: Caller): Promise<readonly SeenTeam[]> {
		const [document, rights] = await Promise.all([
			readTeams(this.#deps),
			teamRights(this.#deps, caller),
		]);
		const person = personHere(this.#deps, caller);
		return document.teams
			.filter((team) => isSeen(document, person, team, rights))
			.sort((a, b) => (a.name < b.name ? -1 : 1))
			.map((team) => ({ team, rights, isMember: isIn(document, person, team.id) }));
	}

	/** Fails with `not_found`, or as Register.read. */
	async get(caller: Caller, id: string): Promise<SeenTeam> {
		const { document, team, rights } = await seenTeam(this.#deps, caller, id);
		return { team, rights, isMember: isIn(document, personHere(this.#deps, caller), id) };
	}

	/** Fails with `forbidden`, `conflict`, `invalid_request`, `too_large`, or as Register.update. */
	async create(caller: Caller, input: TeamInput & { readonly name: string }): Promise<Team> {
		const { gate, clock } = this.#deps;
		const grant = await gate.authorize(caller, "team.manage", everything);
		if (input.organizationAccess !== undefined) {
			await gate.authorize(caller, "team.access", everything);
		}
		const fresh: Team = {
			id: this.#newId("team"),
			name: "",
			description: "",
			visibility: "secret",
			ssoTeamId: null,
			isTokenOpen: true,
			organizationAccess: {},
			members: [],
			tokens: [],
			created: new Date(clock.now()).toISOString(),
		};
		const team = changedTeam(fresh, input);
		const what = { operation: "team.create", detail: `${team.id} ${team.name}` };
		return await changeTeams(this.#deps, grant, what, (document) => ({
			after: withTeam(document, team),
			result: team,
		}));
	}

	/** Fails with `not_found`, `forbidden`, `conflict`, `invalid_request`, or as Register.update. */
	async update(caller: Caller, id: string, input: TeamInput): Promise<Team> {
		const grant = await authorizeTeam(this.#deps, caller, id, "team.manage");
		if (input.organizationAccess !== undefined) {
			await authorizeTeam(this.#deps, caller, id, "team.access");
		}
		const what = { operation: "team.update", detail: id };
		return await changeTeams(this.#deps, grant, what, (document) => {
			const after = withTeamChange(document, id, input);
			return { after, result: teamIn(after, id) };
		});
	}

	/**
	 * Gives the ids of the tokens that spoke for it. Fails with `not_found`, `forbidden`, `conflict`
	 * for the owners, or as Register.update.
	 */
	async delete(caller: Caller, id: string): Promise<readonly string[]> {
		const grant = await authorizeTeam(this.#deps, caller, id, "team.manage");
		const what = { operation: "team.delete", detail: id };
		return await changeTeams(this.#deps, grant, what, (document) => ({
			after: withoutTeam(document, id),
			result: teamIn(document, id).tokens.map((token) => token.id),
		}));
	}

	/** Fails with `not_found`, `forbidden`, `too_large`, or as Register.update. */
	async addMembers(caller: Caller, id: string, members: readonly MemberInput[]): Promise<void> {
		const grant = await authorizeTeam(this.#deps, caller, id, "team.members");
		const { clock } = this.#deps;
		const fresh = members.map((one) => ({ given: one, id: this.#newId("ou") }));
		const created = new Date(clock.now()).toISOString();
		const what = { operation: "team.members.add", detail: `${id} ${members.map(shown).join(" ")}` };
		await changeTeams(this.#deps, grant, what, (document) => {
			const { after, ids } = withPeople(document, fresh, created);
			return { after: withMembers(after, id, ids), result: undefined };
		});
	}

	/** Fails with `not_found`, `forbidden`, `conflict` for the last owner, or as Register.update. */
	async removeMembers(caller: Caller, id: string, members: readonly MemberInput[]): Promise<void> {
		const grant = await authorizeTeam(this.#deps, caller, id, "team.members");
		const what = {
			operation: "team.members.remove",
			detail: `${id} ${members.map(shown).join(" ")}`,
		};
		await changeTeams(this.#deps, grant, what, (document) => {
			const ids = members.flatMap((one) =>
				"membership" in one ? [one.membership] : (membershipOf(document, one)?.id ?? []),
			);
			return { after: withoutMembers(document, id, ids), result: undefined };
		});
	}

	/**
	 * Who belongs to the organization, in order of entry: for whoever manages members or teams all,
	 * for everybody else themselves and who is in a team with them. Fails as Register.read.
	 */
	async memberships(caller: Caller): Promise<readonly SeenMembership[]> {
		const [document, rights] = await Promise.all([
			readTeams(this.#deps),
			teamRights(this.#deps, caller),
		]);
		const isAll = rights.mayManage || rights.mayManageMembers;
		const person = personHere(this.#deps, caller);
		const near = new Set(teamsOf(document, person).flatMap(({ members }) => members));
		const seen = document.teams.filter((team) => isSeen(document, person, team, rights));
		return document.memberships
			.filter((one) => isAll || near.has(one.id) || isMembershipOf(one, person))
			.map((membership) => ({ membership, teams: teamIdsOf(seen, membership.id) }));
	}

	/** Fails with `not_found`, or as Register.read. */
	async membership(caller: Caller, id: string): Promise<SeenMembership> {
		const found = (await this.memberships(caller)).find((one) => one.membership.id === id);
		if (found === undefined) throw membershipNotFound();
		return found;
	}

	/** The own memberships of the caller. Fails as Register.read. */
	async ownMemberships(caller: Caller): Promise<readonly SeenMembership[]> {
		const all = await this.memberships(caller);
		const person = personHere(this.#deps, caller);
		return all.filter(({ membership }) => isMembershipOf(membership, person));
	}

	/** Adds somebody, and to these teams. Fails with `forbidden`, `conflict`, `not_found`, `too_large`. */
	async invite(caller: Caller, named: Named, teams: readonly string[]): Promise<SeenMembership> {
		const { gate, clock } = this.#deps;
		const grant = await gate.authorize(caller, "team.members", everything);
		for (const team of teams) await authorizeTeam(this.#deps, caller, team, "team.members");
		const created = new Date(clock.now()).toISOString();
		const membership: Membership = { id: this.#newId("ou"), ...named, created };
		const what = { operation: "membership.create", detail: shown(named) };
		return await changeTeams(this.#deps, grant, what, (document) => {
			let after = withMembership(document, membership);
			for (const team of teams) after = withMembers(after, team, [membership.id]);
			return { after, result: { membership, teams } };
		});
	}

	/** Takes somebody out of the organization. Fails with `not_found`, `forbidden`, `conflict`. */
	async expel(caller: Caller, id: string): Promise<void> {
		const { gate } = this.#deps;
		await this.membership(caller, id);
		const document = (await this.#deps.teams.read()).value ?? noTeams;
		const isOwner = isInOwners(document, id);
		const action = isOwner ? "rbac.manage" : "team.members";
		const grant = await gate.authorize(caller, action, everything);
		const what = { operation: "membership.delete", detail: id };
		await changeTeams(this.#deps, grant, what, (before) => {
			// Somebody may have made them an owner meanwhile.
			if (!isOwner && isInOwners(before, id)) throw membershipNotFound();
			return { after: withoutMembership(before, id), result: undefined };
		});
	}

	#newId(kind: string): string {
		return newId(kind, this.#deps.organization, this.#deps.random);
	}
}

function isInOwners(document: TeamsDocument, membership: string): boolean {
	return document.teams.some(
		({ name, members }) => name === "owners" && members.includes(membership),
	);
}

function teamIdsOf(teams: readonly Team[], membership: string): string[] {
	return teams.filter(({ members }) => members.includes(membership)).map(({ id }) => id);
}

/** For the audit trail. */
function shown(member: MemberInput): string {
	return "membership" in member ? member.membership : (member.email ?? member.subject ?? "");
}
