/** Who belongs to an organization. */
import { DomainError } from "../../../core/errors.ts";
import { namedPerson } from "../../../core/team/changes.ts";
import type { SeenMembership } from "../../../core/team/service.ts";
import {
	cut,
	list,
	nothing,
	one,
	pageIn,
	type Resource,
	relatedMany,
	resourceIn,
} from "./document.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import { fullId, localId } from "./ids.ts";
import { includesIn } from "./query.ts";
import { memberId, memberOf, userView } from "./users.ts";

const includes: ReadonlySet<string> = new Set(["user", "teams", "organization"]);

/** A membership as the wire shows it. It counts from the first login on, so it is always active. */
export function membershipView(
	{ organization }: Pick<Exchange, "organization">,
	{ membership, teams }: SeenMembership,
): Resource {
	return {
		id: fullId(organization, membership.id),
		type: "organization-memberships",
		attributes: {
			status: "active",
			email: membership.email ?? "",
			"created-at": membership.created,
		},
		relationships: {
			organization: { data: { id: organization.name, type: "organizations" } },
			user: { data: { id: memberId(membership), type: "users" } },
			teams: { data: teams.map((id) => ({ id: fullId(organization, id), type: "teams" })) },
		},
	};
}

function includedFor(query: URLSearchParams, shown: readonly SeenMembership[]): Resource[] {
	const wanted = includesIn(query, includes);
	return wanted.has("user") ? shown.map((one) => userView(memberOf(one.membership))) : [];
}

function shownList(exchange: Exchange, found: readonly SeenMembership[]): Response {
	const { query } = exchange.context;
	const page = pageIn(query);
	const shown = cut(found, page);
	const views = shown.map((one) => membershipView(exchange, one));
	return list(views, page, found.length, includedFor(query, shown));
}

async function listAll(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const status = context.query.get("filter[status]") ?? "active";
	const emails = (context.query.get("filter[email]") ?? "").toLowerCase().split(",");
	const part = (context.query.get("q") ?? "").toLowerCase();
	const found = (await deps.core.teams.memberships(caller)).filter(
		({ membership: { email, subject } }) =>
			status === "active" &&
			(emails[0] === "" || emails.includes(email ?? "")) &&
			(email ?? subject ?? "").toLowerCase().includes(part),
	);
	return shownList(exchange, found);
}

async function listOwn(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	return shownList(exchange, await deps.core.teams.ownMemberships(caller));
}

async function show(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const found = await deps.core.teams.membership(caller, param(exchange, "membership"));
	return one(membershipView(exchange, found), 200, includedFor(context.query, [found]));
}

async function create(exchange: Exchange): Promise<Response> {
	const { caller, deps, organization } = exchange;
	const given = await resourceIn(exchange.request, "organization-memberships");
	const { email } = given.attributes;
	if (typeof email !== "string") {
		throw new DomainError("invalid_request", "a membership needs an e-mail address");
	}
	const named = namedPerson(email);
	if (named.email === null) {
		throw new DomainError("invalid_request", "a membership needs an e-mail address");
	}
	const teams = relatedMany(given, "teams").map(({ id }) => localId(organization, id ?? ""));
	const made = await deps.core.teams.invite(caller, named, teams);
	// Clients take the user from the answer without asking for it.
	return one(membershipView(exchange, made), 201, [userView(memberOf(made.membership))]);
}

async function remove(exchange: Exchange): Promise<Response> {
	await exchange.deps.core.teams.expel(exchange.caller, param(exchange, "membership"));
	return nothing();
}

const collection = "/organizations/:organization/organization-memberships";
const single = "/organization-memberships/:membership";

export const membershipRoutes: readonly Route[] = [
	{ method: "GET", path: collection, operation: "listMemberships", handle: listAll },
	{ method: "POST", path: collection, operation: "createMembership", handle: create },
	{
		method: "GET",
		path: "/organization-memberships",
		operation: "listOwnMemberships",
		handle: listOwn,
	},
	{ method: "GET", path: single, operation: "showMembership", handle: show },
	{ method: "DELETE", path: single, operation: "deleteMembership", handle: remove },
];
