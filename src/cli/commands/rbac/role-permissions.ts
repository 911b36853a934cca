import { DomainError } from "../../../core/errors.ts";
import { command } from "../../command.ts";

export default command({
	details:
		"The role may stand before the word permissions as well. An action (unit.read or unit:read) stands\nfor a permission that allows it on every unit.",
	examples: [
		"taco rbac roles permissions developers",
		"taco rbac roles developers permissions --add unit:read,unit:write,unit:lock",
	],
	args: {
		role: { type: "positional", required: true, description: "The role's id" },
		add: { type: "string", valueHint: "A,B,C", description: "Permissions or actions to add" },
		remove: { type: "string", valueHint: "A,B,C", description: "Permissions to take out" },
	},
	async run(cli, { role, add, remove }) {
		const { rbac } = await cli.client();
		const call = { signal: cli.signal };
		if (add !== undefined) await rbac.addToRole(role, listOf(add), call);
		for (const permission of remove === undefined ? [] : listOf(remove)) {
			await rbac.removeFromRole(role, permission, call);
		}
		const found = (await rbac.roles(call)).find((one) => one.id === role);
		if (found === undefined) {
			throw new DomainError("not_found", "there is no such role", {
				hint: "taco rbac role list shows them",
			});
		}
		if (cli.output.json) {
			await cli.output.document({ role, permissions: found.permissions });
			return;
		}
		if (found.permissions.length === 0) await cli.output.note("The role has no permissions");
		for (const permission of found.permissions) await cli.output.line(permission);
	},
});

function listOf(text: string): string[] {
	return text
		.split(",")
		.map((one) => one.trim())
		.filter((one) => one !== "");
}
