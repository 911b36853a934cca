import { usageError } from "../../errors.ts";

/** A token's public part, of any form in which it is shown. @throws CliError `usage`. */
export function tokenIdOf(text: string): string {
	const id = /^(?:otc_(?:tfe|svc)_)?([0-9a-f]{20})(?:_[0-9a-f]+)?$/.exec(text)?.[1];
	if (id === undefined) throw usageError("that is no id of a token", "taco token ls shows the ids");
	return id;
}
