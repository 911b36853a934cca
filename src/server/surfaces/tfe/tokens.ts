/** Tokens of people, teams and the organization: API tokens in the vendor's form. */
import { ownGrant } from "../../../auth/shared-state.ts";
import type { ApiToken, ApiTokens } from "../../../auth/token/api-token.ts";
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { everything } from "../../../core/rbac/resource.ts";
import { type OrganizationTokenKind, organizationTokenKinds } from "../../../core/team/tokens.ts";
import {
	isManaged,
	isOwnToken,
	isTokenOf,
	lifeOf,
	refuseNarrowed,
} from "../../shared/own-tokens.ts";
import {
	type GivenResource,
	nothing,
	one,
	paged,
	type Resource,
	resourceIn,
	resourcesIn,
} from "./document.ts";
import { TfeRefusal } from "./errors.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import { absent, fullId, localId, resourceId, userId } from "./ids.ts";
import { orderIn } from "./query.ts";

const type = "authentication-tokens";

/** A name that every token needs; clients that give no description see none. */
const unnamed = "token";

interface Shown {
	/** The team that it speaks for; null: a person or the organization. */
	readonly team?: string | null;
	/** Belongs to the organization, so that its id carries it. */
	readonly isOurs?: boolean;
	readonly kind?: OrganizationTokenKind;
	/** Once, when it is made. */
	readonly text?: string;
}

function view({ organization }: Exchange, token: ApiToken, shown: Shown = {}): Resource {
	const { team = null, isOurs = team !== null, text = null } = shown;
	return {
		id: isOurs ? resourceId(organization, "at", token.id) : `at-${token.id}`,
		type,
		attributes: {
			"created-at": token.created,
			description: token.name === unnamed ? null : token.name,
			"expired-at": token.expires === null ? null : new Date(token.expires).toISOString(),
			"last-used-at": null,
			token: text,
		},
		relationships: {
			"created-by": { data: { id: userId({ id: token.createdBy }), type: "users" } },
			...(team === null
				? {}
				: { team: { data: { id: fullId(organization, team), type: "teams" } } }),
		},
	};
}

/** The token's public part. Fails with `not_found`. */
function tokenIdIn(text: string): string {
	const id = /^at-([0-9a-f]{20})$/.exec(text)?.[1];
	if (id === undefined) throw absent();
	return id;
}

interface Wish {
	readonly description: string;
	readonly lifeMs: number | null;
	/** The end that was named, to be given back exactly so. */
	readonly endsAt: number | undefined;
}

/** When a token ends for which no end is named: ms since the epoch, as the vendor's do. */
function usualEnd({ deps }: Exchange): number {
	const end = new Date(deps.clock.now());
	end.setUTCFullYear(end.getUTCFullYear() + limits.tfeTokenLifeYears);
	return end.getTime();
}

/** What the body asks for; an empty body asks for nothing in particular. */
async function wishIn(exchange: Exchange): Promise<Wish> {
	const isEmpty = exchange.request.body === null;
	const given: GivenResource | null = isEmpty ? null : await resourceIn(exchange.request, type);
	const { description, "expired-at": end } = given?.attributes ?? {};
	if (description !== undefined && description !== null && typeof description !== "string") {
		throw new DomainError("invalid_request", "the attribute description is not acceptable");
	}
	const { caller, deps } = exchange;
	const isNamed = end !== undefined && end !== null;
	const endsAt = isNamed ? Date.parse(String(end)) : usualEnd(exchange);
	if (!(endsAt > deps.clock.now())) {
		throw new DomainError("invalid_request", "the attribute expired-at is no time to come");
	}
	const wantedMs = endsAt - deps.clock.now();
	const lifeMs = await lifeOf(wantedMs, caller, deps);
	const isAsNamed = lifeMs === wantedMs;
	return { description: description ?? "", lifeMs, endsAt: isAsNamed ? endsAt : undefined };
}

