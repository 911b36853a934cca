/** Tags of workspaces: the labels of their units, as key and value or, in the old form, as names. */
import type { Labels } from "../../../core/unit/service.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { nothing, paged, type Resource, resourcesIn } from "./document.ts";
import type { Exchange, Route } from "./exchange.ts";
import { absent, localId, resourceId } from "./ids.ts";
import { bindingViews, boundLabels, effectiveBindings } from "./tag-bindings.ts";
import { unitOf, unitsIn, workspaceId } from "./unit-of.ts";
import { tagNames } from "./workspace-view.ts";

async function labelsOf(exchange: Exchange): Promise<Labels> {
	const { caller, deps } = exchange;
	return (await deps.core.units.get(caller, unitOf(exchange))).labels;
}

async function relabel(exchange: Exchange, change: (labels: Labels) => Labels): Promise<Labels> {
	const { caller, deps } = exchange;
	const { units } = deps.core;
	const relabelled = await units.change(caller, unitOf(exchange), (before) => ({
		...before,
		labels: change(before.labels),
	}));
	return relabelled.labels;
}

function bindings(exchange: Exchange, labels: Labels): Response {
	return paged(
		bindingViews(exchange, workspaceId(exchange, unitOf(exchange)), labels),
		exchange.context.query,
	);
}

async function listBindings(exchange: Exchange): Promise<Response> {
	return bindings(exchange, await labelsOf(exchange));
}

async function listEffective(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const id = unitOf(exchange);
	await deps.core.units.get(caller, id);
	const { unit, project } = await deps.core.workspaces.get(caller, id);
	return paged(
		effectiveBindings(exchange, workspaceId(exchange, id), unit.labels, project),
		context.query,
	);
}

async function addBindings(exchange: Exchange): Promise<Response> {
	const added = boundLabels(await resourcesIn(exchange.request));
	return bindings(exchange, await relabel(exchange, (before) => ({ ...before, ...added })));
}

/** The same in the form of the vendor's document, whose answers are empty. */
async function addRelated(exchange: Exchange): Promise<Response> {
	await addBindings(exchange);
	return nothing();
}

async function replaceRelated(exchange: Exchange): Promise<Response> {
	const labels = boundLabels(await resourcesIn(exchange.request));
	await relabel(exchange, () => labels);
	return nothing();
}

/** The name behind a tag's id inside of the organization. Fails with `not_found`. */
function tagNameOf(id: string): string {
	const hex = /^tag-((?:[0-9a-f]{2})+)$/.exec(id)?.[1];
	if (hex === undefined) throw absent();
	return Buffer.from(hex, "hex").toString("utf8");
}

/** Tags that stand on units which the caller may read, with how many those are. */
async function tagsInUse({ caller, deps }: Exchange): Promise<ReadonlyMap<string, UnitId[]>> {
	const { units } = await deps.core.units.list(caller, { prefix: "", labels: {}, deleted: false });
	const tags = new Map<string, UnitId[]>();
	for (const { id, labels } of units) {
		for (const name of tagNames(labels)) {
			const known = tags.get(name);
			if (known === undefined) tags.set(name, [id]);
			else known.push(id);
		}
	}
	return tags;
}

function tagView({ organization }: Exchange, name: string, count: number): Resource {
	return {
		id: resourceId(organization, "tag", Buffer.from(name).toString("hex")),
		type: "tags",
		attributes: { name, "instance-count": count },
		relationships: { organization: { data: { id: organization.name, type: "organizations" } } },
	};
}

async function listTags(exchange: Exchange): Promise<Response> {
	const names = tagNames(await labelsOf(exchange));
	const inUse = await tagsInUse(exchange);
	const views = names.map((name) => tagView(exchange, name, inUse.get(name)?.length ?? 1));
	return paged(views, exchange.context.query);
}

