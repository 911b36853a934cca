/** Changes of the teams, as pure functions of the document. Each refuses with a DomainError. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { organizationFlags } from "./access.ts";
import {
	checkTeamsSize,
	type Membership,
	ownersId,
	type ProjectGrant,
	type Team,
	type TeamsDocument,
	type TeamVisibility,
	type WorkspaceGrant,
} from "./model.ts";

export interface TeamInput {
	readonly name?: string | undefined;
	readonly description?: string | undefined;
	readonly visibility?: TeamVisibility | undefined;
	readonly ssoTeamId?: string | null | undefined;
	readonly isTokenOpen?: boolean | undefined;
	/** Flags that are not named stay. */
	readonly organizationAccess?: Readonly<Record<string, boolean>> | undefined;
}

/** A person as somebody names them: an address, or a subject. */
export interface Named {
	readonly email: string | null;
	readonly subject: string | null;
}

/** No such team, or one that the caller does not see. */
export function teamNotFound(): DomainError {
	return new DomainError("not_found", "there is no such team");
}

/** Fails with `not_found`. */
export function teamIn(document: TeamsDocument, id: string): Team {
	const team = document.teams.find((one) => one.id === id);
	if (team === undefined) throw teamNotFound();
	return team;
}

function sized(document: TeamsDocument): TeamsDocument {
	checkTeamsSize(document);
	return document;
}

function withTeams(document: TeamsDocument, team: Team): TeamsDocument {
	return sized({
		...document,
		teams: document.teams.map((one) => (one.id === team.id ? team : one)),
	});
}

/** The team with the input on top. Fails with `invalid_request` or `too_large`. */
export function changedTeam(before: Team, input: TeamInput): Team {
	const { organizationAccess: flags = {} } = input;
	const unknown = Object.keys(flags).some((name) => !organizationFlags.includes(name));
	if (unknown) {
		throw new DomainError("invalid_request", "there is no such access to the organization", {
			hint: `the accesses are ${organizationFlags.join(", ")}`,
		});
	}
	const team: Team = {
		...before,
		name: input.name ?? before.name,
		description: input.description ?? before.description,
		visibility: input.visibility ?? before.visibility,
		ssoTeamId: input.ssoTeamId === undefined ? before.ssoTeamId : input.ssoTeamId,
		isTokenOpen: input.isTokenOpen ?? before.isTokenOpen,
		organizationAccess: { ...before.organizationAccess, ...flags },
	};
	const { name, description, ssoTeamId } = team;
	if (!/^[A-Za-z0-9_-](?:[A-Za-z0-9 _-]{0,88}[A-Za-z0-9_-])?$/.test(name)) {
		throw new DomainError("invalid_request", "the team's name is not acceptable", {
			hint: "up to 90 letters, digits, spaces, dashes and underscores, no space at either end",
		});
	}
	const isLong =
		Buffer.byteLength(description) > limits.descriptionBytesMax ||
		Buffer.byteLength(ssoTeamId ?? "") > limits.groupBytesMax;
	if (isLong || ssoTeamId === "") {
		throw new DomainError("invalid_request", "the team's description or group is not acceptable");
	}
	return team;
}

/** Adds a team. Fails with `conflict` for a name that is taken, `invalid_request` or `too_large`. */
export function withTeam(document: TeamsDocument, team: Team): TeamsDocument {
	checkName(document, team);
	return sized({ ...document, teams: [...document.teams, team] });
}

function checkName(document: TeamsDocument, { id, name }: Team): void {
	const taken = document.teams.some((one) => one.id !== id && one.name === name);
	if (taken) throw new DomainError("conflict", "a team of this name exists");
}

/** Changes a team. Fails with `not_found`, `conflict`, or as `changedTeam`. */
export function withTeamChange(
	document: TeamsDocument,
	id: string,
	input: TeamInput,
): TeamsDocument {
	const team = changedTeam(teamIn(document, id), input);
	const isRenamed = input.name !== undefined && input.name !== "owners";
	if (id === ownersId && (isRenamed || Object.keys(input.organizationAccess ?? {}).length > 0)) {
		throw new DomainError("conflict", "the owners keep their name and may do everything");
	}
	checkName(document, team);
	const after = withTeams(document, team);
	checkOwnersRemain(document, after);
	return after;
}

/** Removes a team with all that it was given. Fails with `not_found`, or `conflict` for the owners. */
export function withoutTeam(document: TeamsDocument, id: string): TeamsDocument {
	teamIn(document, id);
	if (id === ownersId) {
		throw new DomainError("conflict", "the owners cannot be deleted");
	}
	const isOther = ({ team }: { team: string }) => team !== id;
	return {
		...document,
		teams: document.teams.filter((one) => one.id !== id),
		workspaces: document.workspaces.filter(isOther),
		projects: document.projects.filter(isOther),
	};
}

/** Nobody may take the last way into the owners: who could bring it back? */
function checkOwnersRemain(before: TeamsDocument, after: TeamsDocument): void {
	const ways = (document: TeamsDocument) => {
		const { members, ssoTeamId } = teamIn(document, ownersId);
		return members.length + (ssoTeamId === null ? 0 : 1);
	};
	if (ways(before) === 0 || ways(after) > 0) return;
	throw new DomainError("conflict", "the owners would be left without anybody", {
		hint: "add somebody else to the owners first",
	});
}