async function living(tokens: ApiTokens, id: string): Promise<ApiToken | null> {
	const found = await tokens.find(id);
	return found === null || found.revoked !== null ? null : found;
}

async function demanded(tokens: ApiTokens, id: string | null): Promise<ApiToken> {
	const found = id === null ? null : await living(tokens, id);
	if (found === null) throw absent();
	return found;
}

function freshId({ deps }: Exchange): string {
	return Buffer.from(deps.random.bytes(10)).toString("hex");
}

function idsOf(tokens: readonly { readonly id: string }[]): string[] {
	return tokens.map(({ id }) => id);
}

async function revokeAll(exchange: Exchange, ids: readonly string[]): Promise<void> {
	const { tokens } = await exchange.deps.identities;
	const grant = await ownGrant(exchange.caller);
	for (const id of ids) await tokens.revoke(grant, id);
}

/** Only one's own: nobody makes tokens that speak for somebody else. */
async function listUsers(exchange: Exchange): Promise<Response> {
	const { caller, deps, context, params } = exchange;
	if (params.user !== userId(caller.principal)) throw absent();
	const { tokens } = await deps.identities;
	const { tokens: own } = await tokens.list(
		{ subject: caller.principal.id },
		{ wants: (token) => isOwnToken(token, caller) },
	);
	const inOrder = [...own].sort((a, b) => (a.created < b.created ? -1 : 1));
	return paged(
		inOrder.map((token) => view(exchange, token)),
		context.query,
	);
}

async function createUsers(exchange: Exchange): Promise<Response> {
	const { caller, deps, params, organization } = exchange;
	if (params.user !== userId(caller.principal)) throw absent();
	refuseNarrowed(caller);
	const { description, lifeMs, endsAt } = await wishIn(exchange);
	const { tokens } = await deps.identities;
	const issued = await tokens.issue(await ownGrant(caller), {
		...{ kind: "tfe", name: description || unnamed, subject: caller.principal.id },
		...{ roles: null, units: null, lifeMs, endsAt, organization: organization.key },
	});
	return one(view(exchange, issued.view, { text: issued.token }), 201);
}

/** Clients tell a team's tokens apart by what they are for, and know this refusal by its text. */
async function refuseTaken(
	{ deps }: Exchange,
	ids: readonly string[],
	description: string,
): Promise<void> {
	const { tokens } = await deps.identities;
	const now = deps.clock.now();
	for (const token of await Promise.all(ids.map((id) => living(tokens, id)))) {
		if (token?.name !== description || (token.expires ?? Infinity) <= now) continue;
		const detail = "Validation failed: Description has already been taken";
		throw new TfeRefusal(422, "invalid attributes", detail);
	}
}

/** A team's token: of those without a description there is one, and one of each description. */
async function createTeams(exchange: Exchange): Promise<Response> {
	const { caller, deps, organization } = exchange;
	const team = param(exchange, "team");
	const { description, lifeMs, endsAt } = await wishIn(exchange);
	const id = freshId(exchange);
	const isPlain = description === "";
	const known = await deps.core.teamTokens.ofTeam(caller, team);
	// Before it is forgotten: a crash in between must not leave one that nobody sees.
	if (isPlain) await revokeAll(exchange, idsOf(known.filter((one) => one.isPlain)));
	else await refuseTaken(exchange, idsOf(known), description);
	const plan = await deps.core.teamTokens.addToTeam(caller, team, { id, isPlain });
	await revokeAll(exchange, plan.ending);
	const { tokens } = await deps.identities;
	const issued = await tokens.issue(plan.grant, {
		...{ id, kind: "svc", name: description || unnamed, subject: plan.subject },
		...{ roles: null, units: null, lifeMs, endsAt, organization: organization.key },
	});
	return one(view(exchange, issued.view, { team, text: issued.token }), 201);
}

async function showTeams(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const team = param(exchange, "team");
	const known = await deps.core.teamTokens.ofTeam(caller, team);
	const { tokens } = await deps.identities;
	const token = await demanded(tokens, known.find(({ isPlain }) => isPlain)?.id ?? null);
	return one(view(exchange, token, { team }));
}

