/** What the services of teams share: the document, and who may see and change what of it. */
import { DomainError } from "../errors.ts";
import { type Organization, principalIn } from "../organization/organization.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Caller, Principal } from "../principal.ts";
import type { Action } from "../rbac/action.ts";
import type { Gate, Grant } from "../rbac/grant.ts";
import { everything } from "../rbac/resource.ts";
import type { Register } from "../register/register.ts";
import { teamIn, teamNotFound } from "./changes.ts";
import { begun, noTeams, ownersId, type Team, type TeamsDocument, teamsOf } from "./model.ts";

export interface TeamsDeps {
	readonly teams: Register<TeamsDocument>;
	readonly gate: Gate;
	readonly clock: Clock;
	readonly random: Random;
	/** Whose teams these are. */
	readonly organization: Organization;
}

/** The caller as this organization's teams see them: a credential of another one is in none. */
export function personHere({ organization }: TeamsDeps, { principal }: Caller): Principal {
	return principalIn(organization, principal);
}

/** What a caller may do with teams in general. */
export interface TeamRights {
	readonly mayManage: boolean;
	readonly mayManageMembers: boolean;
	readonly mayManageAccess: boolean;
	/** Everything, the owners included. */
	readonly mayManageOwners: boolean;
	/** Sees teams that only their members see. */
	readonly maySeeSecret: boolean;
	/** Sees teams that everybody in the organization sees. */
	readonly isSomebody: boolean;
}

/** The document as it is now. Fails as Register.read. */
export async function readTeams({ teams }: TeamsDeps): Promise<TeamsDocument> {
	return (await teams.read()).value ?? noTeams;
}

/** Changes the document; null changes nothing. Fails as `apply` and as Register.update. */
export async function changeTeams<R>(
	{ teams, random }: TeamsDeps,
	grant: Grant,
	what: { readonly operation: string; readonly detail: string },
	apply: (document: TeamsDocument) => { readonly after: TeamsDocument; readonly result: R },
): Promise<R> {
	return await teams.update<R>(grant, (value) => {
		const before = begun(value, random);
		const { after, result } = apply(before);
		if (after === before) return { answer: result };
		return {
			operation: what.operation,
			detail: what.detail.slice(0, 512),
			value: after,
			result,
		};
	});
}

/** Asked once a request. Fails as the gate. */
export async function teamRights({ gate }: TeamsDeps, caller: Caller): Promise<TeamRights> {
	const may = (action: Action) => gate.may(caller, action, everything);
	const [mayManage, mayManageMembers, mayManageAccess, mayManageOwners] = await Promise.all([
		...[may("team.manage"), may("team.members"), may("team.access"), may("rbac.manage")],
	]);
	const manages = [mayManage, mayManageMembers, mayManageAccess].includes(true);
	return {
		mayManage: mayManage === true,
		mayManageMembers: mayManageMembers === true,
		mayManageAccess: mayManageAccess === true,
		mayManageOwners: mayManageOwners === true,
		maySeeSecret: manages || (await may("team.read")),
		isSomebody: manages || (await gate.hasStanding(caller)),
	};
}

/** Whether the person, as `personHere` gives them, is in the team. */
export function isIn(document: TeamsDocument, person: Principal, team: string): boolean {
	return teamsOf(document, person).some(({ id }) => id === team);
}

/** Whether the person, as `personHere` gives them, sees the team. */
export function isSeen(
	document: TeamsDocument,
	person: Principal,
	team: Team,
	rights: TeamRights,
): boolean {
	const isOpen = team.visibility === "organization" && rights.isSomebody;
	return isOpen || rights.maySeeSecret || isIn(document, person, team.id);
}

/** The team, if the caller sees it. Fails with `not_found`. */
export async function seenTeam(
	deps: TeamsDeps,
	caller: Caller,
	id: string,
): Promise<{ readonly document: TeamsDocument; readonly team: Team; readonly rights: TeamRights }> {
	const [document, rights] = await Promise.all([readTeams(deps), teamRights(deps, caller)]);
	const team = teamIn(document, id);
	if (!isSeen(document, personHere(deps, caller), team, rights)) throw teamNotFound();
	return { document, team, rights };
}

/**
 * The receipt for a change of a team; of the owners it needs rbac.manage. Fails with `not_found` for
 * a team that the caller does not see, and `forbidden`.
 */
export async function authorizeTeam(
	deps: TeamsDeps,
	caller: Caller,
	id: string,
	action: "team.manage" | "team.members" | "team.access",
): Promise<Grant> {
	await seenTeam(deps, caller, id);
	return await deps.gate.authorize(caller, id === ownersId ? "rbac.manage" : action, everything);
}

/** No such access, or one that the caller does not see. */
export function grantNotFound(): DomainError {
	return new DomainError("not_found", "there is no such access of a team");
}
