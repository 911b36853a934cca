/** Which organization a request is about: by its address, by the ids in it, or by its filter. */
import { idHeadIn } from "../../../core/organization/id.ts";
import type { Organization } from "../../../core/organization/organization.ts";
import type { Organizations } from "../../../core/organization/organizations.ts";
import type { Caller } from "../../../core/principal.ts";
import type { Exchange } from "./exchange.ts";
import { absent, localId, splitId } from "./ids.ts";

type Params = Readonly<Record<string, string>>;
type Finder = Pick<Organizations, "nameOfIdHead">;

/** Parameters that are names, or ids of what belongs to no organization; all others are ids in one. */
const unscoped: ReadonlySet<string> = new Set(["organization", "name", "user"]);

/**
 * The organization that an id tells; null: none, which means the default one. An organization that
 * the caller may not know of tells itself no more than one that does not exist.
 */
async function organizationIn(
	id: string,
	caller: Caller,
	organizations: Finder,
): Promise<string | null> {
	const { organization } = splitId(id);
	if (organization !== null) return organization;
	const idHead = idHeadIn(id);
	return idHead === null ? null : await organizations.nameOfIdHead(caller, idHead);
}

/**
 * The name of the organization. Fails with `not_found` when the address speaks of two, and with
 * `storage_unavailable` when it cannot be told.
 */
export async function organizationOf(
	params: Params,
	query: URLSearchParams,
	caller: Caller,
	organizations: Finder & { readonly root: { readonly organization: Organization } },
): Promise<string> {
	const { name: root } = organizations.root.organization;
	const named = params.organization === undefined ? [] : [params.organization];
	for (const [name, text] of Object.entries(params)) {
		if (unscoped.has(name)) continue;
		named.push((await organizationIn(text, caller, organizations)) ?? root);
	}
	const [organization = query.get("filter[organization][name]") ?? root] = named;
	if (named.some((other) => other !== organization)) throw absent();
	return organization;
}

/** The parameters with their ids as they are inside of the organization. Fails with `not_found`. */
export function paramsIn(organization: Organization, params: Params): Params {
	return Object.fromEntries(
		Object.entries(params).map(([name, text]) => [
			name,
			unscoped.has(name) ? text : localId(organization, text),
		]),
	);
}

/** Acts in the organization that an id of the query or the body names; without one, in the given. */
export async function inScopeOf(
	exchange: Exchange,
	id: string,
	act: (exchange: Exchange) => Promise<Response>,
): Promise<Response> {
	const { caller, deps, context } = exchange;
	const name = await organizationIn(id, caller, deps.organizations);
	if (name === null || name === exchange.organization.name) return await act(exchange);
	return await deps.organizations.use(caller, name, async ({ organization, core }) => {
		context.organization = organization.name;
		return await act({ ...exchange, organization, deps: { ...deps, core } });
	});
}
