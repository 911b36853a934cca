import { command } from "../../command.ts";

export default command({
	details: "Only a role that nobody has; admin, default and reader stay.",
	args: { role: { type: "positional", required: true, description: "The role's id" } },
	async run(cli, { role }) {
		await (await cli.client()).rbac.deleteRole(role, { signal: cli.signal });
		await cli.output.result(`Role deleted: ${role}`, { id: role });
	},
});
