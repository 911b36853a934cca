import { command } from "../../command.ts";

export default command({
	examples: ["taco rbac role assign-permission developers dev-write"],
	args: {
		role: { type: "positional", required: true, description: "The role's id" },
		permission: {
			type: "positional",
			required: true,
			description: "The permission's id, or an action that it allows everywhere",
		},
	},
	async run(cli, { role, permission }) {
		const client = await cli.client();
		const answer = await client.rbac.addToRole(role, [permission], { signal: cli.signal });
		await cli.output.result(answer.message, { role, permission, ...answer });
	},
});
