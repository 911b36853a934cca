import { command } from "../../command.ts";

export default command({
	args: { all: { type: "boolean", description: "Everybody's tokens in the organization" } },
	async run(cli, args) {
		const client = await cli.identityClient();
		const tokens = await client.listTokens({ all: args.all === true }, { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document({ tokens });
			return;
		}
		if (tokens.length === 0) {
			await cli.output.note("No tokens");
			return;
		}
		await cli.output.table({
			columns: [
				{ title: "ID", keep: true },
				{ title: "NAME" },
				{ title: "SUBJECT" },
				{ title: "CREATED" },
				{ title: "EXPIRES" },
				{ title: "ORGANIZATION" },
				{ title: "NARROWED TO" },
			],
			rows: tokens.map((token) => [
				token.id,
				token.name,
				token.subject,
				token.created,
				token.expires ?? "never",
				token.organization ?? "all",
				[...(token.roles ?? []), ...(token.units ?? [])].join(", "),
			]),
		});
	},
});