async function listTeams(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const team = param(exchange, "team");
	const known = await deps.core.teamTokens.ofTeam(caller, team);
	const { tokens } = await deps.identities;
	const found = await Promise.all(known.map(({ id }) => living(tokens, id)));
	return paged(
		found.flatMap((token) => (token === null ? [] : [view(exchange, token, { team })])),
		context.query,
	);
}

async function removeTeams(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const team = param(exchange, "team");
	const ending = idsOf(
		(await deps.core.teamTokens.ofTeam(caller, team)).filter((one) => one.isPlain),
	);
	if (ending.length === 0) throw absent();
	await revokeAll(exchange, ending);
	await deps.core.teamTokens.removeFromTeam(caller, team, ({ id }) => ending.includes(id));
	return nothing();
}

/** The kind that the query asks for. Fails with `invalid_request`. */
function kindIn({ context }: Exchange): OrganizationTokenKind {
	const given = context.query.get("token") ?? "plain";
	const kind = organizationTokenKinds.find((one) => one === given);
	if (kind !== undefined) return kind;
	throw new DomainError("invalid_request", "an organization has no token of this kind");
}

async function createOrganizations(exchange: Exchange): Promise<Response> {
	const kind = kindIn(exchange);
	const { caller, deps, organization } = exchange;
	const { description, lifeMs, endsAt } = await wishIn(exchange);
	const id = freshId(exchange);
	const before = await deps.core.teamTokens.ofOrganization(caller, kind);
	if (before !== null) await revokeAll(exchange, [before]);
	const plan = await deps.core.teamTokens.setOrganization(caller, kind, id);
	await revokeAll(exchange, plan.ending);
	const { tokens } = await deps.identities;
	const issued = await tokens.issue(plan.grant, {
		...{ id, kind: "svc", name: description || unnamed, subject: plan.subject },
		...{ roles: null, units: null, lifeMs, endsAt, organization: organization.key },
	});
	return one(view(exchange, issued.view, { isOurs: true, text: issued.token }), 201);
}

async function showOrganizations(exchange: Exchange): Promise<Response> {
	const kind = kindIn(exchange);
	const { caller, deps } = exchange;
	const id = await deps.core.teamTokens.ofOrganization(caller, kind);
	const { tokens } = await deps.identities;
	return one(view(exchange, await demanded(tokens, id), { isOurs: true }));
}

async function removeOrganizations(exchange: Exchange): Promise<Response> {
	const kind = kindIn(exchange);
	const { caller, deps } = exchange;
	const before = await deps.core.teamTokens.ofOrganization(caller, kind);
	if (before === null) throw absent();
	await revokeAll(exchange, [before]);
	const plan = await deps.core.teamTokens.setOrganization(caller, kind, null);
	await revokeAll(exchange, plan.ending);
	return nothing();
}

async function listTeamTokens(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const known = await deps.core.teamTokens.ofAllTeams(caller);
	const { tokens } = await deps.identities;
	const { query } = context;
	const names = new Map(
		(await deps.core.teams.list(caller)).map(({ team }) => [team.id, team.name]),
	);
	const part = (query.get("q") ?? "").toLowerCase();
	const { by, isDescending } = orderIn(query, ["created-at", "expired-at", "team-name"]);
	const found: { token: ApiToken; team: string; name: string }[] = [];
	for (const { id, team } of known) {
		const name = names.get(team) ?? "";
		const token = name.toLowerCase().includes(part) ? await living(tokens, id) : null;
		if (token !== null) found.push({ token, team, name });
	}
	const keyOf = ({ token, name }: (typeof found)[number]): string | number =>
		by === "team-name" ? name : by === "created-at" ? token.created : (token.expires ?? Infinity);
	found.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));
	if (isDescending) found.reverse();
	return paged(
		found.map(({ token, team }) => view(exchange, token, { team })),
		query,
	);
}

