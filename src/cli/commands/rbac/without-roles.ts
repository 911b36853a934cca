/** What is said where roles are not turned on. */
import type { Cli } from "../../context.ts";

/** `what` is what there would be otherwise. */
export function withoutRoles({ organization }: Cli, what: "roles" | "permissions"): string {
	const where = organization === undefined ? "" : ` --org ${organization}`;
	return `There are no ${what}: run taco rbac init${where} first`;
}
