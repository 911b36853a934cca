/** The answer for a unit that is not there, and for one that the caller may not see: the same. */
import { DomainError } from "../errors.ts";

/** `unit_not_found`. */
export function unitNotFound(): DomainError {
	return new DomainError("unit_not_found", "Unit not found", {
		hint: "create it with `taco unit create <id>`, or look for it with `taco unit ls`",
	});
}