async function removeTeamTokens(exchange: Exchange): Promise<Response> {
	const { caller, deps, organization } = exchange;
	const given = await resourcesIn(exchange.request);
	const wanted = new Set(given.map(({ id }) => tokenIdIn(localId(organization, id ?? ""))));
	const known = await deps.core.teamTokens.ofAllTeams(caller);
	const ending = known.filter(({ id }) => wanted.has(id));
	if (ending.length < wanted.size) throw absent();
	await revokeAll(exchange, idsOf(ending));
	for (const team of new Set(ending.map((one) => one.team))) {
		await deps.core.teamTokens.removeFromTeam(caller, team, ({ id }) => wanted.has(id));
	}
	return nothing();
}

/** A token by its id, for whom it belongs to. Fails with `not_found`. */
async function found(exchange: Exchange): Promise<{ token: ApiToken; shown: Shown }> {
	const { caller, deps } = exchange;
	const { tokens } = await deps.identities;
	const token = await demanded(tokens, tokenIdIn(param(exchange, "token")));
	const place = await deps.core.teamTokens.placeOf(caller, token.id);
	if (place !== null) return { token, shown: { ...place, isOurs: true } };
	const isOwn = isOwnToken(token, caller);
	const isOther = isManaged(token) || !isTokenOf(token, exchange.organization);
	const { gate } = deps.core.parts;
	if (!isOwn && (isOther || !(await gate.may(caller, "token.manage", everything)))) throw absent();
	return { token, shown: {} };
}

async function show(exchange: Exchange): Promise<Response> {
	const { token, shown } = await found(exchange);
	return one(view(exchange, token, shown));
}

async function remove(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const { token, shown } = await found(exchange);
	const { teamTokens } = deps.core;
	await revokeAll(exchange, [token.id]);
	if (typeof shown.team === "string") {
		await teamTokens.removeFromTeam(caller, shown.team, ({ id }) => id === token.id);
	} else if (shown.isOurs === true) {
		await teamTokens.setOrganization(caller, shown.kind ?? "plain", null);
	}
	return nothing();
}

const ofUser = "/users/:user/authentication-tokens";
const ofTeam = "/teams/:team/authentication-token";
const ofOrganization = "/organizations/:organization/authentication-token";
const ofTeams = "/organizations/:organization/team-tokens";
const single = "/authentication-tokens/:token";

export const tokenRoutes: readonly Route[] = [
	{ method: "GET", path: ofUser, operation: "listUserTokens", handle: listUsers },
	{ method: "POST", path: ofUser, operation: "createUserToken", handle: createUsers },
	{ method: "GET", path: ofTeam, operation: "showTeamToken", handle: showTeams },
	{ method: "POST", path: ofTeam, operation: "createTeamToken", handle: createTeams },
	{ method: "DELETE", path: ofTeam, operation: "deleteTeamToken", handle: removeTeams },
	// The client's own form, for several of them.
	{ method: "GET", path: `${ofTeam}s`, operation: "listTeamTokens", handle: listTeams },
	{ method: "POST", path: `${ofTeam}s`, operation: "createTeamToken", handle: createTeams },
	{
		method: "GET",
		path: ofOrganization,
		operation: "showOrganizationToken",
		handle: showOrganizations,
	},
	{
		method: "POST",
		path: ofOrganization,
		operation: "createOrganizationToken",
		handle: createOrganizations,
	},
	{
		method: "DELETE",
		path: ofOrganization,
		operation: "deleteOrganizationToken",
		handle: removeOrganizations,
	},
	{ method: "GET", path: ofTeams, operation: "listAllTeamTokens", handle: listTeamTokens },
	{ method: "DELETE", path: ofTeams, operation: "deleteTeamTokens", handle: removeTeamTokens },
	{ method: "GET", path: single, operation: "showToken", handle: show },
	{ method: "DELETE", path: single, operation: "deleteToken", handle: remove },
];
