import { command } from "../../command.ts";

export default command({
	args: {},
	async run(cli) {
		const roles = await (await cli.client()).rbac.roles({ signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(roles);
			return;
		}
		if (roles.length === 0) {
			await cli.output.note("There are no roles: run taco rbac init first");
			return;
		}
		await cli.output.table({
			columns: [
				{ title: "ID", keep: true },
				{ title: "NAME" },
				{ title: "PERMISSIONS" },
				{ title: "DESCRIPTION" },
			],
			rows: roles.map((role) => [
				role.id,
				role.name,
				role.permissions.join(",") || "-",
				role.description,
			]),
		});
	},
});
