/** Teams, and who is in them. */
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { organizationFlags } from "../../../core/team/access.ts";
import { namedPerson, type TeamInput } from "../../../core/team/changes.ts";
import { type Membership, ownersId, teamVisibilities } from "../../../core/team/model.ts";
import type { MemberInput, SeenMembership, SeenTeam } from "../../../core/team/service.ts";
import { deleteTeam } from "../../shared/delete-team.ts";
import {
	cut,
	type GivenResource,
	list,
	nothing,
	one,
	pageIn,
	type Resource,
	resourceIn,
	resourcesIn,
} from "./document.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import { fullId, localId } from "./ids.ts";
import { membershipView } from "./memberships.ts";
import { commaSeparated, includesIn } from "./query.ts";
import { memberId, memberOf, userView } from "./users.ts";

const includes: ReadonlySet<string> = new Set(["users", "organization_memberships"]);

function permissions({ team, rights, isMember }: SeenTeam) {
	const isOwners = team.id === ownersId;
	const { mayManageOwners, mayManage, mayManageMembers, mayManageAccess } = rights;
	const manage = isOwners ? mayManageOwners : mayManage;
	const tokens = manage || (!isOwners && team.isTokenOpen && isMember);
	return {
		"can-destroy": manage && !isOwners,
		"can-update-api-token": tokens,
		"can-update-member-token-management": manage,
		"can-update-membership": isOwners ? mayManageOwners : mayManageMembers,
		"can-update-name": manage && !isOwners,
		"can-update-organization-access": mayManageAccess && !isOwners,
		"can-update-sso-team-id": manage,
		"can-update-visibility": manage,
		"can-view-api-token": tokens,
	};
}

function view(
	{ organization }: Exchange,
	seen: SeenTeam,
	memberships: ReadonlyMap<string, SeenMembership>,
): Resource {
	const { team } = seen;
	const id = fullId(organization, team.id);
	const self = `/api/v2/teams/${id}`;
	const isOwners = team.id === ownersId;
	const known = team.members.flatMap((member) => memberships.get(member)?.membership ?? []);
	const flag = (name: string) => isOwners || team.organizationAccess[name] === true;
	return {
		id,
		type: "teams",
		attributes: {
			name: team.name,
			description: team.description,
			visibility: team.visibility,
			"sso-team-id": team.ssoTeamId,
			"users-count": team.members.length,
			"allow-member-token-management": team.isTokenOpen,
			"is-unified": false,
			"organization-access": Object.fromEntries(
				organizationFlags.map((name) => [name, flag(name)]),
			),
			permissions: permissions(seen),
		},
		relationships: {
			organization: { data: { id: organization.name, type: "organizations" } },
			users: { data: known.map((one) => ({ id: memberId(one), type: "users" })) },
			"organization-memberships": {
				data: known.map((one) => ({
					...{ id: fullId(organization, one.id), type: "organization-memberships" },
				})),
			},
			"authentication-token": { links: { related: `${self}/authentication-token` } },
		},
		links: { self },
	};
}

/** Who is in the teams that the caller sees, by the id of the membership. */
async function membershipsOf({
	caller,
	deps,
}: Exchange): Promise<ReadonlyMap<string, SeenMembership>> {
	const all = await deps.core.teams.memberships(caller);
	return new Map(all.map((one) => [one.membership.id, one]));
}

function includedFor(
	exchange: Exchange,
	teams: readonly SeenTeam[],
	memberships: ReadonlyMap<string, SeenMembership>,
): Resource[] {
	const wanted = includesIn(exchange.context.query, includes);
	const ids = new Set(teams.flatMap(({ team }) => team.members));
	const members = [...ids].flatMap((id) => memberships.get(id) ?? []);
	return [
		...(wanted.has("users") ? members.map((one) => userView(memberOf(one.membership))) : []),
		...(wanted.has("organization_memberships")
			? members.map((one) => membershipView(exchange, one))
			: []),
	];
}

async function listAll(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const { query } = context;
	const names = commaSeparated(query.get("filter[names]"));
	const part = (query.get("q") ?? "").toLowerCase();
	const [all, memberships] = await Promise.all([
		deps.core.teams.list(caller),
		membershipsOf(exchange),
	]);
	const found = all.filter(
		({ team: { name } }) =>
			(names.length === 0 || names.includes(name)) && name.toLowerCase().includes(part),
	);
	const page = pageIn(query);
	const shown = cut(found, page);
	return list(
		shown.map((seen) => view(exchange, seen, memberships)),
		page,
		found.length,
		includedFor(exchange, shown, memberships),
	);
}

async function answer(exchange: Exchange, id: string, status = 200): Promise<Response> {
	const [seen, memberships] = await Promise.all([
		exchange.deps.core.teams.get(exchange.caller, id),
		membershipsOf(exchange),
	]);
	const included = includedFor(exchange, [seen], memberships);
	return one(view(exchange, seen, memberships), status, included);
}

async function show(exchange: Exchange): Promise<Response> {
	return await answer(exchange, param(exchange, "team"));
}

function bad(name: string): DomainError {
	return new DomainError("invalid_request", `the attribute ${name} is not acceptable`);
}

function textIn({ attributes }: GivenResource, name: string): string | undefined {
	const value = attributes[name];
	if (value === undefined || typeof value === "string") return value;
	throw bad(name);
}

