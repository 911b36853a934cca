/**
 * The one document of teams: who belongs to the organization, its teams, who is in them, and what
 * they may do. One document, so that a team and all it was given go together.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type Random, randomId } from "../ports/random.ts";
import type { Principal } from "../principal.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { ProjectAccess, WorkspaceAccess } from "./access.ts";

/** Somebody who belongs to the organization: known by a verified address, or by their subject. */
export interface Membership {
	readonly id: string;
	/** Lower case. */
	readonly email: string | null;
	readonly subject: string | null;
	/** ISO 8601. */
	readonly created: string;
}

export const teamVisibilities = ["secret", "organization"] as const;
export type TeamVisibility = (typeof teamVisibilities)[number];

export interface TeamToken {
	readonly id: string;
	/** The one that a team has of those without a description. */
	readonly isPlain: boolean;
}

export interface Team {
	readonly id: string;
	readonly name: string;
	readonly description: string;
	/** `secret`: seen by its members and those who manage teams. */
	readonly visibility: TeamVisibility;
	/** A group of the identity provider whose people are in the team. */
	readonly ssoTeamId: string | null;
	readonly isTokenOpen: boolean;
	/** What it may do in the organization. */
	readonly organizationAccess: Readonly<Record<string, boolean>>;
	/** Ids of memberships. */
	readonly members: readonly string[];
	readonly tokens: readonly TeamToken[];
	/** ISO 8601. */
	readonly created: string;
}

/** What a team may do with one unit. */
export interface WorkspaceGrant extends WorkspaceAccess {
	readonly id: string;
	readonly team: string;
	readonly unit: UnitId;
}

/** What a team may do in one project. */
export interface ProjectGrant extends ProjectAccess {
	readonly id: string;
	readonly team: string;
	readonly projectId: string;
}

export interface TeamsDocument {
	/** Tells the organization's token from that of another organization. */
	readonly key: string;
	readonly organizationToken: string | null;
	/** The token that reads the audit trail; absent: there is none. */
	readonly auditToken?: string | null;
	readonly memberships: readonly Membership[];
	readonly teams: readonly Team[];
	readonly workspaces: readonly WorkspaceGrant[];
	readonly projects: readonly ProjectGrant[];
}

export const ownersId = "team-owners";

const owners: Team = {
	id: ownersId,
	name: "owners",
	description: "",
	visibility: "organization",
	ssoTeamId: null,
	isTokenOpen: false,
	organizationAccess: {},
	members: [],
	tokens: [],
	created: "1970-01-01T00:00:00.000Z",
};

/** What is there before anybody has changed anything: owners, without people. */
export const noTeams: TeamsDocument = {
	key: "",
	organizationToken: null,
	memberships: [],
	teams: [owners],
	workspaces: [],
	projects: [],
};

/** The document to change: with a key of its own from the first change on. */
export function begun(document: TeamsDocument | null, random: Random): TeamsDocument {
	return document ?? { ...noTeams, key: randomId(random).slice(0, 20) };
}

/** The principal that a team's tokens speak for. */
export function subjectOfTeam(team: string): string {
	return `team:${team}`;
}

/** The id of the team that is the principal; null: it is none. */
export function teamOfSubject(principal: string): string | null {
	return principal.startsWith("team:") ? principal.slice("team:".length) : null;
}

/** The principal that the organization's token speaks for. */
export function subjectOfOrganization({ key }: TeamsDocument): string {
	return `organization:${key}`;
}

/** The principal that the token for the audit trail speaks for. */
export function subjectOfAudit({ key }: TeamsDocument): string {
	return `audit-trails:${key}`;
}

/** Whether the membership is the principal's. */
export function isMembershipOf({ email, subject }: Membership, principal: Principal): boolean {
	return subject === null ? email !== null && email === principal.email : subject === principal.id;
}

/** Who is who, found without looking through everybody; made once for a document. */
interface People {
	readonly byEmail: ReadonlyMap<string, readonly string[]>;
	readonly bySubject: ReadonlyMap<string, readonly string[]>;
	/** Teams by the id of a membership. */
	readonly teamsOf: ReadonlyMap<string, readonly Team[]>;
}

const peopleOf = new WeakMap<TeamsDocument, People>();

function grouped<T, V>(
	items: readonly T[],
	keysOf: (item: T) => readonly (readonly [string, V])[],
): Map<string, V[]> {
	const groups = new Map<string, V[]>();
	for (const item of items) {
		for (const [key, value] of keysOf(item)) {
			const group = groups.get(key);
			if (group === undefined) groups.set(key, [value]);
			else group.push(value);
		}
	}
	return groups;
}

function people(document: TeamsDocument): People {
	const known = peopleOf.get(document);
	if (known !== undefined) return known;
	const { memberships, teams } = document;
	const made: People = {
		byEmail: grouped(memberships, ({ id, email, subject }) =>
			email === null || subject !== null ? [] : [[email, id]],
		),
		bySubject: grouped(memberships, ({ id, subject }) => (subject === null ? [] : [[subject, id]])),
		teamsOf: grouped(teams, (team) => team.members.map((member) => [member, team] as const)),
	};
	peopleOf.set(document, made);
	return made;
}

/** The teams that the principal is in, by a membership, by a group, or as the team itself. */
export function teamsOf(document: TeamsDocument, principal: Principal): readonly Team[] {
	const { id, email, groups = [] } = principal;
	const { byEmail, bySubject, teamsOf: byMember } = people(document);
	const own = [
		...(bySubject.get(id) ?? []),
		...(email === undefined ? [] : (byEmail.get(email) ?? [])),
	];
	const joined = new Set(own.flatMap((member) => byMember.get(member) ?? []));
	return document.teams.filter(
		(team) =>
			joined.has(team) ||
			id === subjectOfTeam(team.id) ||
			(team.ssoTeamId !== null && groups.includes(team.ssoTeamId)),
	);
}

/** Fails with `storage_corrupt`: teams that are not understood decide nothing, and that denies. */
export function parseTeams(value: unknown): TeamsDocument {
	const document = value as Partial<TeamsDocument> | null;
	const isGood =
		typeof document?.key === "string" &&
		[document.memberships, document.teams, document.workspaces, document.projects].every(
			(list) => Array.isArray(list) && list.every((one) => typeof one?.id === "string"),
		) &&
		document.teams?.some(({ id }) => id === ownersId) === true;
	if (isGood) return document as TeamsDocument;
	throw new DomainError("storage_corrupt", "the stored teams are damaged; nobody's teams count", {
		hint: "administrators may still act; run `taco doctor` on the store",
	});
}

/** Fails with `too_large` when the document has outgrown a bound. */
export function checkTeamsSize(document: TeamsDocument): void {
	const members = document.teams.reduce((sum, team) => sum + team.members.length, 0);
	const grants = document.workspaces.length + document.projects.length;
	const over = (
		[
			[document.teams.length, limits.teamsMax, "teams"],
			[document.memberships.length, limits.membershipsMax, "members of the organization"],
			[members, limits.teamMembersMax, "members of teams"],
			[grants, limits.teamGrantsMax, "accesses of teams"],
		] as const
	).find(([count, most]) => count > most);
	if (over !== undefined) {
		throw new DomainError("too_large", `there are more than ${over[1]} ${over[2]}`, {
			hint: "give access to projects instead of workspaces; let a group of the identity provider be the team",
		});
	}
	if (Buffer.byteLength(JSON.stringify(document)) > limits.teamsBytesMax) {
		throw new DomainError("too_large", "the teams are too large together", {
			details: { limitBytes: limits.teamsBytesMax },
		});
	}
}
