/**
 * Patterns of unit ids: `*` stands for any characters, also for none and also for `/`; everything
 * else stands for itself. No regular expression is ever made of one, so that no pattern can be slow
 * or mean something else than it says: `dev/*` is neither `dev` nor `dev-prod/x` nor `DEV/x`.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";

/** A checked pattern, cut at its stars. */
export interface Pattern {
	readonly text: string;
	/** What stands between the stars: at least one piece; one piece means that there is no star. */
	readonly pieces: readonly string[];
}

const allowed = /^[A-Za-z0-9._/*-]+$/;

const patternHint =
	"write `*` for every unit, `dev/*` for all below dev, or a unit's whole id; letters, digits, `.`, `_`, `-`, `/` and `*` are allowed";

/**
 * Checks a pattern. What could never match an id is refused, because a rule that silently matches
 * nothing is a denial that does not deny. Fails with `invalid_request`.
 */
export function parsePattern(text: string): Pattern {
	const fault = patternFault(text);
	if (fault !== null) throw new DomainError("invalid_request", fault, { hint: patternHint });
	return { text, pieces: text.split("*") };
}

function patternFault(text: string): string | null {
	if (text === "") return "a pattern of units is empty";
	if (Buffer.byteLength(text) > limits.patternBytesMax) {
		return `a pattern of units is longer than ${limits.patternBytesMax} bytes`;
	}
	if (!allowed.test(text)) return "a pattern of units holds a character that no unit id has";
	if (text.split("*").length - 1 > limits.patternStarsMax) {
		return `a pattern of units has more than ${limits.patternStarsMax} stars`;
	}
	if (text.startsWith("/") || text.endsWith("/") || text.includes("//")) {
		return "a pattern of units has an empty segment; write `dev/*` for all below dev";
	}
	if (text.split("/").some((segment) => segment === "." || segment === "..")) {
		return "a pattern of units has a segment `.` or `..`";
	}
	if (text.includes("__") && !text.startsWith("__opentaco")) {
		return "a pattern of units holds `__`; write `/` between the segments";
	}
	return null;
}

const outputAllowed = /^[\p{ID_Continue}*-]+$/u;

/** Checks a pattern of outputs' names, with the same stars. Fails with `invalid_request`. */
export function parseOutputPattern(text: string): Pattern {
	const isLong = Buffer.byteLength(text) > limits.patternBytesMax;
	if (isLong || !outputAllowed.test(text) || text.split("*").length - 1 > limits.patternStarsMax) {
		throw new DomainError("invalid_request", "a pattern of outputs is not acceptable", {
			hint: `write network/*#vpc_id or network/*#vpc_*: names of outputs, with at most ${limits.patternStarsMax} stars`,
		});
	}
	return { text, pieces: text.split("*") };
}

/** Whether nothing but stars stands in the pattern. */
export function matchesAnything(pattern: Pattern): boolean {
	return pattern.pieces.length > 1 && pattern.pieces.every((piece) => piece === "");
}

/** Whether the whole id matches. Time linear in the id for each piece of the pattern. */
export function matchesPattern(pattern: Pattern, id: string): boolean {
	const { pieces } = pattern;
	const first = pieces[0] ?? "";
	if (pieces.length === 1) return id === first;
	const last = pieces[pieces.length - 1] ?? "";
	if (id.length < first.length + last.length) return false;
	if (!id.startsWith(first) || !id.endsWith(last)) return false;
	const end = id.length - last.length;
	let at = first.length;
	for (const piece of pieces.slice(1, -1)) {
		const found = id.indexOf(piece, at);
		if (found === -1 || found + piece.length > end) return false;
		at = found + piece.length;
	}
	return true;
}