function accessIn({ attributes }: GivenResource): Record<string, boolean> | undefined {
	const given = attributes["organization-access"];
	if (given === undefined || given === null) return undefined;
	if (typeof given !== "object" || Array.isArray(given)) throw bad("organization-access");
	return Object.fromEntries(
		Object.entries(given).flatMap(([name, value]): [string, boolean][] => {
			// Clients of newer versions send what we do not know yet, turned off.
			if (value === null || (value === false && !organizationFlags.includes(name))) return [];
			if (typeof value !== "boolean") throw bad("organization-access");
			return [[name, value]];
		}),
	);
}

/** What the document says of a team. Fails with `invalid_request`. */
function inputIn(given: GivenResource): TeamInput {
	const { "sso-team-id": sso, "allow-member-token-management": isTokenOpen } = given.attributes;
	const visibility = textIn(given, "visibility");
	const known = teamVisibilities.find((one) => one === visibility);
	if (visibility !== undefined && known === undefined) throw bad("visibility");
	if (sso !== undefined && sso !== null && typeof sso !== "string") throw bad("sso-team-id");
	if (isTokenOpen !== undefined && typeof isTokenOpen !== "boolean") {
		throw bad("allow-member-token-management");
	}
	const description = given.attributes.description;
	if (description !== undefined && description !== null && typeof description !== "string") {
		throw bad("description");
	}
	return {
		name: textIn(given, "name"),
		description: description === undefined ? undefined : (description ?? ""),
		visibility: known,
		ssoTeamId: sso === "" ? null : sso,
		isTokenOpen,
		organizationAccess: accessIn(given),
	};
}

async function create(exchange: Exchange): Promise<Response> {
	const input = inputIn(await resourceIn(exchange.request, "teams"));
	if (input.name === undefined) throw new DomainError("invalid_request", "a team needs a name");
	const { caller, deps } = exchange;
	const team = await deps.core.teams.create(caller, { ...input, name: input.name });
	return await answer(exchange, team.id, 201);
}

async function update(exchange: Exchange): Promise<Response> {
	const input = inputIn(await resourceIn(exchange.request, "teams"));
	const id = param(exchange, "team");
	await exchange.deps.core.teams.update(exchange.caller, id, input);
	return await answer(exchange, id);
}

async function remove(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	await deleteTeam(caller, deps.core, deps.identities, param(exchange, "team"));
	return nothing();
}

async function membersIn(exchange: Exchange): Promise<GivenResource[]> {
	const given = await resourcesIn(exchange.request);
	if (given.length <= limits.membersPerRequestMax) return given;
	throw new DomainError("too_large", `more than ${limits.membersPerRequestMax} members at once`);
}

/** By user name, as clients do; by a user's id as well. */
async function namedIn(exchange: Exchange): Promise<MemberInput[]> {
	const given = await membersIn(exchange);
	const known = new Map<string, Membership>();
	if (given.some(({ id }) => id?.startsWith("user-"))) {
		for (const { membership } of (await membershipsOf(exchange)).values()) {
			known.set(memberId(membership), membership);
		}
	}
	return given.map(({ id }) => {
		const membership = known.get(id ?? "");
		return membership === undefined ? namedPerson(id ?? "") : { membership: membership.id };
	});
}

async function membershipIdsIn(exchange: Exchange): Promise<MemberInput[]> {
	const given = await membersIn(exchange);
	return given.map(({ id }) => ({ membership: localId(exchange.organization, id ?? "") }));
}

type ReadMembers = (exchange: Exchange) => Promise<MemberInput[]>;

const adding = (read: ReadMembers) => async (exchange: Exchange) => {
	const { caller, deps } = exchange;
	await deps.core.teams.addMembers(caller, param(exchange, "team"), await read(exchange));
	return nothing();
};

const removing = (read: ReadMembers) => async (exchange: Exchange) => {
	const { caller, deps } = exchange;
	await deps.core.teams.removeMembers(caller, param(exchange, "team"), await read(exchange));
	return nothing();
};

async function listMembers(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const { team } = await deps.core.teams.get(caller, param(exchange, "team"));
	const memberships = await membershipsOf(exchange);
	const isWanted = (context.query.get("filter[status]") ?? "active") === "active";
	const found = isWanted ? team.members.flatMap((id) => memberships.get(id) ?? []) : [];
	const page = pageIn(context.query);
	const views = cut(found, page).map((one) => membershipView(exchange, one));
	return list(views, page, found.length);
}

const collection = "/organizations/:organization/teams";
const single = "/teams/:team";
const users = `${single}/relationships/users`;
const members = `${single}/relationships/organization-memberships`;

export const teamRoutes: readonly Route[] = [
	{ method: "GET", path: collection, operation: "listTeams", handle: listAll },
	{ method: "POST", path: collection, operation: "createTeam", handle: create },
	{ method: "GET", path: single, operation: "showTeam", handle: show },
	{ method: "PATCH", path: single, operation: "updateTeam", handle: update },
	{ method: "DELETE", path: single, operation: "deleteTeam", handle: remove },
	{ method: "POST", path: users, operation: "addTeamUsers", handle: adding(namedIn) },
	{ method: "DELETE", path: users, operation: "removeTeamUsers", handle: removing(namedIn) },
	{ method: "GET", path: members, operation: "listTeamMembers", handle: listMembers },
	{ method: "POST", path: members, operation: "addTeamMembers", handle: adding(membershipIdsIn) },
	{
		method: "DELETE",
		path: members,
		operation: "removeTeamMembers",
		handle: removing(membershipIdsIn),
	},
];
