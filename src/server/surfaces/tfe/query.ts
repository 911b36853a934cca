/** What the query of a request asks for beside its page: related resources, an order. */
import { DomainError } from "../../../core/errors.ts";
import { TfeRefusal } from "./errors.ts";

/**
 * The related resources that the answer should hold. Clients write `current_run` and `current-run`
 * alike. Fails with 400 for what is no relation: go-tfe knows that answer by its text.
 */
export function includesIn(
	query: URLSearchParams,
	known: ReadonlySet<string>,
): ReadonlySet<string> {
	const names = (query.get("include") ?? "").split(",").filter((name) => name !== "");
	const wanted = new Set(names.map((name) => name.trim().replaceAll("-", "_")));
	if ([...wanted].every((name) => known.has(name))) return wanted;
	throw new TfeRefusal(400, "bad request", "Invalid include parameter");
}

export interface Order<T extends string> {
	readonly by: T;
	readonly isDescending: boolean;
}

/** The order that the query asks for, the first of the known ones without. Fails with `invalid_request`. */
export function orderIn<T extends string>(
	query: URLSearchParams,
	known: readonly [T, ...T[]],
): Order<T> {
	const given = query.get("sort") ?? "";
	const isDescending = given.startsWith("-");
	const name = isDescending ? given.slice(1) : given;
	if (name === "") return { by: known[0], isDescending };
	const by = known.find((one) => one === name);
	if (by !== undefined) return { by, isDescending };
	throw new DomainError("invalid_request", "the list cannot be sorted by this", {
		hint: `sort by ${known.join(", ")}, with a \`-\` before it for the other direction`,
	});
}

export function commaSeparated(text: string | null): string[] {
	return (text ?? "").split(",").filter((part) => part !== "");
}
