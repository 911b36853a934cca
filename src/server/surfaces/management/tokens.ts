/** `/v1/auth/tokens`: API tokens of people and of machines. */
import {
	CreateToken,
	RenewToken,
	type TokenCreated,
	TokenCreated as TokenCreatedSchema,
	TokenList,
	TokenView,
} from "../../../api/identity.ts";
import { ownGrant } from "../../../auth/shared-state.ts";
import type { ApiToken } from "../../../auth/token/api-token.ts";
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import {
	defaultOrganizationName,
	type Organization,
} from "../../../core/organization/organization.ts";
import type { Caller } from "../../../core/principal.ts";
import {
	isManaged,
	isOwnToken,
	isTokenOf,
	lifeOf,
	refuseNarrowed,
} from "../../shared/own-tokens.ts";
import type { SurfaceDeps } from "../../shared/surface-deps.ts";
import type { CollectionExchange, CollectionOperation } from "./operation.ts";
import { readCount, readFlag, readJson } from "./operation.ts";

const tag = "Tokens";

function tokenView(token: ApiToken, here: Organization): TokenView {
	return {
		id: token.id,
		name: token.name,
		kind: token.kind,
		subject: token.subject,
		roles: token.roles === null ? null : [...token.roles],
		units: token.units === null ? null : [...token.units],
		organization: organizationOf(token, here),
		created: token.created,
		created_by: token.createdBy,
		expires: token.expires === null ? null : new Date(token.expires).toISOString(),
	};
}

/** The name of the organization in which alone the token counts; null: it counts in all. */
function organizationOf({ organization }: ApiToken, here: Organization): string | null {
	if (organization === undefined) return null;
	if (organization === here.key) return here.name;
	// Another organization's key begins with its name; nobody sees it but the token's owner.
	return organization === null ? defaultOrganizationName : (organization.split(".")[0] ?? "");
}

async function authorizeService(
	caller: Caller,
	deps: SurfaceDeps,
	subject: string,
	roles: readonly string[],
): Promise<void> {
	const { gate } = deps.core.parts;
	await gate.authorize(caller, "token.manage", "*");
	// Whoever may hand out rights with a token, those that the machine has too, may as well assign them.
	const principal = { id: subject, credentialKind: "api-token", loginId: "" } as const;
	const isPowerful = roles.length > 0 || (await gate.hasStanding({ ...caller, principal }));
	if (isPowerful) await gate.authorize(caller, "rbac.manage", "*");
}

function millisecondsOf(seconds: number | undefined): number | null {
	return seconds === undefined ? null : seconds * 1000;
}

const createToken: CollectionOperation = {
	scope: "collection",
	id: "createToken",
	method: "POST",
	path: "/v1/auth/tokens",
	tag,
	summary: "Make an API token, for oneself or for a machine; its text is shown once",
	body: { schema: CreateToken },
	success: { status: 201, schema: TokenCreatedSchema },
	failures: [400],
	async handle({ request, caller, deps, organization }) {
		const input = await readJson(request, CreateToken);
		const { tokens } = await deps.identities;
		const isService = input.service === true;
		let subject = caller.principal.id;
		if (isService) {
			await authorizeService(caller, deps, `service:${input.name}`, input.roles ?? []);
			if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(input.name)) {
				throw new DomainError(
					"invalid_request",
					"a service token's name is lower-case letters, digits, dots, dashes and underscores",
				);
			}
			subject = `service:${input.name}`;
		} else {
			refuseNarrowed(caller);
		}
		const { token, view } = await tokens.issue(await ownGrant(caller), {
			kind: isService ? "svc" : "tfe",
			name: input.name,
			subject,
			roles: input.roles ?? null,
			units: input.units ?? null,
			organization: organization.key,
			lifeMs: await lifeOf(millisecondsOf(input.ttl_seconds), caller, deps),
		});
		const created: TokenCreated = { ...tokenView(view, organization), token };
		return Response.json(created, { status: 201 });
	},
};

