/** The rules by which Terraform expects a provider to plan and to report changes. */
import { unknown } from "../wire/msgpack.ts";
import type { Attribute, Attributes, Plain, PlainMap } from "./schema.ts";
import { hasUnknown, plain, same, type Value, type ValueMap } from "./value.ts";

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
	const changed = Object.entries(attributes).filter(
		([name, { type, writeOnly }]) =>
			prior !== null && !writeOnly && !same(type, prior[name] ?? null, proposed[name] ?? null),
	);
	const replaces = changed
		.filter(([name, one]) => doesReplace(one, prior?.[name] ?? null, proposed[name] ?? null))
		.map(([name]) => name);
	const isNew = prior === null || replaces.length > 0;
	const planned = marked(attributes, isNew ? null : prior, proposed, config);
	if (changed.length === 0) return { planned, replaces };
	const volatile = Object.keys(attributes).filter((name) => attributes[name]?.volatile);
	return {
		planned: { ...planned, ...Object.fromEntries(volatile.map((name) => [name, unknown])) },
		replaces,
	};
}

function doesReplace({ replaces }: Attribute, prior: Value, planned: Value): boolean {
	if (replaces === undefined || replaces === true) return replaces === true;
	return hasUnknown(planned) || replaces(plain(prior), plain(planned));
}

/** `proposed`, with what is left to the provider unknown where there was nothing before. */
function marked(
	attributes: Attributes,
	prior: ValueMap | null,
	proposed: ValueMap,
	config: ValueMap | null,
): ValueMap {
	const planned = Object.create(null) as Record<string, Value>;
	for (const [name, attribute] of Object.entries(attributes)) {
		const given = config?.[name] ?? null;
		const value = attribute.writeOnly ? null : (proposed[name] ?? null);
		if (given === null && isComputed(attribute)) planned[name] = prior === null ? unknown : value;
		else if (attribute.nested !== undefined && isMap(value) && isMap(given)) {
			const before = prior?.[name] ?? null;
			planned[name] = marked(attribute.nested, isMap(before) ? before : null, value, given);
		} else planned[name] = value;
	}
	return planned;
}

function isMap(value: Value): value is ValueMap {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isComputed({ mode }: Attribute): boolean {
	return mode === "computed" || mode === "optional-computed";
}

/** The state after an apply: what was planned, with what was unknown filled in. */
export function applied(attributes: Attributes, planned: ValueMap, given: PlainMap): ValueMap {
	const state = Object.create(null) as Record<string, Value>;
	for (const [name, attribute] of Object.entries(attributes)) {
		state[name] = filled(planned[name] ?? null, shaped(attribute, given[name]));
	}
	return state;
}

/** An object with its own attributes and no others: a newer server may tell more, an older less. */
function shaped({ nested }: Attribute, given: Plain | undefined): Value {
	const value = (given ?? null) as Value;
	if (nested === undefined || !isMap(value)) return value;
	const object = Object.create(null) as Record<string, Value>;
	for (const [name, attribute] of Object.entries(nested)) {
		object[name] = shaped(attribute, (value as PlainMap)[name]);
	}
	return object;
}

function filled(planned: Value, given: Value): Value {
	if (!hasUnknown(planned)) return planned;
	if (!isMap(planned) || !isMap(given)) return given;
	const state = Object.create(null) as Record<string, Value>;
	for (const name of Object.keys(planned)) {
		state[name] = filled(planned[name] ?? null, given[name] ?? null);
	}
	return state;
}

/** The state after a read. Nothing and empty are the same thing: a null stays null. */
export function refreshed(attributes: Attributes, prior: ValueMap, given: PlainMap): ValueMap {
	const state = Object.create(null) as Record<string, Value>;
	for (const [name, attribute] of Object.entries(attributes)) {
		const old = prior[name] ?? null;
		const fresh = Object.hasOwn(given, name) ? shaped(attribute, given[name]) : old;
		const unchanged = same(attribute.type, old, fresh) || (old === null && isEmpty(fresh));
		state[name] = unchanged ? old : fresh;
	}
	return state;
}

function isEmpty(value: Value): boolean {
	return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
