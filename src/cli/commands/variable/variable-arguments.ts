/** What the commands of `taco variable` share. */
import type { VariableCategory, VariableView } from "../../../api/variables.ts";
import { DomainError } from "../../../core/errors.ts";

export { unitArgument, unitOf } from "../unit/unit-arguments.ts";

export const envFlag = {
	type: "boolean",
	description: "A variable of the environment, not of the configuration",
} as const;

export function categoryOf(isEnv: boolean | undefined): VariableCategory {
	return isEnv === true ? "env" : "terraform";
}

/** The variable of this key; undefined when there is none. */
export function named(
	variables: readonly VariableView[],
	key: string,
	category: VariableCategory,
): VariableView | undefined {
	return variables.find((one) => one.key === key && one.category === category);
}

/** The same, demanded. @throws DomainError `not_found`. */
export function demanded(
	variables: readonly VariableView[],
	key: string,
	category: VariableCategory,
): VariableView {
	const found = named(variables, key, category);
	if (found !== undefined) return found;
	const hint = category === "terraform" ? "with --env it is one of the environment; " : "";
	throw new DomainError("not_found", "there is no such variable", {
		hint: `${hint}taco variable ls <unit> lists them`,
	});
}