/** The names of tags in a document, which may be told by their ids. Fails with `not_found`. */
async function namesIn({ organization, request }: Exchange): Promise<string[]> {
	const given = await resourcesIn(request);
	return given.map(({ id, attributes }) =>
		typeof attributes.name === "string"
			? attributes.name
			: tagNameOf(localId(organization, id ?? "")),
	);
}

async function addTags(exchange: Exchange): Promise<Response> {
	const names = await namesIn(exchange);
	const added = Object.fromEntries(names.map((name) => [name, ""]));
	// A key that has a value keeps it: the tag is there already.
	await relabel(exchange, (before) => ({ ...added, ...before }));
	return nothing();
}

async function removeTags(exchange: Exchange): Promise<Response> {
	const names = new Set(await namesIn(exchange));
	await relabel(exchange, (before) =>
		Object.fromEntries(Object.entries(before).filter(([key]) => !names.has(key))),
	);
	return nothing();
}

/** Tags in the old form, of all workspaces that the caller may read. */
async function listOfOrganization(exchange: Exchange): Promise<Response> {
	const { query } = exchange.context;
	const part = (query.get("q") ?? "").toLowerCase();
	const excluded = query.get("filter[exclude][taggable][id]");
	const found = [...(await tagsInUse(exchange))]
		.filter(([name, units]) => {
			const isExcluded = units.some((id) => workspaceId(exchange, id) === excluded);
			return name.toLowerCase().includes(part) && !isExcluded;
		})
		.sort(([a], [b]) => (a < b ? -1 : 1));
	return paged(
		found.map(([name, units]) => tagView(exchange, name, units.length)),
		query,
	);
}

/** Takes tags from every workspace that the caller may change. */
async function removeOfOrganization(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const names = new Set(await namesIn(exchange));
	const inUse = await tagsInUse(exchange);
	const units = new Set([...names].flatMap((name) => inUse.get(name) ?? []));
	for (const id of units) await deps.core.parts.gate.authorize(caller, "unit.configure", id);
	for (const id of units) {
		await deps.core.units.change(caller, id, (before) => ({
			...before,
			labels: Object.fromEntries(
				Object.entries(before.labels).filter(([key, value]) => value !== "" || !names.has(key)),
			),
		}));
	}
	return nothing();
}

/** Puts one tag on several workspaces. */
async function tagWorkspaces(exchange: Exchange): Promise<Response> {
	const { caller, deps, params } = exchange;
	const name = tagNameOf(params.tag ?? "");
	const units = await unitsIn(exchange, await resourcesIn(exchange.request));
	for (const id of units) await deps.core.parts.gate.authorize(caller, "unit.configure", id);
	for (const id of units) {
		await deps.core.units.change(caller, id, (before) => ({
			...before,
			labels: { [name]: "", ...before.labels },
		}));
	}
	return nothing();
}

const single = "/workspaces/:workspace";
const document = `${single}/relationships/tag-bindings`;
const ofOrganization = "/organizations/:organization/tags";

function route(
	method: Route["method"],
	path: string,
	operation: string,
	handle: Route["handle"],
): Route {
	return { method, path, operation, handle };
}

export const tagRoutes: readonly Route[] = [
	route("GET", `${single}/tag-bindings`, "listTagBindings", listBindings),
	route("PATCH", `${single}/tag-bindings`, "addTagBindings", addBindings),
	route("GET", document, "listTagBindings", listBindings),
	route("POST", document, "addTagBindings", addRelated),
	route("PATCH", document, "replaceTagBindings", replaceRelated),
	route("GET", `${single}/effective-tag-bindings`, "listEffectiveTagBindings", listEffective),
	route("GET", `${single}/relationships/tags`, "listTags", listTags),
	route("POST", `${single}/relationships/tags`, "addTags", addTags),
	route("DELETE", `${single}/relationships/tags`, "removeTags", removeTags),
	route("GET", ofOrganization, "listOrganizationTags", listOfOrganization),
	route("DELETE", ofOrganization, "removeOrganizationTags", removeOfOrganization),
	route("POST", "/tags/:tag/relationships/workspaces", "tagWorkspaces", tagWorkspaces),
];
