/** Which organization a request is about: by its address, by the ids in it, or by its filter. */
import type { Organization } from "../../../core/organization/organization.ts";
import type { Exchange } from "./exchange.ts";
import { absent, splitId } from "./ids.ts";

type Params = Readonly<Record<string, string>>;

export interface Scope {
	readonly organization: string;
	/** With the ids as they are inside of the organization. */
	readonly params: Params;
}

/** Parameters that are names, or ids of what belongs to no organization; all others are ids in one. */
const unscoped: ReadonlySet<string> = new Set(["organization", "name", "user"]);

/** Fails with `not_found` when the address speaks of two organizations, or of one in a false form. */
export function scopeOf(params: Params, query: URLSearchParams, root: Organization): Scope {
	const plain: Record<string, string> = {};
	const named = params.organization === undefined ? [] : [params.organization];
	for (const [name, text] of Object.entries(params)) {
		if (unscoped.has(name)) {
			plain[name] = text;
			continue;
		}
		const { organization, id } = splitId(text);
		// Each thing has one id.
		if (organization === root.name) throw absent();
		plain[name] = id;
		named.push(organization ?? root.name);
	}
	const [organization = query.get("filter[organization][name]") ?? root.name] = named;
	if (named.some((other) => other !== organization)) throw absent();
	return { organization, params: plain };
}

/** Acts in the organization that an id of the query or the body names; without one, in the given. */
export async function inScopeOf(
	exchange: Exchange,
	id: string,
	act: (exchange: Exchange) => Promise<Response>,
): Promise<Response> {
	const { organization: name } = splitId(id);
	if (name === null || name === exchange.organization.name) return await act(exchange);
	const { caller, deps, context } = exchange;
	return await deps.organizations.use(caller, name, async ({ organization, core }) => {
		context.organization = organization.name;
		return await act({ ...exchange, organization, deps: { ...deps, core } });
	});
}
