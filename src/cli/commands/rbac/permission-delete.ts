import { command } from "../../command.ts";

export default command({
	details: "Only a permission that no role has.",
	args: {
		permission: { type: "positional", required: true, description: "The permission's id" },
	},
	async run(cli, { permission }) {
		await (await cli.client()).rbac.deletePermission(permission, { signal: cli.signal });
		await cli.output.result(`Permission deleted: ${permission}`, { id: permission });
	},
});
