/** Tags as key and value, of workspaces and projects: how they are read, shown and searched for. */
import { DomainError } from "../../../core/errors.ts";
import type { Labels } from "../../../core/unit/service.ts";
import { type GivenResource, type Identifier, type Resource, relatedMany } from "./document.ts";
import type { Exchange } from "./exchange.ts";
import { fullId, resourceId } from "./ids.ts";
import { commaSeparated } from "./query.ts";

type Scoped = Pick<Exchange, "organization">;

function textOf(value: unknown): string {
	if (typeof value === "string") return value;
	throw new DomainError("invalid_request", "a tag is not a text");
}

/** The labels of tag bindings in a document. Fails with `invalid_request`. */
export function boundLabels(given: readonly GivenResource[]): Labels {
	return Object.fromEntries(
		given.map(({ attributes }) => [textOf(attributes.key), textOf(attributes.value ?? "")]),
	);
}

/** The labels of tags in the old form, which have a name and no value. */
export function namedLabels(given: readonly GivenResource[]): Labels {
	return Object.fromEntries(given.map(({ attributes }) => [textOf(attributes.name), ""]));
}

/** The labels of a workspace that is to be made: tags of either form stand there without ids. */
export function labelsIn(given: GivenResource): Labels {
	return {
		...namedLabels(relatedMany(given, "tags")),
		...boundLabels(relatedMany(given, "tag-bindings")),
	};
}

function hexOf(text: string): string {
	return Buffer.from(text).toString("hex");
}

/** What stands in the id of the owner behind its kind. */
function keyOf(owner: string): string {
	return owner.slice(owner.indexOf("-") + 1);
}

/** The bindings of the owner, whose id is as it is inside of the organization. */
export function bindingViews({ organization }: Scoped, owner: string, labels: Labels): Resource[] {
	return Object.keys(labels)
		.sort()
		.map((key) => ({
			id: resourceId(organization, "tb", `${keyOf(owner)}-${hexOf(key)}`),
			type: "tag-bindings",
			attributes: { key, value: labels[key] },
		}));
}

/** A project whose tags a workspace has too. */
export interface TagSource {
	/** As it is inside of the organization. */
	readonly id: string;
	readonly labels: Labels;
}

/** The bindings of the owner with those that it has from its project. Its own go before. */
export function effectiveBindings(
	{ organization }: Scoped,
	owner: string,
	own: Labels,
	project: TagSource | null,
): Resource[] {
	const all = { ...project?.labels, ...own };
	return Object.keys(all)
		.sort()
		.map((key): Resource => {
			const binding = {
				id: resourceId(organization, "etb", `${keyOf(owner)}-${hexOf(key)}`),
				type: "effective-tag-bindings",
				attributes: { key, value: all[key] },
			};
			if (project === null || Object.hasOwn(own, key)) return binding;
			const from = fullId(organization, project.id);
			return {
				...binding,
				relationships: { "inherited-from": { data: { id: from, type: "projects" } } },
				links: { "inherited-from": `/api/v2/projects/${from}` },
			};
		});
}

/** The resources as they are named in relationships. */
export function identifiers(resources: readonly Resource[]): Identifier[] {
	return resources.map(({ id, type }) => ({ id, type }));
}

interface TagFilter {
	/** Keys that must be there. */
	readonly keys: readonly string[];
	readonly excluded: readonly string[];
	readonly pairs: readonly { readonly key: string; readonly value: string | null }[];
	/** One pair is enough. */
	readonly isUnion: boolean;
}

/**
 * What the query says of tags: `search[tags]`, `search[exclude-tags]`, `filter[tagged][0][key]`
 * and `filter[tag-union]`. Gives whether labels satisfy it.
 */
export function tagFilterIn(query: URLSearchParams): (labels: Labels) => boolean {
	const pairs: { key: string; value: string | null }[] = [];
	for (const [name, key] of query) {
		const at = /^filter\[tagged\]\[([0-9]{1,3})\]\[key\]$/.exec(name)?.[1];
		if (at === undefined) continue;
		// The vendor's client sends an empty value with a key that may have any.
		pairs.push({ key, value: query.get(`filter[tagged][${at}][value]`) || null });
	}
	const filter: TagFilter = {
		keys: commaSeparated(query.get("search[tags]")),
		excluded: commaSeparated(query.get("search[exclude-tags]")),
		pairs,
		isUnion: query.get("filter[tag-union]") === "true",
	};
	return (labels) => isTagged(filter, labels);
}

function isTagged({ keys, excluded, pairs, isUnion }: TagFilter, labels: Labels): boolean {
	const has = (key: string) => Object.hasOwn(labels, key);
	const isPair = ({ key, value }: TagFilter["pairs"][number]) =>
		has(key) && (value === null || labels[key] === value);
	const hasPairs = isUnion && pairs.length > 0 ? pairs.some(isPair) : pairs.every(isPair);
	return keys.every(has) && !excluded.some(has) && hasPairs;
}
