/**
 * Values by their types. Decoding is driven by the schema: a number may come as an integer, a float
 * or a text, and only the type tells a number from a text.
 */
import { Decimal, decodeMsgpack, encodeMsgpack, type Raw, unknown } from "../wire/msgpack.ts";
import {
	type Attributes,
	Dynamic,
	objectOf,
	type Plain,
	type PlainMap,
	type ValueType,
} from "./schema.ts";

export type Value =
	| null
	| typeof unknown
	| string
	| boolean
	| number
	| bigint
	| Decimal
	| Dynamic
	| readonly Value[]
	| ValueMap;

export interface ValueMap {
	readonly [key: string]: Value;
}

interface DynamicValue {
	readonly msgpack: Uint8Array;
	readonly json: Uint8Array;
}

/** An object of these attributes, or null. @throws Error when it is none. */
export function decodeObject(
	attributes: Attributes,
	value: DynamicValue | undefined,
): ValueMap | null {
	if (value === undefined || (value.msgpack.length === 0 && value.json.length === 0)) return null;
	if (value.msgpack.length === 0) return objectFromJson(attributes, value.json);
	return typed(objectOf(attributes), decodeMsgpack(value.msgpack), false) as ValueMap | null;
}

export function encodeObject(value: ValueMap | null): { msgpack: Uint8Array } {
	return { msgpack: encodeMsgpack(wired(value)) };
}

/** What has any type is written as its type and its value. */
function wired(value: Value): Raw {
	if (value instanceof Dynamic) return [Buffer.from(value.typeText), value.value];
	if (typeof value !== "object" || value === null || value instanceof Decimal) return value as Raw;
	if (Array.isArray(value)) return (value as readonly Value[]).map(wired);
	return mapped(value as ValueMap, wired);
}

/** A stored state: what is not in the schema (any more) is dropped, what is missing is null. */
export function objectFromJson(attributes: Attributes, json: Uint8Array): ValueMap | null {
	const text = new TextDecoder("utf-8", { fatal: true }).decode(json);
	return typed(objectOf(attributes), parseJson(text), true) as ValueMap | null;
}

interface Source {
	readonly source?: string;
}
const parseWithSource = JSON.parse as (
	text: string,
	reviver: (key: string, value: unknown, context: Source) => unknown,
) => Raw;

/** JSON with the digits of its numbers; `__proto__` is a key like others. */
export function parseJson(text: string): Raw {
	return parseWithSource(text, (_key, value, { source }) => {
		if (typeof value !== "number" || source === undefined) return value;
		return Number.isSafeInteger(value) || String(value) === source ? value : new Decimal(source);
	});
}

function typed(type: ValueType, raw: Raw | undefined, lenient: boolean): Value {
	if (raw === null || raw === undefined) return null;
	if (raw === unknown) return unknown;
	if (type === "string" || type === "bool") {
		if (typeof raw === (type === "string" ? "string" : "boolean")) return raw as Value;
	} else if (type === "number") {
		if (typeof raw === "number" || typeof raw === "bigint" || raw instanceof Decimal) return raw;
		if (typeof raw === "string") return numberOf(raw);
	} else if (type === "dynamic") {
		return dynamicOf(raw);
	} else if (type[0] === "object") {
		return typedObject(type[1], raw, lenient);
	} else if (type[0] === "map") {
		return mapped(mapOf(raw), (one) => typed(type[1], one, lenient));
	} else if (Array.isArray(raw)) {
		return (raw as readonly Raw[]).map((one) => typed(type[1], one, lenient));
	}
	throw new Error("a value is of another type than the schema says");
}

/** A pair: the type's JSON, and the value. */
function dynamicOf(raw: Raw): Value {
	const [type, value] = Array.isArray(raw) ? (raw as readonly Raw[]) : [];
	if (!(type instanceof Uint8Array) || value === undefined) {
		throw new Error("a value of any type does not tell its type");
	}
	return new Dynamic(Buffer.from(type).toString("utf8"), value);
}