/** Adds people to a team. Fails with `not_found` or `too_large`. */
export function withMembers(
	document: TeamsDocument,
	id: string,
	memberships: readonly string[],
): TeamsDocument {
	const team = teamIn(document, id);
	const known = new Set(document.memberships.map((one) => one.id));
	if (!memberships.every((one) => known.has(one))) throw membershipNotFound();
	return withTeams(document, {
		...team,
		members: [...new Set([...team.members, ...memberships])],
	});
}

/** Takes people out of a team; who is not in it stays out. Fails with `not_found`, `conflict`. */
export function withoutMembers(
	document: TeamsDocument,
	id: string,
	memberships: readonly string[],
): TeamsDocument {
	const team = teamIn(document, id);
	const members = team.members.filter((one) => !memberships.includes(one));
	const after = withTeams(document, { ...team, members });
	checkOwnersRemain(document, after);
	return after;
}

/** Nobody of this id, or somebody whom the caller does not see. */
export function membershipNotFound(): DomainError {
	return new DomainError("not_found", "there is no such member of the organization");
}

/** The membership of a person who is named so; undefined when there is none. */
export function membershipOf(document: TeamsDocument, named: Named): Membership | undefined {
	return document.memberships.find(
		(one) => one.email === named.email && one.subject === named.subject,
	);
}

/** Fails with `invalid_request`. An address has an @; everything else is a subject. */
export function namedPerson(text: string): Named {
	const isGood =
		text !== "" && Buffer.byteLength(text) <= limits.assigneeBytesMax && !/[\p{C}\s]/u.test(text);
	if (!isGood) {
		throw new DomainError("invalid_request", "a person is named neither by address nor by id", {
			hint: "name people by their e-mail address, machines by their id such as service:deployer",
		});
	}
	const isAddress = /^[^@:]+@[^@:]+$/.test(text);
	return isAddress ? { email: text.toLowerCase(), subject: null } : { email: null, subject: text };
}

/** Adds somebody to the organization. Fails with `conflict` or `too_large`. */
export function withMembership(document: TeamsDocument, membership: Membership): TeamsDocument {
	if (membershipOf(document, membership) !== undefined) {
		throw new DomainError("conflict", "this person belongs to the organization already");
	}
	return sized({ ...document, memberships: [...document.memberships, membership] });
}

/** A member to be: an id of a membership, or a person with the id that they have if they are new. */
export interface NewMember {
	readonly given: { readonly membership: string } | Named;
	readonly id: string;
}

/** The memberships of all of these, made where there are none yet. Sizes are checked afterwards. */
export function withPeople(
	document: TeamsDocument,
	people: readonly NewMember[],
	created: string,
): { readonly after: TeamsDocument; readonly ids: readonly string[] } {
	const keyOf = ({ email, subject }: Named) => `${email ?? ""} ${subject ?? ""}`;
	const known = new Map(document.memberships.map((one) => [keyOf(one), one.id]));
	const added: Membership[] = [];
	const ids = people.map(({ given, id }) => {
		if ("membership" in given) return given.membership;
		const found = known.get(keyOf(given));
		if (found !== undefined) return found;
		known.set(keyOf(given), id);
		added.push({ id, ...given, created });
		return id;
	});
	return { after: { ...document, memberships: [...document.memberships, ...added] }, ids };
}

/** Takes somebody out of the organization and all teams. Fails with `not_found`, `conflict`. */
export function withoutMembership(document: TeamsDocument, id: string): TeamsDocument {
	if (!document.memberships.some((one) => one.id === id)) throw membershipNotFound();
	const after = {
		...document,
		memberships: document.memberships.filter((one) => one.id !== id),
		teams: document.teams.map((team) => ({
			...team,
			members: team.members.filter((one) => one !== id),
		})),
	};
	checkOwnersRemain(document, after);
	return after;
}

/** Gives access to a unit; once for a team. Fails with `not_found`, `conflict`, `too_large`. */
export function withWorkspaceGrant(document: TeamsDocument, grant: WorkspaceGrant): TeamsDocument {
	checkGrantable(document, grant.team);
	const isTaken = document.workspaces.some(
		({ id, team, unit }) => id !== grant.id && team === grant.team && unit === grant.unit,
	);
	if (isTaken) throw granted();
	const others = document.workspaces.filter(({ id }) => id !== grant.id);
	return sized({ ...document, workspaces: [...others, grant] });
}

/** The same for a project. */
export function withProjectGrant(document: TeamsDocument, grant: ProjectGrant): TeamsDocument {
	checkGrantable(document, grant.team);
	const isTaken = document.projects.some(
		({ id, team, projectId }) =>
			id !== grant.id && team === grant.team && projectId === grant.projectId,
	);
	if (isTaken) throw granted();
	const others = document.projects.filter(({ id }) => id !== grant.id);
	return sized({ ...document, projects: [...others, grant] });
}

function checkGrantable(document: TeamsDocument, team: string): void {
	teamIn(document, team);
	if (team === ownersId) {
		throw new DomainError("conflict", "the owners may do everything already");
	}
}

function granted(): DomainError {
	return new DomainError("conflict", "the team has an access there already", {
		hint: "change that one",
	});
}
