import { command } from "../../command.ts";

export default command({
	args: { all: { type: "boolean", description: "Everybody's tokens, not only yours" } },
	async run(cli, args) {
		const client = await cli.identityClient();
		const list = await client.listTokens({ all: args.all === true }, { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(list);
			return;
		}
		if (list.tokens.length === 0) {
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
			rows: list.tokens.map((token) => [
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
