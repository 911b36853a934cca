import { command } from "../../command.ts";
import { withoutRoles } from "./without-roles.ts";

export default command({
	args: {},
	async run(cli) {
		const roles = await (await cli.client()).rbac.roles({ signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(roles);
			return;
		}
		if (roles.length === 0) {
			await cli.output.note(withoutRoles(cli, "roles"));
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
