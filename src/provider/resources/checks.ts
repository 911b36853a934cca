/** Checks of single values, at plan time. */
import { isDomainError } from "../../core/errors.ts";
import { parseUnitId } from "../../core/unit/unit-id.ts";
import type { Plain, PlainMap } from "../plugin/schema.ts";

/** What is wrong with a unit's id, or null. */
export function unitIdFault(value: Plain): string | null {
	try {
		parseUnitId(String(value));
		return null;
	} catch (error) {
		if (!isDomainError(error)) throw error;
		return `${error.message}; ${error.hint}.`;
	}
}

/** What is wrong with the id of a role or permission, or null. */
export function nameFault(value: Plain): string | null {
	return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(String(value))
		? null
		: "It must start with a letter or digit and hold only letters, digits, dots, dashes and underscores.";
}

/** Nothing may be empty. */
export function emptyFault(value: Plain): string | null {
	return value === "" ? "It must not be empty." : null;
}

/** The text of an attribute, or undefined. */
export function textOf(map: PlainMap, name: string): string | undefined {
	const value = map[name];
	return typeof value === "string" ? value : undefined;
}

/** The texts of a list or set. */
export function textsOf(map: PlainMap, name: string): string[] {
	const value = map[name] ?? null;
	return Array.isArray(value) ? value.map(String) : [];
}

/** The texts of a map. */
export function textMapOf(map: PlainMap, name: string): Record<string, string> {
	return { ...((map[name] ?? {}) as Record<string, string>) };
}