function numberOf(text: string): Value {
	if (!/^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(text)) {
		throw new Error("a value is of another type than the schema says");
	}
	const number = Number(text);
	return Number.isSafeInteger(number) && String(number) === text ? number : new Decimal(text);
}

function typedObject(
	fields: Readonly<Record<string, ValueType>>,
	raw: Raw,
	lenient: boolean,
): ValueMap {
	const given = mapOf(raw);
	const names = Object.keys(fields);
	const complete = names.every((name) => Object.hasOwn(given, name));
	if (!lenient && (!complete || Object.keys(given).length !== names.length)) {
		throw new Error("an object has other attributes than the schema says");
	}
	const value = Object.create(null) as Record<string, Value>;
	for (const [name, type] of Object.entries(fields)) {
		value[name] = typed(type, Object.hasOwn(given, name) ? given[name] : null, lenient);
	}
	return value;
}

function mapOf(raw: Raw): Readonly<Record<string, Raw>> {
	const isMap =
		typeof raw === "object" &&
		raw !== null &&
		!Array.isArray(raw) &&
		!(raw instanceof Uint8Array) &&
		!(raw instanceof Decimal);
	if (!isMap) throw new Error("a value is of another type than the schema says");
	return raw as Readonly<Record<string, Raw>>;
}

function mapped<T, R>(map: Readonly<Record<string, T>>, change: (one: T) => R): Record<string, R> {
	const result = Object.create(null) as Record<string, R>;
	for (const key of Object.keys(map)) result[key] = change(map[key] as T);
	return result;
}

/** Whether two values of the type are the same. The order of a set does not count. */
export function same(type: ValueType, a: Value, b: Value): boolean {
	// Two unknown values may become different ones.
	if (hasUnknown(a) || hasUnknown(b)) return false;
	return canonical(type, a) === canonical(type, b);
}

function canonical(type: ValueType, value: Value): string {
	if (value === null) return "null";
	if (typeof type === "string") {
		if (value instanceof Decimal) return value.text;
		return type === "number" ? String(value) : JSON.stringify(value);
	}
	if (Array.isArray(value) && (type[0] === "list" || type[0] === "set")) {
		const parts = (value as readonly Value[]).map((one) => canonical(type[1], one));
		return `[${(type[0] === "set" ? parts.sort() : parts).join(",")}]`;
	}
	const map = value as ValueMap;
	const parts = Object.keys(map)
		.sort()
		.map((key) => {
			const inner = type[0] === "object" ? (type[1][key] as ValueType) : (type[1] as ValueType);
			return `${JSON.stringify(key)}:${canonical(inner, map[key] ?? null)}`;
		});
	return `{${parts.join(",")}}`;
}

/** Whether anything in it is unknown. */
export function hasUnknown(value: Value): boolean {
	if (value === unknown) return true;
	if (typeof value !== "object" || value === null || value instanceof Decimal) return false;
	if (value instanceof Dynamic) return false;
	return Object.values(value as ValueMap).some(hasUnknown);
}

/** The object without what is unknown, for code that needs nothing but known values. */
export function known(attributes: Attributes, value: ValueMap): PlainMap {
	const result = Object.create(null) as Record<string, Plain>;
	for (const name of Object.keys(value)) {
		const one = value[name] ?? null;
		const nested = attributes[name]?.nested;
		if (nested !== undefined && one !== null && one !== unknown) {
			result[name] = known(nested, one as ValueMap);
		} else result[name] = hasUnknown(one) ? null : plain(one);
	}
	return result;
}

/** A known value for code that needs no exact digits. */
export function plain(value: Value): Plain {
	if (value instanceof Dynamic) return value;
	if (value instanceof Decimal) return Number(value.text);
	if (typeof value === "bigint") return Number(value);
	if (typeof value !== "object" || value === null) return value as Plain;
	if (Array.isArray(value)) return (value as readonly Value[]).map(plain);
	return mapped(value as ValueMap, plain);
}
