/** The rules by which Terraform expects a provider to plan and to report changes. */
import { unknown } from "../wire/msgpack.ts";
import type { Attribute, Attributes, PlainMap } from "./schema.ts";
import { hasUnknown, same, type Value, type ValueMap } from "./value.ts";

export interface Change {
	readonly planned: ValueMap | null;
	/** Attributes that can only change with a new resource. */
	readonly replaces: readonly string[];
}

/** What the resource will be: `proposed`, with what the provider decides marked as unknown. */
export function planChange(
	attributes: Attributes,
	prior: ValueMap | null,
	proposed: ValueMap | null,
	config: ValueMap | null,
): Change {
	if (proposed === null) return { planned: null, replaces: [] };
	const entries = Object.entries(attributes);
	const changed = entries.filter(
		([name, { type }]) =>
			prior !== null && !same(type, prior[name] ?? null, proposed[name] ?? null),
	);
	const replaces = changed.filter(([, one]) => one.replaces).map(([name]) => name);
	const isNew = prior === null || replaces.length > 0;
	const planned = Object.create(null) as Record<string, Value>;
	for (const [name, attribute] of entries) {
		const decided = isComputed(attribute) && (config?.[name] ?? null) === null;
		planned[name] = isNew && decided ? unknown : (proposed[name] ?? null);
	}
	return { planned, replaces };
}

export function isComputed({ mode }: Attribute): boolean {
	return mode === "computed" || mode === "optional-computed";
}

/** The state after an apply: what was planned, with what was unknown filled in. */
export function applied(attributes: Attributes, planned: ValueMap, given: PlainMap): ValueMap {
	const state = Object.create(null) as Record<string, Value>;
	for (const name of Object.keys(attributes)) {
		const value = planned[name] ?? null;
		state[name] = hasUnknown(value) ? ((given[name] ?? null) as Value) : value;
	}
	return state;
}

/** The state after a read. Nothing and empty are the same thing: a null stays null. */
export function refreshed(attributes: Attributes, prior: ValueMap, given: PlainMap): ValueMap {
	const state = Object.create(null) as Record<string, Value>;
	for (const [name, { type }] of Object.entries(attributes)) {
		const old = prior[name] ?? null;
		const fresh = Object.hasOwn(given, name) ? ((given[name] ?? null) as Value) : old;
		const unchanged = same(type, old, fresh) || (old === null && isEmpty(fresh));
		state[name] = unchanged ? old : fresh;
	}
	return state;
}

function isEmpty(value: Value): boolean {
	return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
