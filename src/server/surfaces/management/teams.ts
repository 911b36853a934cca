/** `/v1/teams`: teams, and who is in them. */
import {
	AddTeamMembers,
	CreateTeam,
	TeamList,
	type TeamMember,
	TeamMemberList,
	TeamView as TeamSchema,
	type TeamView,
	UpdateTeam,
} from "../../../api/teams.ts";
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { organizationFlags } from "../../../core/team/access.ts";
import { namedPerson, type TeamInput } from "../../../core/team/changes.ts";
import { type Membership, ownersId, type Team } from "../../../core/team/model.ts";
import type { MemberInput } from "../../../core/team/service.ts";
import { deleteTeam as endTeam } from "../../shared/delete-team.ts";
import type { CollectionExchange, CollectionOperation } from "./operation.ts";
import { readJson } from "./operation.ts";

const tag = "Teams";
const path = "/v1/teams";
const onePath = `${path}/:team`;
const membersPath = `${onePath}/members`;
const memberPath = `${membersPath}/:member`;

function teamView(team: Team): TeamView {
	const isOwners = team.id === ownersId;
	return {
		...{ id: team.id, name: team.name, description: team.description },
		...{ visibility: team.visibility, sso_team_id: team.ssoTeamId },
		organization_access: organizationFlags.filter(
			(name) => isOwners || team.organizationAccess[name] === true,
		),
		allow_member_token_management: team.isTokenOpen,
		members_count: team.members.length,
		created: isOwners ? null : team.created,
	};
}

/** The accesses that are named, and no others. */
function flagsOf(names: readonly string[]): Record<string, boolean> {
	const flags = organizationFlags.map((name) => [name, false]);
	return Object.fromEntries([...flags, ...names.map((name) => [name, true])]);
}

function inputOf(given: UpdateTeam): TeamInput {
	const { name, description, visibility, sso_team_id: sso, organization_access: access } = given;
	return {
		...{ name, description, visibility },
		ssoTeamId: sso === "" ? null : sso,
		isTokenOpen: given.allow_member_token_management,
		organizationAccess: access === undefined ? undefined : flagsOf(access),
	};
}

async function teamIn({ caller, deps, params }: CollectionExchange): Promise<Team> {
	return (await deps.core.teams.get(caller, params.team ?? "")).team;
}

function memberView({ id, email, subject, created }: Membership): TeamMember {
	return { id, email, subject, created };
}

/** Those whom the caller sees. */
async function membersIn(exchange: CollectionExchange): Promise<Response> {
	const { caller, deps } = exchange;
	const { members: ids } = await teamIn(exchange);
	const all = await deps.core.teams.memberships(caller);
	const known = new Map(all.map(({ membership }) => [membership.id, membership]));
	const members = ids.flatMap((id) => known.get(id) ?? []).map(memberView);
	const list: TeamMemberList = { members, count: members.length };
	return Response.json(list);
}

/** By the membership's id too, as the list shows it. */
function memberInput(text: string): MemberInput {
	return text.startsWith("ou-") ? { membership: text } : namedPerson(text);
}

const listTeams: CollectionOperation = {
	scope: "collection",
	id: "listTeams",
	method: "GET",
	path,
	tag,
	summary: "The teams that the caller sees",
	success: { status: 200, schema: TeamList },
	failures: [],
	async handle({ caller, deps }) {
		const teams = (await deps.core.teams.list(caller)).map(({ team }) => teamView(team));
		const list: TeamList = { teams, count: teams.length };
		return Response.json(list);
	},
};

const createTeam: CollectionOperation = {
	scope: "collection",
	id: "createTeam",
	method: "POST",
	path,
	tag,
	summary: "Make a team; access to the organization needs team.access as well",
	body: { schema: CreateTeam },
	success: { status: 201, schema: TeamSchema },
	failures: [400, 409, 413],
	async handle({ request, caller, deps }) {
		const given = await readJson(request, CreateTeam);
		const input = { ...inputOf(given), name: given.name };
		const team = await deps.core.teams.create(caller, input);
		return Response.json(teamView(team), { status: 201 });
	},
};

const getTeam: CollectionOperation = {
	scope: "collection",
	id: "getTeam",
	method: "GET",
	path: onePath,
	tag,
	summary: "One team",
	success: { status: 200, schema: TeamSchema },
	failures: [404],
	async handle(exchange) {
		return Response.json(teamView(await teamIn(exchange)));
	},
};

const updateTeam: CollectionOperation = {
	scope: "collection",
	id: "updateTeam",
	method: "PATCH",
	path: onePath,
	tag,
	summary: "Change a team; what is not named stays",
	body: { schema: UpdateTeam },
	success: { status: 200, schema: TeamSchema },
	failures: [400, 404, 409, 413],
	async handle({ request, caller, deps, params }) {
		const input = inputOf(await readJson(request, UpdateTeam));
		return Response.json(teamView(await deps.core.teams.update(caller, params.team ?? "", input)));
	},
};

const deleteTeam: CollectionOperation = {
	scope: "collection",
	id: "deleteTeam",
	method: "DELETE",
	path: onePath,
	tag,
	summary: "Delete a team, with its accesses and tokens",
	success: { status: 204, schema: null },
	failures: [404, 409],
	async handle({ caller, deps, params }) {
		await endTeam(caller, deps.core, deps.identities, params.team ?? "");
		return new Response(null, { status: 204 });
	},
};

const listMembers: CollectionOperation = {
	scope: "collection",
	id: "listTeamMembers",
	method: "GET",
	path: membersPath,
	tag,
	summary: "Who is in a team, as far as the caller may know",
	success: { status: 200, schema: TeamMemberList },
	failures: [404],
	handle: membersIn,
};

const addMembers: CollectionOperation = {
	scope: "collection",
	id: "addTeamMembers",
	method: "POST",
	path: membersPath,
	tag,
	summary: "Add people and machines to a team; who is in it already stays",
	body: { schema: AddTeamMembers },
	success: { status: 200, schema: TeamMemberList },
	failures: [400, 404, 413],
	async handle(exchange) {
		const { request, caller, deps, params } = exchange;
		const { members } = await readJson(request, AddTeamMembers);
		if (members.length > limits.membersPerRequestMax) {
			const most = `more than ${limits.membersPerRequestMax} members at once`;
			throw new DomainError("too_large", most, { hint: "add them in several requests" });
		}
		await deps.core.teams.addMembers(caller, params.team ?? "", members.map(memberInput));
		return await membersIn(exchange);
	},
};

const removeMember: CollectionOperation = {
	scope: "collection",
	id: "removeTeamMember",
	method: "DELETE",
	path: memberPath,
	tag,
	summary: "Take somebody out of a team; who is not in it is no failure",
	success: { status: 204, schema: null },
	failures: [400, 404, 409],
	async handle({ caller, deps, params }) {
		const { team = "", member = "" } = params;
		await deps.core.teams.removeMembers(caller, team, [memberInput(member)]);
		return new Response(null, { status: 204 });
	},
};

export const teamOperations: readonly CollectionOperation[] = [
	listTeams,
	createTeam,
	getTeam,
	updateTeam,
	deleteTeam,
	listMembers,
	addMembers,
	removeMember,
];
