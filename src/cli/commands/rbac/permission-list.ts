import { command } from "../../command.ts";
import { withoutRoles } from "./without-roles.ts";

export default command({
	args: {},
	async run(cli) {
		const permissions = await (await cli.client()).rbac.permissions({ signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(permissions);
			return;
		}
		if (permissions.length === 0) {
			await cli.output.note(withoutRoles(cli, "permissions"));
			return;
		}
		await cli.output.table({
			columns: [{ title: "ID", keep: true }, { title: "NAME" }, { title: "RULE", keep: true }],
			rows: permissions.flatMap(({ id, name, rules }) =>
				rules.map(({ effect, actions, resources }, index) => [
					index === 0 ? id : "",
					index === 0 ? name : "",
					`${effect}:${actions.join(",")}:${resources.join(",")}`,
				]),
			),
		});
	},
});
