import { command } from "../../command.ts";

export default command({
	args: {},
	async run(cli) {
		const list = await (await cli.identityClient()).listUsers({ signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(list);
			return;
		}
		if (list.users.length === 0) {
			await cli.output.note("No local users");
			return;
		}
		await cli.output.table({
			columns: [{ title: "NAME" }, { title: "GROUPS" }, { title: "CREATED" }],
			rows: list.users.map((user) => [user.name, user.groups.join(", "), user.created]),
		});
	},
});
