import { command } from "../../command.ts";

export default command({
	args: {
		role: { type: "positional", required: true, description: "The role's id" },
		permission: { type: "positional", required: true, description: "The permission's id" },
	},
	async run(cli, { role, permission }) {
		const client = await cli.client();
		await client.rbac.removeFromRole(role, permission, { signal: cli.signal });
		await cli.output.result(`Permission ${permission} taken from role ${role}`, {
			role,
			permission,
		});
	},
});
