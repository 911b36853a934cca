/** Arguments that several unit commands share. */
import { parseUnitId, type UnitId } from "../../../core/unit/unit-id.ts";
import { usageError } from "../../errors.ts";

export const unitArgument = {
	type: "positional",
	required: true,
	description: "The unit's id, such as myapp/prod",
} as const;

export const lockNoteFlags = {
	who: {
		type: "string",
		valueHint: "NAME",
		description: "Who locks it; by default user@host",
	},
	info: { type: "string", valueHint: "TEXT", description: "Why, for the others to read" },
} as const;

/** @throws DomainError `invalid_unit_id`. */
export function unitOf(text: string): UnitId {
	return parseUnitId(text);
}

/** `key=val` pairs as labels. @throws CliError `usage`. */
export function labelsOf(pairs: readonly string[]): Record<string, string> | undefined {
	if (pairs.length === 0) return undefined;
	const labels = new Map<string, string>();
	for (const pair of pairs) {
		const equals = pair.indexOf("=");
		if (equals <= 0)
			throw usageError("a label must be written key=value", "key= for a tag without a value");
		const key = pair.slice(0, equals);
		if (labels.has(key)) throw usageError("a label is given twice");
		labels.set(key, pair.slice(equals + 1));
	}
	return Object.fromEntries(labels);
}

/** A version's number. @throws CliError `usage`. */
export function versionOf(text: string, where: string): number {
	if (!/^[1-9]\d{0,14}$/.test(text)) {
		throw usageError(`${where} must be a version's number`, "taco unit versions <unit> lists them");
	}
	return Number(text);
}

/**
 * A value that may be an argument or a flag, as in `pull <unit> [file]` and `pull <unit> -f file`.
 * @throws CliError `usage` when both are given and differ.
 */
export function either(
	argument: string | undefined,
	flag: string | undefined,
	what: string,
): string | undefined {
	if (argument !== undefined && flag !== undefined && argument !== flag) {
		throw usageError(`${what} is given twice, and differently`);
	}
	return argument ?? flag;
}
