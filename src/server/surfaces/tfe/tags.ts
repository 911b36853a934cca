/** Tags of workspaces: the labels of their units, as key and value or, in the old form, as names. */
import { DomainError } from "../../../core/errors.ts";
import {
	type GivenResource,
	nothing,
	paged,
	type Resource,
	relatedMany,
	resourcesIn,
} from "./document.ts";
import type { Exchange, Route } from "./exchange.ts";
import { resourceId, unitOfWorkspaceId } from "./ids.ts";
import { tagNames } from "./workspace-view.ts";

type Labels = Readonly<Record<string, string>>;

function textOf(value: unknown): string {
	if (typeof value === "string") return value;
	throw new DomainError("invalid_request", "a tag is not a text");
}

function boundLabels(given: readonly GivenResource[]): Labels {
	return Object.fromEntries(
		given.map(({ attributes }) => [textOf(attributes.key), textOf(attributes.value ?? "")]),
	);
}

function namedLabels(given: readonly GivenResource[]): Labels {
	return Object.fromEntries(given.map(({ attributes }) => [textOf(attributes.name), ""]));
}

/** The labels of a workspace that is to be made: tags of either form stand there without ids. */
export function labelsIn(given: GivenResource): Labels {
	return {
		...namedLabels(relatedMany(given, "tags")),
		...boundLabels(relatedMany(given, "tag-bindings")),
	};
}

export interface TagFilter {
	/** Keys that must be there. */
	readonly keys: readonly string[];
	readonly excluded: readonly string[];
	readonly pairs: readonly { readonly key: string; readonly value: string | null }[];
}

function commaSeparated(text: string | null): string[] {
	return (text ?? "").split(",").filter((part) => part !== "");
}

/** What the query says of tags: `search[tags]`, `search[exclude-tags]`, `filter[tagged][0][key]`. */
export function tagFilterIn(query: URLSearchParams): TagFilter {
	const pairs: { key: string; value: string | null }[] = [];
	for (const [name, key] of query) {
		const at = /^filter\[tagged\]\[([0-9]{1,3})\]\[key\]$/.exec(name)?.[1];
		if (at !== undefined) pairs.push({ key, value: query.get(`filter[tagged][${at}][value]`) });
	}
	return {
		keys: commaSeparated(query.get("search[tags]")),
		excluded: commaSeparated(query.get("search[exclude-tags]")),
		pairs,
	};
}

/** Whether the labels satisfy the filter. */
export function checkTagged({ keys, excluded, pairs }: TagFilter, labels: Labels): boolean {
	const has = (key: string) => Object.hasOwn(labels, key);
	return (
		keys.every(has) &&
		!excluded.some(has) &&
		pairs.every(({ key, value }) => has(key) && (value === null || labels[key] === value))
	);
}

async function labelsOf({ caller, deps, context, params }: Exchange): Promise<Labels> {
	const id = unitOfWorkspaceId(params.workspace ?? "");
	context.unitId = id;
	return (await deps.core.units.get(caller, id)).labels;
}

function bindingViews({ organization, params }: Exchange, labels: Labels): Resource[] {
	const workspace = (params.workspace ?? "").slice(3);
	return Object.keys(labels)
		.sort()
		.map((key) => ({
			id: resourceId(organization, "tb", `${workspace}-${Buffer.from(key).toString("hex")}`),
			type: "tag-bindings",
			attributes: { key, value: labels[key] },
		}));
}

function tagViews(labels: Labels): Resource[] {
	return tagNames(labels).map((name) => ({
		id: `tag-${Buffer.from(name).toString("hex")}`,
		type: "tags",
		attributes: { name, "instance-count": 1 },
	}));
}

/** Changes the labels on top of what they are. Fails with `precondition_failed` when somebody else was faster. */
async function relabel(exchange: Exchange, change: (labels: Labels) => Labels): Promise<Labels> {
	const { caller, deps, context, params } = exchange;
	const id = unitOfWorkspaceId(params.workspace ?? "");
	context.unitId = id;
	const unit = await deps.core.units.get(caller, id);
	const guard = unit.isAdopted ? { ifGeneration: unit.generation } : {};
	const labels = change(unit.labels);
	return (await deps.core.units.update(caller, id, { labels, ...guard })).labels;
}

async function listBindings(exchange: Exchange): Promise<Response> {
	const labels = await labelsOf(exchange);
	return paged(bindingViews(exchange, labels), exchange.context.query);
}

async function addBindings(exchange: Exchange): Promise<Response> {
	const added = boundLabels(await resourcesIn(exchange.request));
	const labels = await relabel(exchange, (before) => ({ ...before, ...added }));
	return paged(bindingViews(exchange, labels), exchange.context.query);
}

async function listTags(exchange: Exchange): Promise<Response> {
	return paged(tagViews(await labelsOf(exchange)), exchange.context.query);
}

async function addTags(exchange: Exchange): Promise<Response> {
	const added = namedLabels(await resourcesIn(exchange.request));
	// A key that has a value keeps it: the tag is there already.
	await relabel(exchange, (before) => ({ ...added, ...before }));
	return nothing();
}

async function removeTags(exchange: Exchange): Promise<Response> {
	const removed = await resourcesIn(exchange.request);
	const names = new Set(
		removed.map(({ id, attributes }) =>
			typeof attributes.name === "string"
				? attributes.name
				: Buffer.from((id ?? "").replace(/^tag-/, ""), "hex").toString("utf8"),
		),
	);
	await relabel(exchange, (before) =>
		Object.fromEntries(Object.entries(before).filter(([key]) => !names.has(key))),
	);
	return nothing();
}

const workspace = "/workspaces/:workspace";

export const tagRoutes: readonly Route[] = [
	...["tag-bindings", "effective-tag-bindings"].map(
		(word): Route => ({
			method: "GET",
			path: `${workspace}/${word}`,
			operation: "listTagBindings",
			handle: listBindings,
		}),
	),
	{
		method: "PATCH",
		path: `${workspace}/tag-bindings`,
		operation: "addTagBindings",
		handle: addBindings,
	},
	{
		method: "GET",
		path: `${workspace}/relationships/tags`,
		operation: "listTags",
		handle: listTags,
	},
	{
		method: "POST",
		path: `${workspace}/relationships/tags`,
		operation: "addTags",
		handle: addTags,
	},
	{
		method: "DELETE",
		path: `${workspace}/relationships/tags`,
		operation: "removeTags",
		handle: removeTags,
	},
];
