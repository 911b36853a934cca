import { command } from "../../command.ts";

export default command({
	details: "Those in which you have a role; administrators see all.",
	args: {},
	async run(cli) {
		const client = await cli.client();
		const organizations = await client.organizations.list({ signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document({ organizations, count: organizations.length });
			return;
		}
		await cli.output.table({
			columns: [{ title: "NAME", keep: true }, { title: "CREATED" }],
			rows: organizations.map((one) => [one.name, one.created ?? "the default one"]),
		});
	},
});