const listTokens: CollectionOperation = {
	scope: "collection",
	id: "listTokens",
	method: "GET",
	path: "/v1/auth/tokens",
	tag,
	summary: "One's own tokens, or with `all` those of the organization, in order of their ids",
	query: [
		{
			name: "all",
			description: "Everybody's of the organization; needs token.manage",
			schema: { type: "boolean", default: false },
		},
		{
			name: "limit",
			description: `At most this many; ${limits.tokensPageDefault} without it`,
			schema: { type: "integer", minimum: 1, maximum: limits.tokensPageMax },
		},
		{ name: "cursor", description: "The `next` of the page before", schema: { type: "string" } },
	],
	success: { status: 200, schema: TokenList },
	failures: [400],
	async handle({ caller, deps, context: { query }, organization }) {
		const { tokens } = await deps.identities;
		const isAll = readFlag(query, "all");
		if (isAll) await deps.core.parts.gate.authorize(caller, "token.manage", "*");
		const place = isAll ? { organization: organization.key } : { subject: caller.principal.id };
		const page = await tokens.list(place, {
			limit: readCount(query, "limit") ?? limits.tokensPageDefault,
			after: query.get("cursor") ?? undefined,
			wants: (token) => (isAll ? isTokenOf(token, organization) : isOwnToken(token, caller)),
		});
		const list: TokenList = {
			tokens: page.tokens.map((token) => tokenView(token, organization)),
			...(page.next === undefined ? {} : { next: page.next }),
		};
		return Response.json(list);
	},
};

const getToken: CollectionOperation = {
	scope: "collection",
	id: "getToken",
	method: "GET",
	path: "/v1/auth/tokens/:token",
	tag,
	summary: "One token that was not revoked, by its public part",
	success: { status: 200, schema: TokenView },
	failures: [404],
	async handle(exchange) {
		const found = await visibleToken(exchange);
		if (found.revoked !== null) throw noSuchToken();
		return Response.json(tokenView(found, exchange.organization));
	},
};

function noSuchToken(): DomainError {
	return new DomainError("not_found", "there is no such token", {
		hint: "taco token ls lists them",
	});
}

/** A token that the caller may know of: their own, or anybody's with token.manage. */
async function visibleToken({
	caller,
	deps,
	params,
	organization,
}: CollectionExchange): Promise<ApiToken> {
	const found = await (await deps.identities).tokens.find(publicPart(params.token ?? ""));
	const { gate } = deps.core.parts;
	const isVisible =
		found !== null &&
		(isOwnToken(found, caller) ||
			(isTokenOf(found, organization) && (await gate.may(caller, "token.manage", "*"))));
	// Whether a token exists is nobody's business but its owner's and the administrators'.
	if (found === null || !isVisible) throw noSuchToken();
	return found;
}

const renewToken: CollectionOperation = {
	scope: "collection",
	id: "renewToken",
	method: "POST",
	path: "/v1/auth/tokens/:token/renew",
	tag,
	summary: "Put off a token's end; for who may make such a token, and by no token for itself",
	body: { schema: RenewToken },
	success: { status: 200, schema: TokenView },
	failures: [400, 404],
	async handle(exchange) {
		const { request, caller, deps, organization } = exchange;
		const { ttl_seconds: seconds } = await readJson(request, RenewToken);
		const { tokens } = await deps.identities;
		const found = await visibleToken(exchange);
		if (found.kind === "svc")
			await authorizeService(caller, deps, found.subject, found.roles ?? []);
		else refuseNarrowed(caller);
		const { principal } = caller;
		// One that was stolen could go on for ever.
		const isForeign = found.kind !== "svc" && found.subject !== principal.id;
		if (isForeign || isManaged(found) || principal.loginId === found.id) {
			throw new DomainError("forbidden", "this credential cannot renew this token", {
				hint: isManaged(found)
					? "make it again where teams are managed"
					: "log in, and renew it with that login",
			});
		}
		const lifeMs = (await lifeOf(millisecondsOf(seconds), caller, deps)) ?? seconds * 1000;
		const renewed = await tokens.renew(await ownGrant(caller), found.id, lifeMs);
		return Response.json(tokenView(renewed, organization));
	},
};

const revokeToken: CollectionOperation = {
	scope: "collection",
	id: "revokeToken",
	method: "DELETE",
	path: "/v1/auth/tokens/:token",
	tag,
	summary: "Revoke a token for good, by its public part; again is a success",
	success: { status: 204, schema: null },
	failures: [404],
	async handle(exchange) {
		const { caller, deps } = exchange;
		const { tokens } = await deps.identities;
		const found = await visibleToken(exchange);
		await tokens.revoke(await ownGrant(caller), found.id);
		return new Response(null, { status: 204 });
	},
};

/** The id, whichever of `<id>`, `otc_tfe_<id>` and the whole token was given. */
function publicPart(text: string): string {
	return /^otc_(?:tfe|svc)_([0-9a-f]{20})(?:_|$)/.exec(text)?.[1] ?? text;
}

export const tokenOperations: readonly CollectionOperation[] = [
	createToken,
	listTokens,
	getToken,
	renewToken,
	revokeToken,
];
