/** What a workspace's state manages, by the index of the state. */
import { createHash } from "node:crypto";
import { DomainError } from "../../../core/errors.ts";
import type { Organization } from "../../../core/organization/organization.ts";
import type { IndexedResource } from "../../../core/state-index/index-facts.ts";
import type { Version } from "../../../core/unit/record.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import { cut, list, pageIn, type Resource } from "./document.ts";
import type { Exchange, Route } from "./exchange.ts";
import { nameOfVersion, resourceId, stateVersionId } from "./ids.ts";
import { unitOf } from "./unit-of.ts";

/** `hashicorp/aws` of `provider["registry.terraform.io/hashicorp/aws"]`, or what stands there. */
function providerName(provider: string): string {
	return /"[^"/]+\/([^"/]+\/[^"/]+)"/.exec(provider)?.[1] ?? provider;
}

function view(
	organization: Organization,
	unit: UnitSummary,
	version: Version,
	resource: IndexedResource,
): Resource {
	const { address, name, type, module, provider, indexKey } = resource;
	const key = createHash("sha256").update(`${unit.id}\n${address}`).digest("hex").slice(0, 16);
	return {
		id: resourceId(organization, "wsr", key),
		type: "resources",
		attributes: {
			address,
			name,
			// The state does not say when each of its resources was made or changed.
			"created-at": null,
			"updated-at": null,
			module: module ?? "root",
			provider: providerName(provider),
			"provider-type": type,
			"modified-by-state-version-id": stateVersionId(organization, nameOfVersion(unit.id, version)),
			"name-index": indexKey === null ? null : String(indexKey),
		},
	};
}

const sortable: Readonly<Record<string, (resource: IndexedResource) => string>> = {
	name: ({ name }) => name,
	nameIndex: ({ indexKey }) => String(indexKey ?? ""),
	provider: ({ provider }) => providerName(provider),
	providerType: ({ type }) => type,
	module: ({ module }) => module ?? "root",
	// Nothing is known of it, so all are alike.
	updatedAt: () => "",
};

/** `name:asc` and the like. Fails with `invalid_request`. */
function sorted(resources: readonly IndexedResource[], sort: string): readonly IndexedResource[] {
	if (sort === "") return resources;
	const [field = "", direction = "asc"] = sort.split(":");
	const keyOf = Object.hasOwn(sortable, field) ? sortable[field] : undefined;
	if (keyOf === undefined || (direction !== "asc" && direction !== "desc")) {
		throw new DomainError("invalid_request", "the list cannot be sorted by this", {
			hint: `sort by ${Object.keys(sortable).join(", ")}, with \`:asc\` or \`:desc\` behind it`,
		});
	}
	const sign = direction === "asc" ? 1 : -1;
	return resources.toSorted(
		(a, b) => sign * (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0),
	);
}

async function listResources(exchange: Exchange): Promise<Response> {
	const { caller, deps, context, organization } = exchange;
	const page = pageIn(context.query);
	const unit = await deps.core.units.get(caller, unitOf(exchange));
	const { current } = unit;
	if (current === null) return list([], page, 0);
	context.allowSlow();
	const { resources } = await deps.core.stateIndex.resources(unit.id, current);
	const part = (context.query.get("q") ?? "").toLowerCase();
	const managed = resources.filter(
		({ mode, address }) => mode === "managed" && address.toLowerCase().includes(part),
	);
	const inOrder = sorted(managed, context.query.get("sort") ?? "");
	const shown = cut(inOrder, page).map((resource) => view(organization, unit, current, resource));
	return list(shown, page, managed.length);
}

/** What a state version says of its content. */
export interface ContentSummary {
	readonly resources: readonly object[];
	readonly modules: Readonly<Record<string, Readonly<Record<string, number>>>>;
	readonly providers: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The resources of a state, counted by name, by module and by provider. */
export function contentSummary(resources: readonly IndexedResource[]): ContentSummary {
	const byName = new Map<string, { name: string; type: string; count: number }>();
	const modules: Record<string, Record<string, number>> = Object.create(null);
	const providers: Record<string, Record<string, number>> = Object.create(null);
	const count = (table: Record<string, Record<string, number>>, key: string, kind: string) => {
		const row: Record<string, number> = table[key] ?? Object.create(null);
		row[kind] = (row[kind] ?? 0) + 1;
		table[key] = row;
	};
	for (const { mode, type, name, module, provider } of resources) {
		const place = module ?? "root";
		const dashed = type.replaceAll("_", "-");
		const kind = mode === "data" ? `data.${dashed}` : dashed;
		count(modules, place, kind);
		count(providers, provider, kind);
		if (mode !== "managed") continue;
		const key = JSON.stringify([place, type, name]);
		const known = byName.get(key);
		if (known !== undefined) known.count++;
		else byName.set(key, { name, type, count: 1, ...{ module: place, provider } });
	}
	return { resources: [...byName.values()], modules, providers };
}

export const resourceRoutes: readonly Route[] = [
	{
		method: "GET",
		path: "/workspaces/:workspace/resources",
		operation: "listResources",
		handle: listResources,
	},
];
